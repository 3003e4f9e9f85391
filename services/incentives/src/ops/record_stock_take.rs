use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
};
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    prize::{Kind, StockTake},
    store::{self, pickup_point::Pickup},
};

/// What is counted: under which id, of which prize, and where.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    pub stock_take_id: Uuid,
    pub prize_id: Uuid,
    /// Unset: at the first pick-up point.
    pub place_id: Option<Uuid>,
}

/// Counts a shelf once: the stock follows what was found. The same id and body answer the same count.
pub async fn record_stock_take(
    state: &Incentives,
    caller: &Caller,
    of: Counted,
    (counted, note): (i64, &str),
) -> Result<StockTake, Fault> {
    let (pool, district_id, Counted { stock_take_id, prize_id, .. }) = (&state.pool, caller.district_id, of);
    let pickup = shelf(state, caller, of).await?;
    let asked = super::asked(state, caller);
    let ids = (stock_take_id, prize_id, pickup.place_id);
    match store::shelf::count(pool, &asked, ids, (counted, note)).await {
        Ok(Some(taken)) => return Ok(taken),
        Ok(None) => {}
        Err(error) if broken_constraint(&error) == Some("stock_not_negative") => {
            let reserved = store::shelf::reserved(pool, district_id, prize_id, pickup.place_id).await?;
            return Err(Refusal::StockBelowReserved { reserved }.into());
        }
        Err(error) => return Err(error.into()),
    }
    match store::shelf::stock_take(pool, district_id, stock_take_id).await? {
        Some(known)
            if (known.prize_id, known.counted, known.note.as_str(), known.by_id)
                == (prize_id, counted, note, caller.person_id)
                && known.place_id.is_none_or(|place_id| place_id == pickup.place_id) =>
        {
            Ok(known)
        }
        _ => Err(Fault::id_reused("stock_take_id")),
    }
}

/// The pick-up point that the caller may count at.
async fn shelf(state: &Incentives, caller: &Caller, of: Counted) -> Result<Pickup, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    let elsewhere = || Fault::field("place_id", "must be a pick-up point of the prize");
    let Some(pickup) = store::pickup_point::of_prize(pool, district_id, of.prize_id, of.place_id).await? else {
        store::prize::find(pool, district_id, of.prize_id).await?.ok_or(Refusal::PrizeNotFound)?;
        return Err(elsewhere());
    };
    if !caller.reaches_place(&pickup.path) {
        return Err(Refusal::NotYourPickupPoint { pickup_place: pickup.name }.into());
    }
    match pickup.kind {
        Kind::Voucher => Err(Refusal::VoucherNotCounted.into()),
        Kind::Goods if pickup.shelved => Ok(pickup),
        Kind::Goods => Err(elsewhere()),
    }
}
