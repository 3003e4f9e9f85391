use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Finance, Refusal,
    payout::{Move, Payout, PayoutState},
    store::{self, payout::Wanted},
};

/// A page of the district's payouts, oldest first.
pub async fn list_payouts(
    state: &Finance,
    caller: &Caller,
    of: Option<PayoutState>,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Payout>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let wanted = Wanted { state: of, beyond: position(page_token)?, ..Wanted::default() };
    let mut payouts = store::payout::list(&state.pool, caller.district_id, &wanted, size + 1).await?;
    let next = paging::cut(&mut payouts, size, |last| (last.ordered_at, last.payout_id));
    Ok((payouts, next))
}

/// A page of the caller's payouts, newest first.
pub async fn list_my_payouts(
    state: &Finance,
    caller: &Caller,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Payout>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let below = position(page_token)?;
    let me = (caller.district_id, caller.person_id);
    let mut payouts = store::payout::list_of(&state.pool, me, below, size + 1).await?;
    let next = paging::cut(&mut payouts, size, |last| (last.ordered_at, last.payout_id));
    Ok((payouts, next))
}

fn position(page_token: &str) -> Result<Option<(DateTime<Utc>, Uuid)>, Fault> {
    let position: Option<(DateTime<Utc>, Uuid)> = paging::after(page_token)?;
    position.map(|(at, id)| Ok((paging::instant(at)?, id))).transpose()
}

/// Moves a payout on; the same again answers it. Nobody decides about their own money.
pub async fn move_payout(state: &Finance, caller: &Caller, payout_id: Uuid, wanted: &Move) -> Result<Payout, Fault> {
    let yours = |media| state.media.minted_for(media, caller.district_id, caller.person_id);
    if !wanted.signature().is_none_or(yours) {
        let detail = "must be a photo that the caller uploaded";
        return Err(Fault::field_reason("MEDIA_NOT_YOURS", "signature_media_id", detail));
    }
    let moved = store::payout::go(&state.pool, &super::actor(state, caller), payout_id, wanted).await?;
    let payout = find(state, caller, payout_id).await?;
    if moved {
        state.waker.wake();
        return Ok(payout);
    }
    if payout.person_id == caller.person_id {
        return Err(Refusal::OwnPayout.into());
    }
    if *wanted == Move::Offered && matches!(payout.state, PayoutState::Waiting | PayoutState::Ready) {
        return Ok(payout);
    }
    let same = payout.state == wanted.states().1
        && payout.by_id == Some(caller.person_id)
        && payout.reason == wanted.reason()
        && payout.signature_media_id == wanted.signature()
        && wanted.batch_id().is_none_or(|batch| payout.batch_id == Some(batch));
    if same { Ok(payout) } else { Err(Refusal::PayoutMoved { state: payout.state }.into()) }
}

/// A payout of the caller's district.
pub(super) async fn find(state: &Finance, caller: &Caller, payout_id: Uuid) -> Result<Payout, Fault> {
    let wanted = Wanted { payout_id: Some(payout_id), ..Wanted::default() };
    let found = store::payout::list(&state.pool, caller.district_id, &wanted, 1).await?.pop();
    Ok(found.ok_or(Refusal::PayoutNotFound)?)
}
