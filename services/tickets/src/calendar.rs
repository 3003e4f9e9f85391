//! placeholder until the calendar lands
use chrono::{DateTime, TimeDelta, Utc};
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode { Natural, Working }
impl ClockMode {
    pub fn code(self) -> &'static str { match self { Self::Natural => "NATURAL", Self::Working => "WORKING" } }
    pub fn of(code: &str) -> Option<Self> { match code { "NATURAL" => Some(Self::Natural), "WORKING" => Some(Self::Working), _ => None } }
}
#[derive(Clone, Debug, Default)]
pub struct Calendar;
impl Calendar {
    pub fn add(&self, from: DateTime<Utc>, minutes: i64, _clock: ClockMode) -> DateTime<Utc> { from + TimeDelta::minutes(minutes) }
    pub fn minutes_between(&self, from: DateTime<Utc>, until: DateTime<Utc>, _clock: ClockMode) -> i64 { (until - from).num_minutes() }
}
