use chassis::faults::Fault;

use crate::{
    Finance, Refusal, store,
    wechat::{Headers, NoticeError, Told, Unsigned},
};

/// Takes a notice of WeChat as a hint to ask about the transfer at once.
///
/// It is checked as if it moved money, but it never does: only the answer to a question of ours does. So a notice may come many times,
/// late, replayed or in any order, and whoever could forge one could make us do no more than ask.
pub async fn hear_transfer(state: &Finance, headers: &Headers, body: &[u8]) -> Result<(), Fault> {
    let wechat = state.wechat.as_ref().ok_or(Refusal::WechatNotConfigured)?;
    let told = wechat.hear(headers, body).map_err(refused)?;
    let known = store::transfer::find(&state.pool, &told.out_bill_no).await?;
    let Some(known) = known else {
        tracing::error!(out_bill_no = told.out_bill_no, "a notice about a transfer that nobody asked for");
        return Err(counted("unknown", Refusal::TransferUnknown));
    };
    if (&told.mch_id, told.amount_fen) != (&known.mch_id, known.amount_fen) {
        tracing::error!(out_bill_no = told.out_bill_no, "a notice with another amount or merchant; no money moves");
        return Err(counted("differs", Refusal::TransferDiffers));
    }
    if known.state.has_ended() {
        after_the_end(&told, known.state == told.state);
        return Ok(());
    }
    store::transfer::ask_now(&state.pool, &told.out_bill_no, state.clock.now()).await?;
    metrics::counter!("wechat_notices_total", "outcome" => "heard").increment(1);
    Ok(())
}

/// What is told after the end changes nothing; where it is another end, somebody has to look.
fn after_the_end(told: &Told, same: bool) {
    let outcome = if told.state.has_ended() && !same { "contradicts" } else { "known" };
    metrics::counter!("wechat_notices_total", "outcome" => outcome).increment(1);
    if outcome == "contradicts" {
        tracing::error!(
            out_bill_no = told.out_bill_no,
            told = told.state.code(),
            "a notice of another end than the known one"
        );
    }
}

fn refused(error: NoticeError) -> Fault {
    match error {
        NoticeError::Unsigned(Unsigned::Probe) => {
            // WeChat tries whether we look; nothing is wrong
            tracing::debug!("a notice with a probing signature");
            counted("probe", Refusal::NoticeRefused(error.to_string()))
        }
        NoticeError::Unsigned(_) => {
            tracing::warn!(%error, "a notice is refused");
            counted("unsigned", Refusal::NoticeRefused(error.to_string()))
        }
        NoticeError::Unreadable(_) => {
            tracing::error!(%error, "a signed notice cannot be read");
            counted("unreadable", Refusal::NoticeInvalid(error.to_string()))
        }
    }
}

fn counted(outcome: &'static str, refusal: Refusal) -> Fault {
    metrics::counter!("wechat_notices_total", "outcome" => outcome).increment(1);
    refusal.into()
}
