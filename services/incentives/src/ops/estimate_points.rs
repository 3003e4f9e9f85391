use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{Balances, Incentives, points::earns, rules::Report, store};

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

/// What such a report brings the caller once it is closed; nothing for staff, who are paid.
pub async fn estimate_points(state: &Incentives, caller: &Caller, report: Report) -> Result<Estimate, Fault> {
    let (pool, district) = (&state.pool, caller.district_id);
    let (mut as_reporter, mut as_sharer) = (0, 0);
    if earns(caller.role) {
        let rules = super::get_earning_rules(state, caller, 0).await?.rules;
        let earned = |rule| rules.earned(rule, &report, state.clock.today()).0;
        (as_reporter, as_sharer) = (earned("REPORT"), earned("CO_REPORT"));
    }
    let Balances { available, .. } = store::points::balances(pool, district, caller.person_id).await?;
    let next_prize = store::ledger::next_prize(pool, district, available).await?;
    let missing = next_prize.as_ref().map_or(0, |(.., price)| price - available);
    Ok(Estimate { report: as_reporter, co_report: as_sharer, next_prize, missing })
}
