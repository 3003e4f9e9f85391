//! Working time: the hours of a district's calendar, in Asia/Shanghai, which has kept UTC+8 without daylight saving since 1991.
mod shipped;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use serde::{Deserialize, Serialize};

use crate::store::calendar_day::OwnDay;
pub use shipped::{DayKind, days, named_days};

/// Which hours a deadline counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockMode {
    /// Every hour.
    #[serde(rename = "NATURAL")]
    Natural,
    /// The hours of the district's calendar.
    #[serde(rename = "WORKING")]
    Working,
}

impl ClockMode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Natural => "NATURAL",
            Self::Working => "WORKING",
        }
    }

    /// The one of a code.
    pub fn of(code: &str) -> Option<Self> {
        [Self::Natural, Self::Working].into_iter().find(|mode| mode.code() == code)
    }
}

/// The longest stretch that is counted day by day; what lies beyond is counted in natural time.
const MOST_DAYS: u64 = 4000;

/// Holidays, make-up working days and the daily hours.
#[derive(Clone, Debug)]
pub struct Calendar {
    days: HashMap<NaiveDate, DayKind>,
    /// Minutes of the day, from and until, in order.
    spans: Vec<(i64, i64)>,
}

impl Default for Calendar {
    /// The shipped days of the State Council, Monday to Friday, 08:30–11:30 and 13:30–17:00.
    fn default() -> Self {
        Self::new(days().clone(), vec![(8 * 60 + 30, 11 * 60 + 30), (13 * 60 + 30, 17 * 60)])
    }
}

impl Calendar {
    /// A calendar of these days and daily hours; spans that are none are left out.
    pub fn new(days: HashMap<NaiveDate, DayKind>, mut spans: Vec<(i64, i64)>) -> Self {
        spans.retain(|(from, until)| (0..*until).contains(from) && *until <= 24 * 60);
        spans.sort_unstable();
        Self { days, spans }
    }

    /// The shipped calendar with a district's own days.
    pub fn own(own: &[OwnDay]) -> Self {
        let mut calendar = Self::default();
        for day in own {
            match day.kind.as_str() {
                "HOLIDAY" => calendar.days.insert(day.day, DayKind::Holiday),
                "WORKDAY" => calendar.days.insert(day.day, DayKind::Workday),
                _ => calendar.days.remove(&day.day),
            };
        }
        calendar
    }

    /// The same days with other hours.
    pub fn with_hours(&self, spans: &[(i64, i64)]) -> Self {
        Self::new(self.days.clone(), spans.to_vec())
    }

    /// The daily hours, in minutes of the day.
    pub fn hours(&self) -> &[(i64, i64)] {
        &self.spans
    }

    /// Whether people work on a day.
    pub fn is_workday(&self, day: NaiveDate) -> bool {
        match self.days.get(&day) {
            Some(DayKind::Holiday) => false,
            Some(DayKind::Workday) => true,
            None => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }

    /// The instant so many minutes later on a clock. Nothing and less is no time at all.
    pub fn add(&self, from: DateTime<Utc>, minutes: i64, clock: ClockMode) -> DateTime<Utc> {
        let natural = || from.checked_add_signed(TimeDelta::try_minutes(minutes).unwrap_or_default()).unwrap_or(from);
        if minutes <= 0 {
            return from;
        }
        if clock == ClockMode::Natural || self.spans.is_empty() {
            return natural();
        }
        let mut left = TimeDelta::try_minutes(minutes).unwrap_or(TimeDelta::MAX);
        for (begin, end) in self.stretches(from) {
            let begin = begin.max(from);
            let room = end - begin;
            if left <= room {
                return begin + left;
            }
            left -= room;
        }
        natural()
    }

    /// Whole minutes on a clock from one instant to another; none where the second is not later.
    pub fn minutes_between(&self, from: DateTime<Utc>, until: DateTime<Utc>, clock: ClockMode) -> i64 {
        if until <= from {
            return 0;
        }
        if clock == ClockMode::Natural || self.spans.is_empty() {
            return (until - from).num_minutes();
        }
        let within = self.stretches(from).take_while(|(begin, _)| *begin < until);
        let sum = within.fold(TimeDelta::zero(), |sum, (begin, end)| sum + (end.min(until) - begin.max(from)));
        sum.num_minutes()
    }

    /// The working stretches that end after an instant, in order.
    fn stretches(&self, from: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let first = local(from).date();
        let days = (0..MOST_DAYS).filter_map(move |after| first.checked_add_days(Days::new(after)));
        let stretch = |day: NaiveDate, (begin, end): (i64, i64)| (instant(day, begin), instant(day, end));
        let of_day = move |day| self.spans.iter().map(move |span| stretch(day, *span));
        days.filter(|day| self.is_workday(*day)).flat_map(of_day).filter(move |(_, end)| *end > from)
    }
}

const HOURS_EAST: i32 = 8;

fn local(at: DateTime<Utc>) -> NaiveDateTime {
    let east = FixedOffset::east_opt(HOURS_EAST * 3600);
    east.map_or_else(|| at.naive_utc(), |east| at.with_timezone(&east).naive_local())
}

/// Minutes after local midnight as an instant.
fn instant(day: NaiveDate, minutes: i64) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(minutes - i64::from(HOURS_EAST) * 60)
}
