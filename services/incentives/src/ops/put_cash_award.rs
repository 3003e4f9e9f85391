use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;

use super::MonthSeen;
use crate::{Incentives, Refusal, store};

/// Sets what a rank brings while nobody has approved the list; nobody does it for themself.
pub async fn put_cash_award(
    state: &Incentives,
    caller: &Caller,
    month: NaiveDate,
    (rank, gross_fen): (i32, i64),
    reason: &str,
) -> Result<MonthSeen, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    let seen = super::get_month(state, caller, month).await?;
    let person = store::month::ranked(pool, district_id, month, rank).await?.ok_or(Refusal::RankNotFound)?;
    if person == caller.person_id {
        return Err(Refusal::OwnPoints.into());
    }
    let asked = super::asked(state, caller);
    if store::month::put_award(pool, &asked, month, (rank, gross_fen), reason).await? {
        return super::get_month(state, caller, month).await;
    }
    let known =
        |award: &&crate::month::CashAward| award.rank == rank && award.gross_fen == gross_fen && award.reason == reason;
    if seen.awards.iter().any(|award| known(&award)) { Ok(seen) } else { Err(Refusal::MonthMoved.into()) }
}
