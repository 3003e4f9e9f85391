use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
};
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    prize::{Kind, Prize},
    store,
};

/// Says how many pieces of a prize were brought to a pick-up point so far; the stock there follows.
pub async fn supply_point(
    state: &Incentives,
    caller: &Caller,
    (prize_id, place_id): (Uuid, Uuid),
    supplied: i64,
) -> Result<Prize, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    super::put_pickup_point::pickup_place(state, caller, place_id).await?;
    match store::pickup_point::supply(pool, &super::asked(state, caller), (prize_id, place_id), supplied).await {
        Ok(()) => {}
        Err(error) if broken_constraint(&error) == Some("stock_not_negative") => {
            let reserved = store::shelf::reserved(pool, district_id, prize_id, place_id).await?;
            return Err(Refusal::StockBelowReserved { reserved }.into());
        }
        Err(error) => return Err(error.into()),
    }
    let prize = store::prize::find(pool, district_id, prize_id).await?.ok_or(Refusal::PrizeNotFound)?;
    if prize.kind == Kind::Voucher {
        return Err(Refusal::VoucherNotCounted.into());
    }
    Ok(prize)
}
