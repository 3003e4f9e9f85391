//! The months: closed once, approved by two, shown, published.
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A month is closed so long after its end: what was done in its last minutes has been heard by then.
pub const GRACE: TimeDelta = TimeDelta::minutes(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MonthState {
    Closed,
    ApprovedOnce,
    Approved,
    Published,
}

/// A closed month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    pub month: NaiveDate,
    pub state: MonthState,
    pub closed_at: DateTime<Utc>,
    pub members: i32,
    pub points: i64,
    pub first_by: Option<Uuid>,
    pub second_by: Option<Uuid>,
    pub publish_at: Option<DateTime<Utc>>,
    pub published_at: Option<DateTime<Utc>>,
    pub reason: String,
    pub returned_by: Option<Uuid>,
    /// Grows whenever the state changes.
    pub version: i32,
    /// Which of them was returned last.
    pub returned_version: Option<i32>,
}

/// What one ranked member gets.
#[derive(Clone, Debug)]
pub struct CashAward {
    pub rank: i32,
    pub person_id: Uuid,
    pub points: i64,
    pub gross_fen: i64,
    pub reason: String,
}

/// A member's objection to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    pub appeal_id: Uuid,
    pub person_id: Uuid,
    pub text: String,
    pub at: DateTime<Utc>,
    pub accepted: Option<bool>,
    pub answer: String,
    pub decided_by: Option<Uuid>,
}

/// What some ranks bring, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub first_rank: i32,
    pub last_rank: i32,
    pub gross_fen: i64,
}

/// What the ranks of a month bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthTerms {
    pub version: i32,
    pub tiers: Vec<Tier>,
    pub appeal_hours: i32,
}

impl Default for MonthTerms {
    /// No awards, and three days to appeal.
    fn default() -> Self {
        Self { version: 0, tiers: Vec::new(), appeal_hours: 72 }
    }
}
