use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
};
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    prize::{Kind, StockTake},
    store,
};

/// Counts a shelf once: the stock follows what was found. The same id and body answer the same count.
pub async fn record_stock_take(
    state: &Incentives,
    caller: &Caller,
    ids: (Uuid, Uuid),
    (counted, note): (i64, &str),
) -> Result<StockTake, Fault> {
    let (pool, district_id, (stock_take_id, prize_id)) = (&state.pool, caller.district_id, ids);
    let pickup = store::shelf::pickup(pool, district_id, prize_id).await?;
    let (pickup_place, path, kind) = pickup.ok_or(Refusal::PrizeNotFound)?;
    if !caller.reaches_place(&path) {
        return Err(Refusal::NotYourPickupPoint { pickup_place }.into());
    }
    if kind == Kind::Voucher {
        return Err(Refusal::VoucherNotCounted.into());
    }
    let asked = super::asked(state, caller);
    match store::shelf::count(pool, &asked, ids, (counted, note)).await {
        Ok(Some(taken)) => return Ok(taken),
        Ok(None) => {}
        Err(error) if broken_constraint(&error) == Some("stock_not_negative") => {
            let reserved = store::shelf::reserved(pool, district_id, prize_id).await?;
            return Err(Refusal::StockBelowReserved { reserved }.into());
        }
        Err(error) => return Err(error.into()),
    }
    match store::shelf::stock_take(pool, district_id, stock_take_id).await? {
        Some(known)
            if (known.prize_id, known.counted, known.note.as_str(), known.by_id)
                == (prize_id, counted, note, caller.person_id) =>
        {
            Ok(known)
        }
        _ => Err(Fault::id_reused("stock_take_id")),
    }
}
