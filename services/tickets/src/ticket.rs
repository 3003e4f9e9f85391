//! A ticket as it is stored, and who may see all of it.
use chassis::access::{Caller, holds};
use chrono::{DateTime, Utc};
use proto::api::v1::post::Role;
use uuid::Uuid;

use crate::machine::{Position, State};

/// A row of `tickets.ticket` with the names that belong to it, as every statement answers it.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub serial: i64,
    pub number_prefix: String,
    pub number: String,
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
    pub resolve_hours: i32,
    pub after_photo: bool,
    pub claimed_by: Option<Uuid>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub claimed_late: bool,
    pub department_id: Option<Uuid>,
    pub dispatched_at: Option<DateTime<Utc>>,
    pub resolve_by: Option<DateTime<Utc>>,
    pub handler_id: Option<Uuid>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub resolution_text: String,
    pub resolution_media: Vec<Uuid>,
    pub satisfied: Option<bool>,
    pub closed_at: Option<DateTime<Utc>>,
    pub escalation_step: i32,
    pub reopen_count: i32,
    pub coordination_reason: String,
    pub request_hash: Vec<u8>,
    pub last_transition: String,
    pub last_actor: Option<Uuid>,
    pub last_hash: Vec<u8>,
    pub place_name: Option<String>,
    pub place_full_name: Option<String>,
    pub place_level: Option<i16>,
    pub department_name: Option<String>,
    pub reporter_name: Option<String>,
    pub claimer_name: Option<String>,
    pub handler_name: Option<String>,
}

impl Ticket {
    /// Where it stands. The table refuses any other text.
    pub fn state(&self) -> State {
        State::of(&self.state).unwrap_or(State::Coordination)
    }

    /// What the rules look at.
    pub fn position(&self) -> Position<'_> {
        let (coordination_reason, reopen_count) = (self.coordination_reason.as_str(), self.reopen_count);
        Position { state: self.state(), coordination_reason, reopen_count }
    }

    /// Whether this person sees the reporter's name, the coordinate and the photos: the reporter, and the district's staff of the area.
    pub fn open_to(&self, caller: &Caller) -> bool {
        self.reporter_id == caller.person_id || Scope::of_staff(caller).holds(self)
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
        self.places.iter().any(|place| holds(place, &ticket.place_path))
            || ticket.department_id.is_some_and(|department| self.departments.contains(&department))
    }
}
