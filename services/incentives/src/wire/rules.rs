//! Earning rules.
use chassis::{clock, faults::Fault};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use proto::incentives::v1::{self, earning_rules};

use super::text;
use crate::{
    ops::Simulation,
    rules::{Bonus, EarningRules, Line, Multiplier, Report, Signals},
    store::rules::RuleSet,
};

const MOST_POINTS: i64 = 10_000;
/// As many reports as are looked at.
const MOST_SIGNAL: i32 = 200;

/// The rules with the version they were edited from and when they are to hold.
pub fn rules(sent: Option<v1::EarningRules>) -> Result<(i32, EarningRules, Option<DateTime<Utc>>), Fault> {
    let sent = sent.ok_or_else(|| Fault::field("rules", "must be given"))?;
    let count = |field: &str, many: usize, most: usize| {
        if many <= most { Ok(()) } else { Err(Fault::field(field, format!("must be at most {most}"))) }
    };
    count("rules.lines", sent.lines.len(), 200)?;
    count("rules.multipliers", sent.multipliers.len(), 50)?;
    count("rules.bonuses", sent.bonuses.len(), 20)?;
    number("rules.version", sent.version, 0, i32::MAX - 1)?;
    for (field, most) in [("rules.most_a_day", sent.most_a_day), ("rules.most_a_month", sent.most_a_month)] {
        points(field, most, 1_000_000)?;
    }
    let signals = sent.signals.unwrap_or_default();
    let strikes = signals.strikes.unwrap_or(EarningRules::default().signals.strikes);
    let given = [signals.same_place, signals.burst, signals.same_pair, signals.same_photo, strikes];
    for (field, many) in ["same_place", "burst", "same_pair", "same_photo", "strikes"].into_iter().zip(given) {
        number(&format!("rules.signals.{field}"), many, 0, MOST_SIGNAL)?;
    }
    let valid_from = sent
        .valid_from
        .as_ref()
        .map(|at| clock::instant(at).ok_or_else(|| Fault::field("rules.valid_from", "must be an RFC 3339 time")));
    let rules = EarningRules {
        lines: sent.lines.into_iter().map(line).collect::<Result<_, _>>()?,
        multipliers: sent.multipliers.into_iter().map(multiplier).collect::<Result<_, _>>()?,
        bonuses: sent.bonuses.into_iter().map(bonus).collect::<Result<_, _>>()?,
        most_a_day: sent.most_a_day,
        most_a_month: sent.most_a_month,
        expiry_months: number("rules.expiry_months", sent.expiry_months, 1, 120)?,
        signals: Signals {
            same_place: signals.same_place,
            burst: signals.burst,
            same_pair: signals.same_pair,
            same_photo: signals.same_photo,
            strikes,
        },
    };
    Ok((sent.version, rules, valid_from.transpose()?))
}

fn number<N: PartialOrd + std::fmt::Display>(field: &str, number: N, least: N, most: N) -> Result<N, Fault> {
    let good = number >= least && number <= most;
    if good { Ok(number) } else { Err(Fault::field(field, format!("must be from {least} to {most}"))) }
}

fn points(field: &str, points: i64, most: i64) -> Result<i64, Fault> {
    number(field, points, 0, most)
}

fn line(sent: earning_rules::Line) -> Result<Line, Fault> {
    if !matches!(sent.rule.as_str(), "REPORT" | "CO_REPORT") {
        return Err(Fault::field("rules.lines.rule", "must be REPORT or CO_REPORT"));
    }
    let small = |field: &str, value| number(field, value, 0, 4).map(|value| i16::try_from(value).unwrap_or_default());
    Ok(Line {
        category_code: text("rules.lines.category_code", &sent.category_code, 1, 20)?,
        priority: small("rules.lines.priority", sent.priority)?,
        level: small("rules.lines.level", sent.level)?,
        points: points("rules.lines.points", sent.points, MOST_POINTS)?,
        rule: sent.rule,
    })
}

fn multiplier(sent: earning_rules::Multiplier) -> Result<Multiplier, Fault> {
    let (first_day, last_day) =
        (day("rules.multipliers.first_day", &sent.first_day)?, day("rules.multipliers.last_day", &sent.last_day)?);
    if first_day.zip(last_day).is_some_and(|(first, last)| last < first) {
        return Err(Fault::field("rules.multipliers.last_day", "must not lie before first_day"));
    }
    Ok(Multiplier {
        name: text("rules.multipliers.name", &sent.name, 1, 20)?,
        percent: number("rules.multipliers.percent", sent.percent, 10, 1000)?,
        category_prefix: text("rules.multipliers.category_prefix", &sent.category_prefix, 0, 20)?,
        first_day,
        last_day,
    })
}

fn bonus(sent: earning_rules::Bonus) -> Result<Bonus, Fault> {
    Ok(Bonus {
        photos: number("rules.bonuses.photos", sent.photos, 0, 9)?,
        compound: sent.compound,
        points: points("rules.bonuses.points", sent.points, MOST_POINTS)?,
    })
}

fn day(field: &str, sent: &str) -> Result<Option<NaiveDate>, Fault> {
    let read = |sent: &str| NaiveDate::parse_from_str(sent, "%Y-%m-%d").ok();
    if sent.is_empty() {
        return Ok(None);
    }
    read(sent).map(Some).ok_or_else(|| Fault::field(field, "must be a date such as 2026-11-24"))
}

/// The first day of a month that is named "2026-11"; nothing where it is left out.
pub fn month(sent: &str) -> Result<Option<NaiveDate>, Fault> {
    if sent.is_empty() {
        return Ok(None);
    }
    let first = NaiveDate::parse_from_str(&format!("{sent}-01"), "%Y-%m-%d").ok().filter(|_| sent.len() == 7);
    first.map(Some).ok_or_else(|| Fault::field("month", "must be a month such as 2026-11"))
}

/// What an estimate is asked for.
pub fn report(request: &v1::EstimatePointsRequest, now: DateTime<Utc>) -> Result<Report, Fault> {
    let category_code = text("category_code", &request.category_code, 0, 20)?;
    let priority = i16::try_from(number("priority", request.priority, 0, 4)?).unwrap_or_default();
    let photos = number("photos", request.photos, 0, 9)?;
    Ok(Report { category_code, priority, photos, received_at: now, ..Report::default() })
}

pub fn rule_set(set: RuleSet) -> v1::EarningRules {
    let RuleSet { version, rules, valid_from, .. } = set;
    let line = |line: Line| earning_rules::Line {
        rule: line.rule,
        category_code: line.category_code,
        priority: line.priority.into(),
        level: line.level.into(),
        points: line.points,
    };
    let said = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let multiplier = |multiplier: Multiplier| earning_rules::Multiplier {
        name: multiplier.name,
        percent: multiplier.percent,
        category_prefix: multiplier.category_prefix,
        first_day: said(multiplier.first_day),
        last_day: said(multiplier.last_day),
    };
    let bonus =
        |bonus: Bonus| earning_rules::Bonus { photos: bonus.photos, compound: bonus.compound, points: bonus.points };
    let Signals { same_place, burst, same_pair, same_photo, strikes } = rules.signals;
    let strikes = Some(strikes);
    v1::EarningRules {
        version,
        lines: rules.lines.into_iter().map(line).collect(),
        multipliers: rules.multipliers.into_iter().map(multiplier).collect(),
        bonuses: rules.bonuses.into_iter().map(bonus).collect(),
        most_a_day: rules.most_a_day,
        most_a_month: rules.most_a_month,
        expiry_months: rules.expiry_months,
        signals: Some(earning_rules::Signals { same_place, burst, same_pair, same_photo, strikes }),
        valid_from: valid_from.map(clock::timestamp),
    }
}

pub fn simulation(tried: Simulation) -> v1::EarningSimulation {
    let text = format!("{} 月本应发放 {} 分，实际 {} 分", tried.first_day.month(), tried.would_give, tried.given);
    let category = |(category_code, [reports, given, would_give]): (String, [i64; 3])| {
        v1::earning_simulation::Category { category_code, reports, given, would_give }
    };
    v1::EarningSimulation {
        month: tried.first_day.format("%Y-%m").to_string(),
        reports: tried.reports,
        people: tried.people,
        given: tried.given,
        would_give: tried.would_give,
        people_more: tried.people_more,
        people_less: tried.people_less,
        categories: tried.categories.into_iter().map(category).collect(),
        text,
    }
}
