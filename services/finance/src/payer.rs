//! Pays by WeChat what is ready, and follows every transfer to its end. Any number of replicas may run.
//!
//! ```text
//! READY, WECHAT ─▶ [try written, SENT] ─▶ asked for ─▶ [answer written] ─▶ asked about, again and again ─▶ [end, money]
//!                        └── no answer, or none that can be trusted ──▶ asked about ─▶ unknown there: asked for as before
//! ```
//! Money moves in one place, when WeChat answers a question of ours with an end. A number is never given up for another before that.
use std::time::Duration;

use chassis::faults::Fault;
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::{
    Finance,
    store::{
        self,
        transfer::{End, News, Try},
    },
    transfer::{self, Candidate, OPENID, Open, PACKAGE, REQUEST, SETTLED, TransferState, look_again_by},
    wechat::{Bill, Failure, WeChat},
};

/// Transfers of one round, and those asked about at once.
const BATCH: i64 = 50;
const AT_ONCE: usize = 8;
/// Nobody else looks at a transfer for so long: more than WeChat is waited for, twice.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// A transfer that was looked at so often without an answer is worth a person's look.
const STUCK: i32 = 8;
/// What another process claims or hears is seen this late at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
const SHORTEST_SLEEP: Duration = Duration::from_millis(50);

/// Works until stopped.
pub async fn run(state: Finance, wechat: WeChat, stop: CancellationToken) {
    loop {
        let worked = pass(&state, &wechat).await;
        if let Err(fault) = &worked {
            tracing::warn!(%fault, "transfers not followed");
        }
        let merchant = (wechat.mch_id(), wechat.app_id());
        let due = store::transfer::next_due(&state.pool, merchant).await.ok().flatten().filter(|_| worked.is_ok());
        let left = due.and_then(|due| (due - state.clock.now()).to_std().ok().or(Some(SHORTEST_SLEEP)));
        let pause = left.unwrap_or(LONGEST_SLEEP).clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Sends everything that is ready, and looks at everything that is due; answers how many transfers were touched. One that cannot be
/// worked on keeps no other waiting: what went wrong first is answered at the end.
pub async fn pass(state: &Finance, wechat: &WeChat) -> Result<usize, Fault> {
    let full = usize::try_from(BATCH).unwrap_or(usize::MAX);
    let (mut touched, mut wrong, mut last) = (0, None, None);
    loop {
        let ready = store::transfer::candidates(&state.pool, last.as_ref(), BATCH).await?;
        let many = ready.len();
        last = ready.last().cloned();
        let begun = stream::iter(ready).map(|payout| async move { begin(state, wechat, &payout).await });
        let begun: Vec<Result<bool, Fault>> = begun.buffer_unordered(AT_ONCE).collect().await;
        let begun = begun.into_iter().filter_map(|begun| keep(begun, &mut wrong)).filter(|begun| *begun).count();
        touched += begun;
        if many < full {
            break;
        }
    }
    loop {
        let now = state.clock.now();
        let merchant = (wechat.mch_id(), wechat.app_id());
        let due = store::transfer::take_due(&state.pool, merchant, (now, now + LEASE), BATCH).await?;
        let many = due.len();
        touched += many;
        let followed = stream::iter(due).map(|open| async move { follow(state, wechat, &open).await });
        let followed: Vec<Result<(), Fault>> = followed.buffer_unordered(AT_ONCE).collect().await;
        followed.into_iter().filter_map(|followed| keep(followed, &mut wrong)).for_each(drop);
        if many < full {
            return wrong.map_or(Ok(touched), Err);
        }
    }
}

/// What went well; of what did not, the first is kept.
fn keep<T>(outcome: Result<T, Fault>, wrong: &mut Option<Fault>) -> Option<T> {
    match outcome {
        Ok(done) => Some(done),
        Err(fault) => {
            let cause = fault.cause.as_deref().map(ToString::to_string);
            tracing::error!(%fault, cause, "a transfer cannot be worked on");
            wrong.get_or_insert(fault);
            None
        }
    }
}

/// Writes the try down, then asks for the transfer; false where somebody else did, or it is claimed otherwise by now.
async fn begin(state: &Finance, wechat: &WeChat, payout: &Candidate) -> Result<bool, Fault> {
    let openid = state.vault.open(OPENID, &payout.openid_sealed)?;
    let request = wechat.request(payout, &openid);
    let sealed = state.vault.seal(REQUEST, &request);
    let now = state.clock.now();
    let (mch_id, app_id) = (wechat.mch_id(), wechat.app_id());
    let asked = Try { mch_id, app_id, request_sealed: &sealed, now, until: now + LEASE };
    let Some(open) = store::transfer::begin(&state.pool, payout, asked).await? else { return Ok(false) };
    state.waker.wake();
    create(state, wechat, &open, &request).await?;
    Ok(true)
}

/// Asks for a transfer that WeChat does not know yet.
async fn create(state: &Finance, wechat: &WeChat, open: &Open, request: &str) -> Result<(), Fault> {
    if state.clock.now() >= open.next_at {
        // this process slept; by now another looks at the transfer, and may know better
        return Ok(());
    }
    match wechat.transfer(&open.out_bill_no, request).await {
        Ok(bill) => learn(state, wechat, open, &bill).await,
        Err(Failure::Refused(code)) => {
            tracing::warn!(out_bill_no = open.out_bill_no, code, "WeChat refuses a transfer");
            let now = state.clock.now();
            Ok(store::transfer::refuse(&state.pool, open, &code, (now, now + SETTLED)).await?)
        }
        Err(failure) => put_off(state, open, &failure).await,
    }
}

/// Asks about a transfer, and does what follows.
async fn follow(state: &Finance, wechat: &WeChat, open: &Open) -> Result<(), Fault> {
    let request = state.vault.open(REQUEST, &open.request_sealed)?;
    match wechat.find(&open.out_bill_no).await {
        Ok(bill) if open.cancel_asked_by.is_some() && bill.state.can_be_cancelled() => {
            cancel(state, wechat, open, bill).await
        }
        Ok(bill) if bill.state == TransferState::WaitUserConfirm && !open.has_package => {
            // only the answer to the request names the package: the same request is made again
            let again = wechat.transfer(&open.out_bill_no, &request).await;
            learn(state, wechat, open, again.as_ref().unwrap_or(&bill)).await
        }
        Ok(bill) => learn(state, wechat, open, &bill).await,
        Err(Failure::NotFound) if open.state == TransferState::Tried => match open.refused_at {
            // given up before WeChat knew of it, unless the request is still on its way
            None if open.cancel_asked_by.is_some() => {
                let now = state.clock.now();
                Ok(store::transfer::refuse(&state.pool, open, "", (now, now + SETTLED)).await?)
            }
            None => create(state, wechat, open, &request).await,
            Some(at) if state.clock.now() - at >= SETTLED => {
                finish(state, open, TransferState::Refused, ("", "")).await
            }
            Some(at) => Ok(store::transfer::postpone(&state.pool, open, at + SETTLED).await?),
        },
        Err(failure @ Failure::NotFound) => {
            tracing::error!(out_bill_no = open.out_bill_no, "WeChat does not know a transfer that it had taken");
            put_off(state, open, &failure).await
        }
        Err(failure) => put_off(state, open, &failure).await,
    }
}

/// Takes a transfer back that was given up here. Even where WeChat says that it is done, the end is what it answers when it is asked
/// again.
async fn cancel(state: &Finance, wechat: &WeChat, open: &Open, bill: Bill) -> Result<(), Fault> {
    match wechat.cancel(&open.out_bill_no).await {
        Ok(_) => learn(state, wechat, open, &Bill { state: TransferState::Canceling, ..bill }).await,
        Err(failure) => put_off(state, open, &failure).await,
    }
}

async fn put_off(state: &Finance, open: &Open, failure: &Failure) -> Result<(), Fault> {
    metrics::counter!("wechat_transfers_unsure_total").increment(1);
    let tries = open.tries;
    if tries >= STUCK {
        tracing::warn!(out_bill_no = open.out_bill_no, %failure, tries, "a transfer does not get on; look at the merchant's rights and limits");
    } else {
        tracing::info!(out_bill_no = open.out_bill_no, %failure, tries, "a transfer is looked at again later");
    }
    let next_at = look_again_by(state.clock.now(), open.tries, open.confirm_by);
    Ok(store::transfer::postpone(&state.pool, open, next_at).await?)
}

/// Writes down what WeChat says of a transfer.
async fn learn(state: &Finance, wechat: &WeChat, open: &Open, bill: &Bill) -> Result<(), Fault> {
    let differs = bill.amount_fen.is_some_and(|fen| fen != open.amount_fen)
        || bill.mch_id.as_deref().is_some_and(|mch_id| mch_id != wechat.mch_id());
    if differs {
        tracing::error!(
            out_bill_no = open.out_bill_no,
            "WeChat tells of a transfer with another amount or merchant; no money moves"
        );
        return put_off(state, open, &Failure::Later("it differs".to_owned())).await;
    }
    if bill.state.has_ended() {
        return finish(state, open, bill.state, (&bill.transfer_bill_no, &bill.fail_reason)).await;
    }
    let now = state.clock.now();
    let package_sealed = bill.package.as_ref().map(|package| state.vault.seal(PACKAGE, package));
    let created_at = bill.created_at.unwrap_or(now);
    let confirm_by = (bill.state == TransferState::WaitUserConfirm).then(|| created_at + transfer::CONFIRM_WITHIN);
    let again = |tries| look_again_by(now, tries, confirm_by);
    let news = News {
        state: bill.state,
        transfer_bill_no: &bill.transfer_bill_no,
        package_sealed: package_sealed.as_deref(),
        created_at,
        soon: again(0),
        later: again(open.tries),
        now,
    };
    Ok(store::transfer::progress(&state.pool, open, news).await?)
}

/// Ends a transfer, with its payout and its money.
async fn finish(
    state: &Finance,
    open: &Open,
    end: TransferState,
    (transfer_bill_no, fail_reason): (&str, &str),
) -> Result<(), Fault> {
    let ended = End { state: end, transfer_bill_no, fail_reason, now: state.clock.now() };
    if store::transfer::finish(&state.pool, open, ended).await? {
        state.waker.wake();
        metrics::counter!("wechat_transfers_ended_total", "state" => end.code()).increment(1);
        tracing::info!(out_bill_no = open.out_bill_no, state = end.code(), fail_reason, "a transfer has ended");
    }
    Ok(())
}
