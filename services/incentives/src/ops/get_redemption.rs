use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{Incentives, Redemption, Refusal, store};

/// One of the caller's redemptions.
pub async fn get_redemption(state: &Incentives, caller: &Caller, redemption_id: Uuid) -> Result<Redemption, Fault> {
    let found = store::redemption::find(&state.pool, caller.district_id, redemption_id).await?;
    let redemption = found.ok_or(Refusal::RedemptionNotFound("redemption_id"))?;
    if redemption.person_id == caller.person_id { Ok(redemption) } else { Err(Refusal::NotYours.into()) }
}
