use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{Incentives, Redemption, Refusal, State, prize::Kind, store};

/// Takes a prize back that was handed over: its points return. The same again by the same person answers the returned redemption.
pub async fn take_back(
    state: &Incentives,
    caller: &Caller,
    redemption_id: Uuid,
    (restock, reason): (bool, &str),
) -> Result<Redemption, Fault> {
    let asked = super::asked(state, caller);
    let places = &caller.reach.places;
    let taken = store::shelf::take_back(&state.pool, &asked, redemption_id, (restock, reason), places).await?;
    let found = store::redemption::find(&state.pool, caller.district_id, redemption_id).await?;
    let redemption = found.ok_or(Refusal::RedemptionNotFound("redemption_id"))?;
    if taken {
        state.waker.wake();
        return Ok(redemption);
    }
    if !caller.reaches_place(&redemption.pickup_place_path) {
        return Err(Refusal::NotYourPickupPoint { pickup_place: redemption.pickup_place_name }.into());
    }
    if redemption.person_id == caller.person_id {
        return Err(Refusal::OwnRedemption.into());
    }
    if redemption.kind == Kind::Voucher {
        return Err(Refusal::VoucherGiven.into());
    }
    match redemption.state_at(asked.now) {
        State::Returned if store::shelf::took_back(&state.pool, &asked, redemption_id, (restock, reason)).await? => {
            Ok(redemption)
        }
        ended => Err(Refusal::RedemptionEnded(ended).into()),
    }
}
