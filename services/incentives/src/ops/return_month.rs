use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;

use super::MonthSeen;
use crate::{Incentives, Refusal, month::MonthState, store};

/// Takes the approvals of a version of a month back, with a reason; the same again answers the month as it stands.
pub async fn return_month(
    state: &Incentives,
    caller: &Caller,
    month: NaiveDate,
    (version, reason): (Option<i32>, &str),
) -> Result<MonthSeen, Fault> {
    let turn = (version, reason);
    let returned = store::month::give_back(&state.pool, &super::asked(state, caller), month, turn).await?;
    let seen = super::get_month(state, caller, month).await?;
    let by_me = seen.month.returned_by == Some(caller.person_id) && seen.month.reason == reason;
    let same = by_me
        && match version {
            Some(version) => seen.month.returned_version == Some(version),
            None => seen.month.state == MonthState::Closed,
        };
    if returned || same { Ok(seen) } else { Err(Refusal::MonthMoved.into()) }
}
