//! Awards as tickets change: what the district's rules give, within its limits, with what looks strange put before a person.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chassis::{
    clock::{business_date, midnight},
    faults::Fault,
};
use chrono::{Datelike, Months, NaiveDate};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    points::{Change, Effect},
    rules::{EarningRules, Signals},
    store::{
        self,
        award::{Grant, Refusal},
        rules::RuleSet,
        signal::{LOOKED_AT, Reported, Signal},
    },
};

/// Grants the awards of changes, each of another ticket.
pub async fn grant(connection: &mut PgConnection, changes: &[Change]) -> Result<(), Fault> {
    let Some(earliest) = changes.iter().map(|change| change.at).min() else { return Ok(()) };
    let districts: Vec<Uuid> =
        changes.iter().map(|change| change.district_id).collect::<BTreeSet<_>>().into_iter().collect();
    let sets = store::rules::holding(&mut *connection, &districts, earliest).await?;
    let own = RuleSet::default();
    let set = |change: &Change| {
        let valid = |set: &&RuleSet| set.valid_from.is_none_or(|from| from <= change.at);
        sets.get(&change.district_id).and_then(|sets| sets.iter().find(valid)).unwrap_or(&own)
    };
    let mut given = Given::read(connection, changes, |change| &set(change).rules).await?;
    let counts = store::signal::reported(connection, changes).await?;
    let standing = store::award::standing(connection, changes).await?;
    let (mut grants, mut refusals, mut signals) = (Vec::new(), Vec::new(), Vec::new());
    for (change, counts) in changes.iter().zip(counts) {
        let RuleSet { version, rules, .. } = set(change);
        let rule = change.effect.rule();
        if standing.contains(&(change.district_id, change.ticket_id, rule.to_owned())) {
            // taken up again: it has its award, and uses up no limit a second time
            continue;
        }
        let (points, mut explained) = rules.earned(rule, &change.report, business_date(change.at));
        let within = given.take(change, rules, points);
        if within < points {
            explained = format!("{explained}（已达上限，原为 {points} 分）");
        }
        if within <= 0 {
            refusals.push(Refusal { change, reason: if points > 0 { "LIMIT" } else { "RULES" } });
            continue;
        }
        let strange = strange(&rules.signals, counts);
        grants.push(Grant {
            change,
            points: within,
            explained,
            rule_version: *version,
            expiry_months: rules.expiry_months,
            doubted: !strange.is_empty(),
        });
        signals.extend(strange.into_iter().map(|(signal, evidence)| Signal { change, rule, signal, evidence }));
    }
    if !grants.is_empty() {
        store::award::grant(connection, &grants).await?;
    }
    if !refusals.is_empty() {
        store::award::refuse(connection, &refusals).await?;
    }
    if !signals.is_empty() {
        store::signal::keep(connection, &signals).await?;
    }
    Ok(())
}

/// Ends awards; those of a reporter whose reports are always checked by the same person are put before somebody first.
pub async fn end(connection: &mut PgConnection, changes: &[Change]) -> Result<(), Fault> {
    let closed: Vec<Change> = changes.iter().filter(|change| change.effect == Effect::Activate).cloned().collect();
    if let Some(earliest) = closed.iter().map(|change| change.at).min() {
        let districts: Vec<Uuid> = closed.iter().map(|change| change.district_id).collect();
        let sets = store::rules::holding(&mut *connection, &districts, earliest).await?;
        let own = Signals { ..EarningRules::default().signals };
        let mut signals = Vec::new();
        for (change, counts) in closed.iter().zip(store::signal::checked(connection, &closed).await?) {
            let least = sets.get(&change.district_id).and_then(|sets| sets.last()).map_or(own, |set| set.rules.signals);
            let least = i64::from(least.same_pair);
            if least > 0 && counts.closed >= least && counts.same_pair * 10 >= counts.closed * 9 {
                let evidence =
                    format!("30 天内办结 {}，其中 {}由同一人核查", many(counts.closed), many(counts.same_pair));
                signals.push(Signal { change, rule: "REPORT", signal: "SAME_PAIR", evidence });
            }
        }
        if !signals.is_empty() {
            store::signal::keep(connection, &signals).await?;
            store::signal::doubt(connection, &signals).await?;
        }
    }
    Ok(store::award::end(connection, changes).await?)
}

/// What looks strange about a report when it is taken up.
fn strange(least: &Signals, counts: Reported) -> Vec<(&'static str, String)> {
    let mut strange = Vec::new();
    if least.same_place > 0 && counts.same_place >= i64::from(least.same_place) {
        strange.push(("SAME_PLACE", format!("7 天内在同一地点上报同类问题 {}", many(counts.same_place))));
    }
    if least.burst > 0 && counts.burst >= i64::from(least.burst) {
        strange.push(("BURST", format!("10 分钟内上报 {}", many(counts.burst))));
    }
    if least.same_photo > 0 && counts.same_photo >= i64::from(least.same_photo) {
        strange.push(("SAME_PHOTO", format!("同一张照片用于 {}上报", many(counts.same_photo))));
    }
    if least.strikes > 0 && counts.strikes >= i64::from(least.strikes) {
        strange.push(("STRIKES", format!("12 个月内经确认的恶意上报 {}", many(counts.strikes))));
    }
    strange
}

/// So many reports, as far as they were looked at.
fn many(reports: i64) -> String {
    if reports < LOOKED_AT { format!("{reports} 件") } else { format!("{LOOKED_AT} 件以上") }
}

/// What people were awarded on each day of the months in question; only asked for where a limit is set.
#[derive(Default)]
struct Given(HashMap<(Uuid, Uuid), BTreeMap<NaiveDate, i64>>);

impl Given {
    async fn read<'c>(
        connection: &mut PgConnection,
        changes: &'c [Change],
        rules: impl Fn(&'c Change) -> &'c EarningRules,
    ) -> Result<Self, Fault> {
        let limited = |change: &&'c Change| {
            let rules = rules(change);
            rules.most_a_day > 0 || rules.most_a_month > 0
        };
        let limited: Vec<&Change> = changes.iter().filter(limited).collect();
        let Some(first) = limited.iter().map(|change| business_date(change.at)).min() else {
            return Ok(Self::default());
        };
        let people: BTreeSet<_> = limited.iter().map(|change| (change.district_id, change.reporter_id)).collect();
        let people: Vec<_> = people.into_iter().collect();
        let mut given = Self::default();
        for (district, person, day, points) in
            store::award::awarded(connection, &people, midnight(month_start(first))).await?
        {
            given.0.entry((district, person)).or_default().insert(day, points);
        }
        Ok(given)
    }

    /// What is left of points within the limits of the change's day and month; it counts from now on.
    fn take(&mut self, change: &Change, rules: &EarningRules, points: i64) -> i64 {
        let day = business_date(change.at);
        let days = self.0.entry((change.district_id, change.reporter_id)).or_default();
        let today = days.get(&day).copied().unwrap_or_default();
        let this_month =
            days.range(month_start(day)..month_start(day) + Months::new(1)).map(|(_, points)| points).sum();
        let within = rules.within_limits(points, today, this_month);
        *days.entry(day).or_default() += within;
        within
    }
}

/// The first day of a month.
pub fn month_start(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}
