use std::time::Duration;

use chassis::{access::Caller, faults::Fault, limits};

use crate::{
    Incentives, Redemption, Refusal, State,
    redemption::{CODE, REPEATABLE},
    store,
};

/// A permit to enter a code comes back every so often; a queue at the counter uses up to so many at once.
const EVERY: Duration = Duration::from_secs(10);
const AT_ONCE: u32 = 30;

/// Ends the reservation with this code as handed over. Nobody hands over to themself. Repeating it by the same
/// person answers the same redemption.
pub async fn hand_over(state: &Incentives, caller: &Caller, code: &str) -> Result<Redemption, Fault> {
    limit(state, caller).await?;
    let asked = super::asked(state, caller);
    let blinds = state.vault.blinds(CODE, code);
    if let Some(redemption) = store::redemption::hand_over(&state.pool, &asked, &blinds, &caller.reach.places).await? {
        state.waker.wake();
        return Ok(redemption);
    }
    let since = asked.now - REPEATABLE;
    let found = store::redemption::find_by_code(&state.pool, caller.district_id, &blinds, since).await?;
    let redemption = found.ok_or(Refusal::RedemptionNotFound("code"))?;
    if !caller.reaches_place(&redemption.pickup_place_path) {
        return Err(Refusal::NotYourPickupPoint { pickup_place: redemption.pickup_place_name }.into());
    }
    if redemption.person_id == caller.person_id {
        return Err(Refusal::OwnRedemption.into());
    }
    match redemption.state_at(asked.now) {
        State::HandedOver if redemption.handed_over_by == Some(caller.person_id) => Ok(redemption),
        // reserved only now, between the two statements: entering the code again finds it
        State::Reserved => Err(Fault::unavailable("the reservation was made this moment")),
        ended => Err(Refusal::RedemptionEnded(ended).into()),
    }
}

/// Keeps anybody from trying codes. A limit that cannot be asked for stops nobody from working.
async fn limit(state: &Incentives, caller: &Caller) -> Result<(), Fault> {
    let key = format!("hand_over:{}", caller.person_id);
    match limits::take(&state.cache, &key, EVERY, AT_ONCE).await {
        Ok(Some(wait)) => Err(Refusal::CodeTooOften { wait }.into()),
        Ok(None) => Ok(()),
        Err(fault) => {
            tracing::warn!(%fault, "codes are entered without a limit");
            Ok(())
        }
    }
}
