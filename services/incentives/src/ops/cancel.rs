use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{Incentives, Redemption, Refusal, State, prize::Kind, store};

/// Gives stock and points of the caller's reservation back. Repeating it answers the cancelled redemption.
pub async fn cancel(state: &Incentives, caller: &Caller, redemption_id: Uuid) -> Result<Redemption, Fault> {
    let asked = super::asked(state, caller);
    if let Some(redemption) = store::redemption::cancel(&state.pool, &asked, redemption_id).await? {
        state.waker.wake();
        return Ok(redemption);
    }
    let found = store::redemption::find(&state.pool, caller.district_id, redemption_id).await?;
    let redemption = found.ok_or(Refusal::RedemptionNotFound("redemption_id"))?;
    if redemption.person_id != caller.person_id {
        return Err(Refusal::NotYours.into());
    }
    if redemption.kind == Kind::Voucher {
        return Err(Refusal::VoucherGiven.into());
    }
    match redemption.state_at(asked.now) {
        State::Cancelled => Ok(redemption),
        ended => Err(Refusal::RedemptionEnded(ended).into()),
    }
}
