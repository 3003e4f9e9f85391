use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;

use super::MonthSeen;
use crate::{Incentives, Refusal, month::MonthState, store};

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
    let me = Some(caller.person_id);
    match seen.month.state {
        // this person's approval was the last thing that happened, or all is done and they were one of the two
        MonthState::Approved | MonthState::Published if seen.month.second_by == me => Ok(seen),
        MonthState::ApprovedOnce if seen.month.first_by == me => Err(Refusal::SecondPersonRequired.into()),
        _ => Err(Refusal::MonthMoved.into()),
    }
}
