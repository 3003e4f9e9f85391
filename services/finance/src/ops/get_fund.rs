use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{Finance, Fund, Refusal, fund, store};

/// The fund of a compound that the caller lives in, manages or oversees.
pub async fn get_fund(state: &Finance, caller: &Caller, place_id: Uuid) -> Result<Fund, Fault> {
    let found = store::fund::find(&state.pool, caller.district_id, place_id).await?;
    let fund = found.ok_or(Refusal::FundNotFound)?;
    fund::admit(caller, &fund.path)?;
    Ok(fund)
}
