use chassis::{access::Caller, clock::midnight, faults::Fault};
use chrono::{Months, NaiveDate, TimeDelta};

use crate::{
    Incentives,
    awarding::month_start,
    ranking::{self, Board},
    store::{self, statement::Line},
};

/// A member's month.
#[derive(Clone, Debug)]
pub struct Statement {
    pub first_day: NaiveDate,
    pub opening: i64,
    pub closing: i64,
    pub lines: Vec<Line>,
    pub rank: Option<i64>,
}

/// What the caller had before and after a month, and what came and went in it.
pub async fn get_statement(state: &Incentives, caller: &Caller, month: Option<NaiveDate>) -> Result<Statement, Fault> {
    let this_month = month_start(state.clock.today());
    let first_day = month.unwrap_or(this_month);
    if first_day > this_month || first_day < NaiveDate::default() {
        return Err(Fault::field("month", "must not lie in the future, nor before 1970"));
    }
    let (pool, district_id, person_id) = (&state.pool, caller.district_id, caller.person_id);
    let (from, to) = (midnight(first_day), midnight(first_day + Months::new(1)));
    let instant = TimeDelta::microseconds(1);
    let before = store::ledger::balances_at(pool, district_id, person_id, from - instant).await?;
    let after = store::ledger::balances_at(pool, district_id, person_id, to - instant).await?;
    let lines = store::statement::lines(pool, (district_id, person_id), (from, to)).await?;
    let board = Board::month(district_id, first_day, "");
    let ranked = match ranking::page(state, &board, (1, 1), person_id).await.ok().flatten() {
        Some(page) => page,
        None => ranking::recount(state, &board, 1, 1, person_id).await?,
    };
    let rank = ranked.around.iter().find(|place| place.person_id == person_id).map(|place| place.rank);
    Ok(Statement { first_day, opening: before.available, closing: after.available, lines, rank })
}
