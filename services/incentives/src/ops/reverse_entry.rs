use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
};

use crate::{Entry, Incentives, Refusal, points::Correction, store};

/// Undoes a transfer by its opposite, once; doing it again answers what undid it.
pub async fn reverse_entry(state: &Incentives, caller: &Caller, wanted: &Correction) -> Result<Entry, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    let found = store::correction::of(pool, district_id, wanted.transfer_id).await?;
    let (kind, person_id, amount) = found.ok_or(Refusal::EntryNotFound)?;
    if person_id == caller.person_id {
        return Err(Refusal::OwnPoints.into());
    }
    if !matches!(kind.as_str(), "ACTIVATE" | "GRANT" | "EXPIRE") {
        return Err(Refusal::EntryNotReversible { kind }.into());
    }
    let months = super::get_earning_rules(state, caller, 0).await?.rules.expiry_months;
    match store::correction::reverse(pool, &super::asked(state, caller), wanted, months).await {
        Ok(()) => state.waker.wake(),
        Err(error) => match broken_constraint(&error) {
            Some("transfer_once" | "transfer_reversed_once") => {}
            // it may have been undone before, and the points be spent since
            Some("balance_not_negative") => {
                if let Some(entry) = store::points::reversal(pool, district_id, wanted.transfer_id).await? {
                    return Ok(entry);
                }
                let available = store::points::balances(pool, district_id, person_id).await?.available;
                let missing = (amount - available).max(1);
                return Err(Refusal::PointsInsufficient { available, missing }.into());
            }
            _ => return Err(error.into()),
        },
    }
    let entry = store::points::reversal(pool, district_id, wanted.transfer_id).await?;
    entry.ok_or_else(|| Fault::unavailable("the opposite entry is not there yet"))
}
