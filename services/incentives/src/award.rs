//! What a report earned, and how a person decides about it.
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How long a member can appeal.
pub const APPEAL_FOR: TimeDelta = TimeDelta::days(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AwardState {
    Pending,
    Held,
    Active,
    Void,
    Reversed,
}

/// An award as it stands.
#[derive(Clone, Debug)]
pub struct Award {
    pub ticket_id: Uuid,
    pub ticket_number: String,
    pub rule: String,
    pub person_id: Uuid,
    pub points: i64,
    pub explained: String,
    pub state: AwardState,
    pub awarded_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub reason: String,
    pub doubted: bool,
    pub decided_by: Option<Uuid>,
    pub appeal: Option<String>,
    /// Until it is decided.
    pub appealed_at: Option<DateTime<Utc>>,
    /// Whether its ticket was closed, as far as is known.
    pub closed: bool,
}

/// Which award, by its ticket and rule.
#[derive(Clone, Debug)]
pub struct Which {
    pub ticket_id: Uuid,
    pub rule: String,
}

/// What a person decides, and why.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub earned: bool,
    pub reason: String,
}
