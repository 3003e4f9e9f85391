use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use super::payouts::find;
use crate::{Finance, Refusal, payout::Payout, store};

/// Has the WeChat transfer of a payout taken back. Nothing moves here: the payer asks WeChat, and follows what it says.
pub async fn cancel_transfer(state: &Finance, caller: &Caller, payout_id: Uuid, reason: &str) -> Result<Payout, Fault> {
    let by = super::actor(state, caller);
    let asked = store::transfer::ask_cancel(&state.pool, &by, payout_id, reason).await?;
    let payout = find(state, caller, payout_id).await?;
    if asked {
        return Ok(payout);
    }
    if payout.person_id == caller.person_id {
        return Err(Refusal::OwnPayout.into());
    }
    Err(Refusal::PayoutMoved { state: payout.state }.into())
}
