//! The days that differ from the week, as data.
use std::{collections::HashMap, sync::LazyLock};

use chrono::NaiveDate;
use serde::Deserialize;

const SHIPPED: &str = include_str!("../../data/calendar.csv");

/// How a day differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DayKind {
    Holiday,
    /// A weekend day on which people work.
    Workday,
}

impl DayKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Holiday => "HOLIDAY",
            Self::Workday => "WORKDAY",
        }
    }
}

#[derive(Deserialize)]
struct Row {
    date: NaiveDate,
    kind: DayKind,
    name: String,
}

static NAMED: LazyLock<Vec<(NaiveDate, DayKind, String)>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(SHIPPED.as_bytes()).into_deserialize::<Row>().filter_map(Result::ok);
    rows.map(|row| (row.date, row.kind, row.name)).collect()
});

static DAYS: LazyLock<HashMap<NaiveDate, DayKind>> =
    LazyLock::new(|| NAMED.iter().map(|(day, kind, _)| (*day, *kind)).collect());

/// The shipped days with the names people give them.
pub fn named_days() -> &'static [(NaiveDate, DayKind, String)] {
    &NAMED
}

/// The shipped days; a year that is not among them has none.
pub fn days() -> &'static HashMap<NaiveDate, DayKind> {
    &DAYS
}
