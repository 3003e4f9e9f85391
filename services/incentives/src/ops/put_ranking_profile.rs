use chassis::{access::Caller, faults::Fault};

use crate::{
    Incentives,
    store::{self, member::Profile},
};

/// Keeps what the caller chose about rankings.
pub async fn put_ranking_profile(state: &Incentives, caller: &Caller, chosen: Profile) -> Result<Profile, Fault> {
    store::member::put_profile(&state.pool, caller.district_id, caller.person_id, &chosen).await?;
    Ok(chosen)
}
