use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
};

use crate::{
    Incentives, Redemption, Refusal,
    prize::Kind,
    redemption::{CODE, Wanted, new_code},
    store::{self, redemption::SealedCode},
};

const DRAWS: usize = 8;

/// Reserves stock and points at once, both or neither; of a voucher it spends the points and gives a code. The same id and body answer the same redemption.
pub async fn redeem(state: &Incentives, caller: &Caller, wanted: Wanted) -> Result<Redemption, Fault> {
    let asked = super::asked(state, caller);
    for _ in 0..DRAWS {
        let code = new_code();
        let code = SealedCode { sealed: state.vault.seal(CODE, &code), blind: state.vault.blind(CODE, &code) };
        match store::redemption::reserve(&state.pool, &asked, wanted, &code).await {
            Ok(Some(redemption)) => {
                state.waker.wake();
                return Ok(redemption);
            }
            Ok(None) => return known(state, caller, wanted).await,
            // somebody's open reservation has these digits: draw again
            Err(error) if broken_constraint(&error) == Some("redemption_code_unique") => {}
            Err(error) => return Err(why(state, caller, wanted, error).await?),
        }
    }
    Err(Fault::unavailable("no free pick-up code was drawn"))
}

/// The redemption that has this id, if it is the same request.
async fn known(state: &Incentives, caller: &Caller, wanted: Wanted) -> Result<Redemption, Fault> {
    let found = store::redemption::find(&state.pool, caller.district_id, wanted.redemption_id).await?;
    let Some(redemption) = found else { return Err(nowhere(state, caller, wanted).await?) };
    let same = (redemption.person_id, redemption.prize_id, redemption.quantity)
        == (caller.person_id, wanted.prize_id, wanted.quantity);
    // a voucher is picked up nowhere
    let anywhere = redemption.kind == Kind::Voucher;
    if same && wanted.pickup_place_id.is_none_or(|place| anywhere || place == redemption.pickup_place_id) {
        Ok(redemption)
    } else {
        Err(Refusal::IdReused.into())
    }
}

/// Why nothing was reserved: there is no such prize, or it is not clear where.
async fn nowhere(state: &Incentives, caller: &Caller, wanted: Wanted) -> Result<Fault, Fault> {
    let prize = store::prize::find(&state.pool, caller.district_id, wanted.prize_id).await?;
    let Some(prize) = prize.filter(|prize| prize.active && prize.kind == Kind::Goods) else {
        return Ok(Refusal::PrizeNotFound.into());
    };
    let places: Vec<_> = prize.pickup_points.iter().map(|shelf| shelf.point.place_id.to_string()).collect();
    Ok(Fault::field("pickup_place_id", format!("must be one of the prize's pick-up points: {}", places.join(", "))))
}

/// What was missing, where that is why the statement failed.
async fn why(state: &Incentives, caller: &Caller, wanted: Wanted, error: sqlx::Error) -> Result<Fault, Fault> {
    let missing = broken_constraint(&error);
    if missing == Some("voucher_quantity") {
        return Ok(Fault::field("quantity", "must be 1: a voucher is one code"));
    }
    if !matches!(missing, Some("stock_not_negative" | "balance_not_negative" | "prize_limit")) {
        return Ok(error.into());
    }
    let district_id = caller.district_id;
    let prize = store::prize::stock_and_points(&state.pool, district_id, wanted, state.clock.today()).await?;
    let (stock, points, limit) = prize.ok_or(Refusal::PrizeNotFound)?;
    if missing == Some("prize_limit") {
        return Ok(Refusal::PrizeLimit { limit }.into());
    }
    if missing == Some("stock_not_negative") {
        return Ok(Refusal::OutOfStock { stock }.into());
    }
    let available = store::points::balances(&state.pool, district_id, caller.person_id).await?.available;
    let missing = (points * wanted.quantity - available).max(1);
    Ok(Refusal::PointsInsufficient { available, missing }.into())
}
