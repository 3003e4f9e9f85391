use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;

use super::MonthSeen;
use crate::{Incentives, Refusal, month::MonthState, store};

/// Takes the approvals of a month back, with a reason; the same again answers the month.
pub async fn return_month(
    state: &Incentives,
    caller: &Caller,
    month: NaiveDate,
    reason: &str,
) -> Result<MonthSeen, Fault> {
    let returned = store::month::give_back(&state.pool, &super::asked(state, caller), month, reason).await?;
    let seen = super::get_month(state, caller, month).await?;
    let same = seen.month.state == MonthState::Closed && seen.month.reason == reason;
    if returned || same { Ok(seen) } else { Err(Refusal::MonthMoved.into()) }
}
