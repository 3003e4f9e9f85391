use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;

use super::MonthSeen;
use crate::{Incentives, Refusal, month::MonthState, store};

/// Takes the approvals of a month back, with a reason; the same again answers the month, and takes none back that came later.
pub async fn return_month(
    state: &Incentives,
    caller: &Caller,
    month: NaiveDate,
    reason: &str,
) -> Result<MonthSeen, Fault> {
    let returned = store::month::give_back(&state.pool, &super::asked(state, caller), month, reason).await?;
    let seen = super::get_month(state, caller, month).await?;
    let by_me = seen.month.returned_by == Some(caller.person_id) && seen.month.reason == reason;
    let same = seen.month.state == MonthState::Closed && by_me;
    if returned || same { Ok(seen) } else { Err(Refusal::MonthMoved.into()) }
}
