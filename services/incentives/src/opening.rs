//! When a pick-up point is open: intervals of each weekday, and days that are otherwise.
use chassis::clock;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The most intervals of a day.
const SPANS: usize = 4;
/// The most days that are otherwise.
const DAYS: usize = 60;
/// How far ahead the next opening is looked for.
const AHEAD: i64 = 62;
const DAY: u16 = 24 * 60;
const NAMES: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];

/// From one minute of the local day until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub from: u16,
    pub to: u16,
}

/// An interval of every such weekday, 1 is Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Weekly {
    pub weekday: u8,
    #[serde(flatten)]
    pub span: Span,
}

/// A day that is not like its weekday; without intervals it is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    pub date: NaiveDate,
    pub spans: Vec<Span>,
    pub note: String,
}

/// When a pick-up point is open; empty: nobody said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Opening {
    pub week: Vec<Weekly>,
    pub days: Vec<Day>,
}

/// Whether it is open, and when that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    Unknown,
    Open {
        until: DateTime<Utc>,
    },
    /// Unset: not within the next two months.
    Closed {
        opens: Option<DateTime<Utc>>,
    },
}

impl Opening {
    /// In order, or the field that is wrong and what it must be.
    pub fn checked(mut self) -> Result<Self, (&'static str, &'static str)> {
        const WEEK: &str = "must be at most 4 intervals a day that do not touch, from before to, weekday 1 to 7";
        const DAY: &str =
            "must be at most 60 dates, each once, with at most 4 intervals that do not touch, from before to";
        self.week.sort_unstable();
        self.days.sort_unstable_by_key(|day| day.date);
        let weekdays = (1..=7).map(|weekday| self.on_weekday(weekday)).collect::<Vec<_>>();
        let placed: usize = weekdays.iter().map(Vec::len).sum();
        if placed != self.week.len() || !weekdays.iter().all(|spans| apart(spans)) {
            return Err(("week", WEEK));
        }
        for day in &mut self.days {
            day.spans.sort_unstable();
        }
        let once = self.days.windows(2).all(|two| two[0].date != two[1].date);
        if self.days.len() > DAYS || !once || !self.days.iter().all(|day| apart(&day.spans)) {
            return Err(("days", DAY));
        }
        Ok(self)
    }

    /// As people read it: "周一至周五 9:00–12:00、14:00–18:00；周六 9:00–12:00".
    pub fn text(&self) -> String {
        let mut runs: Vec<(u8, u8, Vec<Span>)> = Vec::new();
        for weekday in 1..=7 {
            let spans = self.on_weekday(weekday);
            match runs.last_mut() {
                Some((_, last, same)) if *same == spans => *last = weekday,
                _ => runs.push((weekday, weekday, spans)),
            }
        }
        let open = runs.iter().filter(|(_, _, spans)| !spans.is_empty());
        let text = open.map(|(first, last, spans)| format!("{} {}", weekdays(*first, *last), times(spans)));
        text.collect::<Vec<_>>().join("；")
    }

    /// Whether it is open at this instant.
    pub fn at(&self, now: DateTime<Utc>) -> Now {
        if self == &Self::default() {
            return Now::Unknown;
        }
        let today = clock::business_date(now);
        let spans = (0..AHEAD).flat_map(|ahead| {
            let date = today + TimeDelta::days(ahead);
            let minute = move |of: u16| clock::midnight(date) + TimeDelta::minutes(of.into());
            self.on(date).into_iter().map(move |span| (minute(span.from), minute(span.to)))
        });
        let mut spans = spans.skip_while(|(_, until)| *until <= now);
        match spans.next() {
            // open over midnight is one opening
            Some((from, until)) if from <= now => {
                Now::Open { until: spans.fold(until, |until, (from, to)| if from == until { to } else { until }) }
            }
            next => Now::Closed { opens: next.map(|(from, _)| from) },
        }
    }

    fn on(&self, date: NaiveDate) -> Vec<Span> {
        let otherwise = self.days.iter().find(|day| day.date == date);
        otherwise.map_or_else(
            || self.on_weekday(u8::try_from(date.weekday().number_from_monday()).unwrap_or(0)),
            |day| day.spans.clone(),
        )
    }

    fn on_weekday(&self, weekday: u8) -> Vec<Span> {
        self.week.iter().filter(|one| one.weekday == weekday).map(|one| one.span).collect()
    }
}

/// Whether intervals in their order are within a day and apart.
fn apart(spans: &[Span]) -> bool {
    let within = spans.iter().all(|span| span.from < span.to && span.to <= DAY);
    within && spans.len() <= SPANS && spans.windows(2).all(|two| two[0].to < two[1].from)
}

fn weekdays(first: u8, last: u8) -> String {
    let name = |weekday: u8| NAMES[usize::from(weekday - 1)];
    match last - first {
        0 => name(first).to_owned(),
        1 => format!("{}、{}", name(first), name(last)),
        6 => "每天".to_owned(),
        _ => format!("{}至{}", name(first), name(last)),
    }
}

fn times(spans: &[Span]) -> String {
    let time = |minute: u16| format!("{}:{:02}", minute / 60, minute % 60);
    spans.iter().map(|span| format!("{}–{}", time(span.from), time(span.to))).collect::<Vec<_>>().join("、")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(days: &[(u8, u16, u16)]) -> Opening {
        let weekly =
            |&(weekday, from, to): &(u8, u16, u16)| Weekly { weekday, span: Span { from: from * 60, to: to * 60 } };
        Opening { week: days.iter().map(weekly).collect(), days: vec![] }
    }

    fn office() -> Opening {
        let mut days: Vec<_> = (1..=5).flat_map(|day| [(day, 14, 18), (day, 9, 12)]).collect();
        days.push((6, 9, 12));
        week(&days).checked().unwrap()
    }

    fn local(day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
        let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        clock::midnight(date) + TimeDelta::minutes((hour * 60 + minute).into())
    }

    #[test]
    fn opening_times_read_as_people_write_them() {
        assert_eq!(office().text(), "周一至周五 9:00–12:00、14:00–18:00；周六 9:00–12:00");
        assert_eq!(week(&[(6, 10, 16), (7, 10, 16)]).text(), "周六、周日 10:00–16:00");
        let always: Vec<_> = (1..=7).map(|day| (day, 0, 24)).collect();
        assert_eq!(week(&always).checked().unwrap().text(), "每天 0:00–24:00");
        assert_eq!(Opening::default().text(), "");
    }

    #[test]
    fn it_is_open_from_the_first_minute_until_the_last() {
        // 2026-11-27 is a Friday
        let office = office();
        assert_eq!(office.at(local(27, 8, 59)), Now::Closed { opens: Some(local(27, 9, 0)) });
        assert_eq!(office.at(local(27, 9, 0)), Now::Open { until: local(27, 12, 0) });
        assert_eq!(office.at(local(27, 12, 0)), Now::Closed { opens: Some(local(27, 14, 0)) });
        assert_eq!(office.at(local(28, 12, 0)), Now::Closed { opens: Some(local(30, 9, 0)) });
        assert_eq!(Opening::default().at(local(27, 9, 0)), Now::Unknown);
        let night = week(&[(5, 18, 24), (6, 0, 6)]);
        assert_eq!(night.at(local(27, 20, 0)), Now::Open { until: local(28, 6, 0) });
    }

    #[test]
    fn a_day_can_be_otherwise() {
        let mut office = office();
        let day =
            |day, spans| Day { date: NaiveDate::from_ymd_opt(2026, 11, day).unwrap(), spans, note: String::new() };
        office.days = vec![day(29, vec![Span { from: 600, to: 660 }]), day(27, vec![])];
        let office = office.checked().unwrap();
        assert_eq!(office.at(local(27, 10, 0)), Now::Closed { opens: Some(local(28, 9, 0)) });
        assert_eq!(office.at(local(29, 10, 30)), Now::Open { until: local(29, 11, 0) });
        assert_eq!(week(&[]).at(local(27, 9, 0)), Now::Unknown);
        let closed = Opening { days: vec![day(27, vec![])], ..Opening::default() };
        assert_eq!(closed.at(local(27, 9, 0)), Now::Closed { opens: None });
    }

    #[test]
    fn intervals_that_cannot_be_are_refused() {
        for wrong in [[(1, 12, 9)], [(0, 9, 12)], [(8, 9, 12)], [(1, 9, 25)]] {
            assert_eq!(week(&wrong).checked().unwrap_err().0, "week", "{wrong:?}");
        }
        assert_eq!(week(&[(1, 9, 12), (1, 12, 14)]).checked().unwrap_err().0, "week");
        let twice = Day { date: NaiveDate::from_ymd_opt(2026, 11, 27).unwrap(), spans: vec![], note: String::new() };
        let twice = Opening { days: vec![twice.clone(), twice], ..Opening::default() };
        assert_eq!(twice.checked().unwrap_err().0, "days");
    }
}
