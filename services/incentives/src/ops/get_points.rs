use chassis::{access::Caller, faults::Fault};
use chrono::{DateTime, Utc};

use crate::{Balances, Incentives, store};

/// The caller's balances, now or at a time that has been.
pub async fn get_points(state: &Incentives, caller: &Caller, as_of: Option<DateTime<Utc>>) -> Result<Balances, Fault> {
    let (pool, district, person) = (&state.pool, caller.district_id, caller.person_id);
    match as_of {
        Some(at) if at > state.clock.now() => Err(Fault::field("as_of", "must not lie in the future")),
        Some(at) => Ok(store::ledger::balances_at(pool, district, person, at).await?),
        None => Ok(store::points::balances(pool, district, person).await?),
    }
}
