use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{Balances, Incentives, points::earns, store};

/// What a report will bring, and what is missing for the next prize.
#[derive(Clone, Debug)]
pub struct Estimate {
    pub report: i64,
    pub co_report: i64,
    /// The next prize: id, name and price.
    pub next_prize: Option<(Uuid, String, i64)>,
    /// For that prize, beyond what is available.
    pub missing: i64,
}

/// What a report of a category brings the caller once it is closed; nothing for staff, who are paid.
pub async fn estimate_points(state: &Incentives, caller: &Caller, category_code: &str) -> Result<Estimate, Fault> {
    if category_code.len() > 20 || category_code.contains('\0') {
        return Err(Fault::field("category_code", "must be at most 20 letters and digits"));
    }
    let (pool, district) = (&state.pool, caller.district_id);
    let (mut report, mut co_report) = (0, 0);
    if earns(caller.role) {
        report = store::ledger::points_of(pool, district, "REPORT", category_code).await?;
        co_report = store::ledger::points_of(pool, district, "CO_REPORT", category_code).await?;
    }
    let Balances { available, .. } = store::points::balances(pool, district, caller.person_id).await?;
    let next_prize = store::ledger::next_prize(pool, district, available).await?;
    let missing = next_prize.as_ref().map_or(0, |(.., price)| price - available);
    Ok(Estimate { report, co_report, next_prize, missing })
}
