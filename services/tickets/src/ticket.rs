//! A ticket as it is stored, and who may see all of it.
mod parts;

use chassis::access::{Caller, holds};
use chrono::{DateTime, Utc};
use proto::api::v1::post::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use self::parts::{
    CoReport, CouncilDecision, Deadline, InvalidProposal, Invited, Leg, Pause, PauseRequest, Refused, Resolution, read,
    written,
};
use crate::machine::State;

/// A row of `tickets.ticket` with the names that belong to it, as every statement answers it. Serialised it is what
/// an insert writes; the difference of two is what a change writes and its event tells.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ticket {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    #[serde(skip)]
    pub serial: i64,
    pub number_prefix: String,
    #[serde(skip)]
    pub number: String,
    #[serde(skip)]
    pub version: i64,
    pub state: String,
    pub level: i16,
    pub priority: i16,
    pub category_code: String,
    pub text: String,
    pub place_id: Uuid,
    pub place_path: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub crs: Option<String>,
    pub accuracy_m: Option<f64>,
    pub gcj_lng: Option<f64>,
    pub gcj_lat: Option<f64>,
    pub reporter_id: Uuid,
    pub reporter_role: String,
    pub report_media: Vec<Uuid>,
    pub captured_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub claim_by: DateTime<Utc>,
    pub promised_by: DateTime<Utc>,
    pub clock: String,
    pub resolve_minutes: i32,
    pub after_photo: bool,
    pub anonymous: bool,
    pub held_by: String,
    pub timers: Value,
    pub due_at: Option<DateTime<Utc>>,
    pub entered_at: Option<DateTime<Utc>>,
    pub claimed_by: Option<Uuid>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub claimed_late: bool,
    pub dispatch_misses: i32,
    pub department_id: Option<Uuid>,
    pub dispatched_at: Option<DateTime<Utc>>,
    pub resolve_by: Option<DateTime<Utc>>,
    pub legs: Value,
    pub assisting: Vec<Uuid>,
    pub invited: Value,
    pub refusals: Value,
    pub binding: bool,
    pub extended: bool,
    pub mediated: bool,
    pub handler_id: Option<Uuid>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub deemed_accepted: bool,
    pub resolved_at: Option<DateTime<Utc>>,
    pub resolved_distance_m: Option<i32>,
    pub resolution_text: String,
    pub resolution_media: Vec<Uuid>,
    pub checker_id: Option<Uuid>,
    pub check_round: i32,
    pub check_passed: Option<bool>,
    pub checked_at: Option<DateTime<Utc>>,
    pub satisfied: Option<bool>,
    pub solved: Option<bool>,
    pub closed_at: Option<DateTime<Utc>>,
    pub outcome: String,
    pub solved_level: Option<i16>,
    pub escalation_step: i32,
    pub reopen_count: i32,
    pub returned_count: i32,
    pub recurred: bool,
    pub coordination_reason: String,
    pub coordinated_at: Option<DateTime<Utc>>,
    pub pause: Option<Value>,
    pub pause_request: Option<Value>,
    pub review_at: Option<DateTime<Utc>>,
    pub nofix_reason: String,
    pub council_resolution: Option<Value>,
    pub invalid_proposal: Option<Value>,
    pub invalid_reason: String,
    pub malicious: bool,
    pub invalid_at: Option<DateTime<Utc>>,
    pub appealed: bool,
    pub parent_ticket_id: Option<Uuid>,
    pub co_reports: Value,
    /// Who said what since it came to where it stands, so that saying it again changes nothing.
    pub said: Vec<String>,
    #[serde(skip)]
    pub request_hash: Vec<u8>,
    #[serde(skip)]
    pub last_transition: String,
    #[serde(skip)]
    pub last_actor: Option<Uuid>,
    #[serde(skip)]
    pub last_hash: Vec<u8>,
    #[serde(skip)]
    pub place_name: Option<String>,
    #[serde(skip)]
    pub place_full_name: Option<String>,
    #[serde(skip)]
    pub place_level: Option<i16>,
    #[serde(skip)]
    pub department_name: Option<String>,
    #[serde(skip)]
    pub reporter_name: Option<String>,
    #[serde(skip)]
    pub claimer_name: Option<String>,
    #[serde(skip)]
    pub handler_name: Option<String>,
    #[serde(skip)]
    pub checker_name: Option<String>,
    /// How often the reporter was struck from 12 months before on, where it was asked for.
    #[serde(skip)]
    pub reporter_strikes: Option<i64>,
}

/// The first levels of a place's path, as `tickets.place_above` gives them.
pub fn place_above(path: &str, levels: usize) -> String {
    path.split('.').take(levels).collect::<Vec<_>>().join(".")
}

impl Ticket {
    /// Where it stands. The table refuses any other text.
    pub fn state(&self) -> State {
        State::of(&self.state).unwrap_or(State::Coordination)
    }

    pub fn deadlines(&self) -> Vec<Deadline> {
        read(&self.timers)
    }

    pub fn legs(&self) -> Vec<Leg> {
        read(&self.legs)
    }

    pub fn refusals(&self) -> Vec<Refused> {
        read(&self.refusals)
    }

    /// The departments that are asked for their statement while it is coordinated.
    pub fn invited(&self) -> Vec<Invited> {
        read(&self.invited)
    }

    /// What a council last resolved about it.
    pub fn council_resolution(&self) -> Option<Resolution> {
        self.council_resolution.as_ref().and_then(|resolution| Resolution::deserialize(resolution).ok())
    }

    pub fn co_reports(&self) -> Vec<CoReport> {
        read(&self.co_reports)
    }

    /// The co-reports whose person has not become the reporter.
    pub fn others(&self) -> impl Iterator<Item = CoReport> {
        self.co_reports().into_iter().filter(|report| !report.promoted)
    }

    pub fn pause(&self) -> Option<Pause> {
        self.pause.as_ref().and_then(|pause| Pause::deserialize(pause).ok())
    }

    pub fn pause_request(&self) -> Option<PauseRequest> {
        self.pause_request.as_ref().and_then(|request| PauseRequest::deserialize(request).ok())
    }

    pub fn invalid_proposal(&self) -> Option<InvalidProposal> {
        self.invalid_proposal.as_ref().and_then(|proposal| InvalidProposal::deserialize(proposal).ok())
    }

    /// The place at a level above its own: 2 is the street, 3 the community.
    pub fn place_above(&self, levels: usize) -> String {
        place_above(&self.place_path, levels)
    }

    /// Whether it lies in a community.
    pub fn in_community(&self) -> bool {
        self.place_path.split('.').count() >= 3
    }

    /// Whether this person sees the reporter's name, the coordinate and the photos: the reporter, who was drawn to check it, and
    /// the district's staff of the area.
    pub fn open_to(&self, caller: &Caller) -> bool {
        let part = [Some(self.reporter_id), self.checker_id].contains(&Some(caller.person_id));
        part || self.staffed_by(caller)
    }

    /// Whether this person is the district's staff of its area, or of a department that has a part in it.
    pub fn staffed_by(&self, caller: &Caller) -> bool {
        Scope::of_staff(caller).holds(self)
    }
}

/// What a person's staff posts reach in their district.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub places: Vec<String>,
    pub departments: Vec<Uuid>,
}

impl Scope {
    /// The places and departments of the caller's staff posts; nothing for couriers and residents.
    pub fn of(caller: &Caller) -> Self {
        Self::of_posts(caller, |_| true)
    }

    /// The part of it in which they see tickets whole: property managers and home observers are no staff of the district.
    fn of_staff(caller: &Caller) -> Self {
        Self::of_posts(caller, |role| !matches!(role, Role::PropertyManager | Role::HomeObserver))
    }

    fn of_posts(caller: &Caller, counts: impl Fn(Role) -> bool) -> Self {
        let mut scope = Self::default();
        for post in &caller.posts {
            match Role::try_from(post.r) {
                Ok(role) if !counts(role) => {}
                Ok(Role::DepartmentHandler) => scope.departments.extend(post.d),
                Ok(Role::Courier | Role::Resident | Role::Unspecified) | Err(_) => {}
                Ok(_) => scope.places.push(post.p.clone()),
            }
        }
        scope
    }

    fn holds(&self, ticket: &Ticket) -> bool {
        let ours = |department: &Uuid| self.departments.contains(department);
        self.places.iter().any(|place| holds(place, &ticket.place_path))
            || ticket.department_id.is_some_and(|department| ours(&department))
            || ticket.assisting.iter().any(ours)
            || ticket.invited().iter().any(|invited| ours(&invited.department_id))
    }
}
