use chassis::{access::Caller, faults::Fault};
use chrono::{DateTime, Utc};

use crate::{Balances, Incentives, store};

/// A member's balances, and of what is available what is lost first.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub balances: Balances,
    pub expiring: Option<(i64, DateTime<Utc>)>,
}

/// The caller's balances, now or at a time that has been.
pub async fn get_points(state: &Incentives, caller: &Caller, as_of: Option<DateTime<Utc>>) -> Result<Held, Fault> {
    let (pool, district, person) = (&state.pool, caller.district_id, caller.person_id);
    match as_of {
        Some(at) if at > state.clock.now() => Err(Fault::field("as_of", "must not lie in the future")),
        Some(at) => {
            let balances = store::ledger::balances_at(pool, district, person, at).await?;
            Ok(Held { balances, expiring: None })
        }
        None => {
            let balances = store::points::balances(pool, district, person);
            let (balances, expiring) = tokio::try_join!(balances, store::lot::next(pool, district, person))?;
            Ok(Held { balances, expiring })
        }
    }
}
