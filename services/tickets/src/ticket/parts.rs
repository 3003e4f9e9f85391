//! What a ticket's JSON columns hold. They are only written from these types.
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::machine::{State, Timer};

/// A live deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    pub kind: Timer,
    pub due_at: DateTime<Utc>,
    /// What repeated firings are counted from, and how many there were.
    pub base_at: DateTime<Utc>,
    pub fired: u32,
}

/// A department's part of the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub department_id: Uuid,
    pub lead: bool,
    /// OPEN or DONE.
    pub state: String,
    pub dispatched_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<DateTime<Utc>>,
    pub text: String,
}

/// A department's written refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub department_id: Uuid,
    pub at: DateTime<Utc>,
    pub text: String,
}

/// A department that is asked for its statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub department_id: Uuid,
    pub at: DateTime<Utc>,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// When it stated its view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_at: Option<DateTime<Utc>>,
}

/// What a council decides about a matter that was put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CouncilDecision {
    Reopen,
    Keep,
    Close,
}

/// What a council resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    pub decision: CouncilDecision,
    pub text: String,
    /// The day of the meeting.
    pub held_on: NaiveDate,
    /// When it is reviewed next; only where it is kept put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_at: Option<DateTime<Utc>>,
}

/// A duplicate that was merged into a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoReport {
    pub ticket_id: Uuid,
    pub person_id: Uuid,
    pub role: String,
    /// Its person has become the ticket's reporter, and shares no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub promoted: bool,
}

/// An approved stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub reason_code: String,
    pub text: String,
    pub from_state: State,
    pub started_at: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// The deadline before it was shifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve_by: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mediation_case_id: Option<Uuid>,
}

/// A stop somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRequest {
    pub by: Uuid,
    pub reason_code: String,
    pub text: String,
    pub until: DateTime<Utc>,
    pub at: DateTime<Utc>,
}

/// One person's word that a report is invalid; a second one's makes it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidProposal {
    pub by: Uuid,
    pub reason: String,
    pub malicious: bool,
    pub at: DateTime<Utc>,
}

/// What a JSON column holds; the columns are only written from these types.
pub fn read<T: serde::de::DeserializeOwned + Default>(column: &Value) -> T {
    T::deserialize(column).unwrap_or_default()
}

/// The value of a JSON column.
pub fn written<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
