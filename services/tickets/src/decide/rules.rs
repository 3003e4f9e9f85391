//! What the rules need to know beside the ticket: settings, calendar, departments, and who may check.
use std::{collections::BTreeMap, sync::Arc};

use chassis::access::holds;
use ring::hmac;
use serde::Deserialize;
use uuid::Uuid;

use crate::{calendar::Calendar, category::Category, machine::Reason, ticket::Ticket};

/// The time limits of the loop, in minutes. Where the source names a figure it is the default; the others are proposals.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct TicketSettings {
    /// 30 by the source.
    pub claim_minutes: i64,
    /// Emergencies (P0).
    pub claim_minutes_p0: i64,
    pub dispatch_minutes: i64,
    /// Working minutes.
    pub accept_minutes: i64,
    /// Working minutes.
    pub coord_minutes: i64,
    /// Working minutes, where nobody claimed it.
    pub coord_minutes_unclaimed: i64,
    pub verify_minutes: i64,
    pub rate_minutes: i64,
    /// How long a matter may be put off before it is reviewed.
    pub review_minutes_most: i64,
    pub pause_minutes_most: i64,
    /// The one extension of a ruling, on the category's clock.
    pub extension_minutes_most: i64,
    pub appeal_minutes: i64,
    pub reopen_minutes: i64,
    /// Metres from the reported point within which work counts as done there.
    pub near_metres: f64,
}

impl Default for TicketSettings {
    fn default() -> Self {
        Self {
            claim_minutes: 30,
            claim_minutes_p0: 5,
            dispatch_minutes: 30,
            accept_minutes: 120,
            coord_minutes: 240,
            coord_minutes_unclaimed: 60,
            verify_minutes: 24 * 60,
            rate_minutes: 72 * 60,
            review_minutes_most: 30 * 24 * 60,
            pause_minutes_most: 30 * 24 * 60,
            extension_minutes_most: 30 * 24 * 60,
            appeal_minutes: 72 * 60,
            reopen_minutes: 7 * 24 * 60,
            near_metres: 300.0,
        }
    }
}

impl TicketSettings {
    /// Minutes a coordinator has.
    pub fn coord_minutes(&self, reason: &str) -> i64 {
        if reason == Reason::Unclaimed.code() { self.coord_minutes_unclaimed } else { self.coord_minutes }
    }

    /// Minutes a liaison has.
    pub fn claim_minutes(&self, priority: i16) -> i64 {
        if priority == 0 { self.claim_minutes_p0 } else { self.claim_minutes }
    }
}

/// The departments of a district, by code.
#[derive(Clone, Debug, Default)]
pub struct Departments {
    pub by_code: BTreeMap<String, Uuid>,
}

impl Departments {
    pub fn knows(&self, department: Uuid) -> bool {
        self.by_code.values().any(|known| *known == department)
    }
}

/// The people of a district who check work: home observers and community workers, with the paths of their posts.
#[derive(Clone, Debug, Default)]
pub struct Checkers {
    pub posts: Vec<(String, Uuid)>,
}

/// Finds the category of a code.
pub type Lookup = Arc<dyn Fn(&str) -> Option<Arc<Category>> + Send + Sync>;

/// Everything the rules look at, for one district.
#[derive(Clone)]
pub struct Rules {
    pub settings: TicketSettings,
    pub calendar: Arc<Calendar>,
    pub departments: Arc<Departments>,
    pub checkers: Arc<Checkers>,
    /// The category of a code.
    pub category: Lookup,
    /// Keeps the draw of checkers unknown to everybody beforehand.
    pub draw_key: Arc<hmac::Key>,
}

impl Rules {
    /// Who has it when no ruling comes (属地兜底、首接负责): who had it first, else the category's department, else any.
    pub fn fallback(&self, ticket: &Ticket) -> Option<Uuid> {
        let first = ticket.legs().first().map(|leg| leg.department_id);
        let usual = || {
            let category = (self.category)(&ticket.category_code)?;
            self.departments.by_code.get(&category.department_code).copied()
        };
        first.or_else(usual).or_else(|| self.departments.by_code.values().next().copied())
    }

    /// The checker of a ticket's n-th round: drawn by lot from the nearest who neither reported nor handled it. Everybody's
    /// chance is the same, any replica draws the same, and nobody can tell before.
    pub fn draw(&self, ticket: &Ticket, round: i32) -> Option<Uuid> {
        let independent = |person: &Uuid| {
            let handlers = [Some(ticket.reporter_id), ticket.handler_id, ticket.claimed_by, ticket.checker_id];
            !handlers.contains(&Some(*person)) && !ticket.co_reports().iter().any(|report| report.person_id == *person)
        };
        let place = &ticket.place_path;
        let near = |(path, person): &&(String, Uuid)| (holds(path, place) || holds(place, path)) && independent(person);
        let lot = |person: &Uuid| {
            let text = format!("{} {round} {person}", ticket.ticket_id);
            hmac::sign(&self.draw_key, text.as_bytes()).as_ref().to_vec()
        };
        let near = self.checkers.posts.iter().filter(near).map(|(_, person)| *person);
        near.max_by_key(lot)
    }
}
