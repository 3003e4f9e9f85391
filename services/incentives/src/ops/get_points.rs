use chassis::{access::Caller, faults::Fault};

use crate::{Balances, Incentives, store};

/// The caller's balances.
pub async fn get_points(state: &Incentives, caller: &Caller) -> Result<Balances, Fault> {
    Ok(store::points::balances(&state.pool, caller.district_id, caller.person_id).await?)
}
