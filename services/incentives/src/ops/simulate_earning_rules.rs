use std::collections::{BTreeMap, HashMap};

use chassis::{
    access::Caller,
    clock::{business_date, midnight},
    faults::Fault,
};
use chrono::{Months, NaiveDate};
use uuid::Uuid;

use crate::{Incentives, awarding::month_start, rules::EarningRules, store};

/// Reports one simulation looks at; a district of a million people closes about a tenth of that in a month.
const MOST: i64 = 500_000;

/// What rules would have given in a month, beside what was given.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    pub first_day: NaiveDate,
    pub reports: i64,
    pub people: i64,
    pub given: i64,
    pub would_give: i64,
    pub people_more: i64,
    pub people_less: i64,
    /// Category, reports, given and would give; the largest differences first.
    pub categories: Vec<(String, [i64; 3])>,
}

/// Tries rules on the reports that were closed in a month, the last one that has ended where none is named.
pub async fn simulate_earning_rules(
    state: &Incentives,
    caller: &Caller,
    rules: &EarningRules,
    month: Option<NaiveDate>,
) -> Result<Simulation, Fault> {
    let this_month = month_start(state.clock.today());
    let first_day = month.unwrap_or_else(|| this_month - Months::new(1));
    if first_day > this_month {
        return Err(Fault::field("month", "must not lie in the future"));
    }
    let span = (midnight(first_day), midnight(first_day + Months::new(1)));
    let closed = store::ticket::closed(&state.pool, caller.district_id, span, MOST).await?;
    let mut simulation =
        Simulation { first_day, reports: closed.len().try_into().unwrap_or(i64::MAX), ..Default::default() };
    let mut days: HashMap<(Uuid, NaiveDate), i64> = HashMap::new();
    let mut people: HashMap<Uuid, [i64; 2]> = HashMap::new();
    let mut categories: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    for one in closed {
        let day = business_date(one.report.received_at);
        let today = days.entry((one.person_id, day)).or_default();
        let person = people.entry(one.person_id).or_default();
        let (points, _) = rules.earned(&one.rule, &one.report, day);
        let points = rules.within_limits(points, *today, person[1]);
        *today += points;
        person[0] += one.given;
        person[1] += points;
        let category = categories.entry(one.report.category_code).or_default();
        category[0] += 1;
        category[1] += one.given;
        category[2] += points;
    }
    simulation.people = people.len().try_into().unwrap_or(i64::MAX);
    for [given, would_give] in people.into_values() {
        simulation.given += given;
        simulation.would_give += would_give;
        simulation.people_more += i64::from(would_give > given);
        simulation.people_less += i64::from(would_give < given);
    }
    simulation.categories = categories.into_iter().collect();
    simulation.categories.sort_by_key(|(_, [_, given, would_give])| -(would_give - given).abs());
    simulation.categories.truncate(50);
    Ok(simulation)
}
