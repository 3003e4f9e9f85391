use std::time::Duration;

use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
    limits,
};
use chrono::{DateTime, Utc};

use crate::{
    Incentives, Redemption, Refusal, State,
    redemption::{CODE, HandOver, REPEATABLE},
    store::{self, redemption::Asked},
};

/// A permit to enter a code comes back every so often; a queue at the counter uses up to so many at once.
const EVERY: Duration = Duration::from_secs(10);
const AT_ONCE: u32 = 30;

/// Ends what was reserved under this code as handed over. Nobody hands over to themself. Repeating it by the same person
/// answers the same redemption.
pub async fn hand_over(state: &Incentives, caller: &Caller, told: &HandOver) -> Result<Redemption, Fault> {
    limit(state, caller).await?;
    tell(state, caller, told).await
}

/// The same for who has asked for a permit already.
pub async fn tell(state: &Incentives, caller: &Caller, told: &HandOver) -> Result<Redemption, Fault> {
    let asked = super::asked(state, caller);
    let blinds = state.vault.blinds(CODE, &told.code);
    let happened = match told.happened(asked.now) {
        Ok(happened) => happened,
        Err(wrong) => {
            let before = told_before(state, caller, &blinds, told.at).await?;
            return before.ok_or_else(|| Fault::field("handed_over_at", wrong));
        }
    };
    let places = &caller.reach.places;
    let missing = match store::redemption::hand_over(&state.pool, &asked, &blinds, happened, places).await {
        Ok(Some(redemption)) => {
            state.waker.wake();
            return Ok(redemption);
        }
        Ok(None) => None,
        Err(error) => match broken_constraint(&error) {
            Some(missing @ ("stock_not_negative" | "balance_not_negative")) => Some(missing == "stock_not_negative"),
            _ => return Err(error.into()),
        },
    };
    let times = (happened, asked.now - REPEATABLE);
    let found = store::redemption::find_by_code(&state.pool, caller.district_id, &blinds, times).await?;
    let redemption = found.ok_or(Refusal::RedemptionNotFound("code"))?;
    match missing {
        Some(pieces) => Err(late(state, caller, &redemption, pieces).await?),
        None => known(caller, &asked, redemption, happened),
    }
}

/// Why nothing was handed over; or the redemption, where the caller did so before.
fn known(caller: &Caller, asked: &Asked, redemption: Redemption, happened: DateTime<Utc>) -> Result<Redemption, Fault> {
    if !caller.reaches_place(&redemption.pickup_place_path) {
        return Err(Refusal::NotYourPickupPoint { pickup_place: redemption.pickup_place_name }.into());
    }
    if redemption.person_id == caller.person_id {
        return Err(Refusal::OwnRedemption.into());
    }
    match redemption.state_at(happened) {
        State::HandedOver if redemption.handed_over_by == Some(caller.person_id) => Ok(redemption),
        State::Reserved if happened < asked.now && happened < redemption.created_at => {
            Err(Fault::field("handed_over_at", "lies before the code was given out"))
        }
        // reserved only now, between the two statements: entering the code again finds it
        State::Reserved => Err(Fault::unavailable("the reservation was made this moment")),
        ended => Err(Refusal::RedemptionEnded(ended).into()),
    }
}

/// What the caller told in time and tells again when it is too late: a device may wait days for its answer.
async fn told_before(
    state: &Incentives,
    caller: &Caller,
    blinds: &[Vec<u8>],
    at: Option<DateTime<Utc>>,
) -> Result<Option<Redemption>, Fault> {
    let Some(at) = at.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros())) else { return Ok(None) };
    let found = store::redemption::find_by_code(&state.pool, caller.district_id, blinds, (at, at)).await?;
    Ok(found.filter(|redemption| {
        redemption.state == State::HandedOver
            && redemption.handed_over_by == Some(caller.person_id)
            && redemption.handed_over_at == Some(at.max(redemption.created_at))
    }))
}

/// What was missing, pieces or points, to take again what went back when the hold ran out.
async fn late(state: &Incentives, caller: &Caller, redemption: &Redemption, pieces: bool) -> Result<Fault, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    if pieces {
        let stock = store::prize::stock(pool, district_id, redemption.prize_id, redemption.pickup_place_id).await?;
        return Ok(Refusal::LateStockMissing { stock: stock.unwrap_or_default() }.into());
    }
    let available = store::points::balances(pool, district_id, redemption.person_id).await?.available;
    Ok(Refusal::LatePointsMissing { missing: (redemption.points - available).max(1) }.into())
}

/// Keeps anybody from trying codes. A limit that cannot be asked for stops nobody from working.
pub async fn limit(state: &Incentives, caller: &Caller) -> Result<(), Fault> {
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
