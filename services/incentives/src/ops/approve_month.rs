use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;

use super::MonthSeen;
use crate::{Incentives, Refusal, store};

/// Approves the list of a month, first or second; the same again answers the month. Two people do it, and nobody whom it pays.
pub async fn approve_month(state: &Incentives, caller: &Caller, month: NaiveDate) -> Result<MonthSeen, Fault> {
    let approved = store::month::approve(&state.pool, &super::asked(state, caller), month).await?;
    let seen = super::get_month(state, caller, month).await?;
    if approved {
        return Ok(seen);
    }
    if seen.awards.iter().any(|award| award.person_id == caller.person_id && award.gross_fen > 0) {
        return Err(Refusal::OwnPoints.into());
    }
    // their approval is one of those it has
    let approved = [seen.month.first_by, seen.month.second_by].contains(&Some(caller.person_id));
    if approved { Ok(seen) } else { Err(Refusal::MonthMoved.into()) }
}
