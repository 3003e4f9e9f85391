//! A decided change as the store writes it: the difference of the row, the event, and what the others are told.
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    deed::{Deed, Wish},
    told,
};
use crate::{
    machine::{Act, To, Transition},
    ticket::Ticket,
};

/// The new row with everything that is written beside it.
#[derive(Clone, Debug)]
pub struct Change {
    pub after: Ticket,
    /// The version the row must still have.
    pub version: i64,
    /// The columns that change, in JSON.
    pub facts: Value,
    pub transition: &'static str,
    pub from_state: String,
    pub at: DateTime<Utc>,
    pub actor_id: Option<Uuid>,
    pub actor_role: String,
    pub timer: &'static str,
    pub text: String,
    /// Departments that are invited with it.
    pub invited: Vec<Uuid>,
    /// Whether a council resolved it.
    pub resolves: bool,
    pub body_hash: Vec<u8>,
    /// Whether it comes to another state, or only tells something.
    pub moves: bool,
    /// The JSON form of `hemei.tickets.v1.TicketChanged`.
    pub told: Value,
    pub traceparent: String,
}

/// What of a new ticket its first event tells, beside what differs from an empty one: nothing of the person or the words.
pub(super) const UNTOLD: [&str; 14] = [
    "district_id",
    "ticket_id",
    "number_prefix",
    "text",
    "lng",
    "lat",
    "crs",
    "accuracy_m",
    "gcj_lng",
    "gcj_lat",
    "captured_at",
    "received_at",
    "promised_by",
    "reporter_role",
];

impl Change {
    pub(super) fn new(before: &Ticket, after: Ticket, row: &Transition, wish: &Wish) -> Self {
        let (actor_id, actor_role) =
            wish.actor.as_ref().map_or((None, String::new()), |actor| (Some(actor.person_id), actor.role.to_owned()));
        let timer = match row.act {
            Act::Expire(timer) => timer.code(),
            _ => "",
        };
        let mut change = Self {
            version: before.version,
            facts: Value::Object(difference(before, &after)),
            transition: row.id,
            from_state: before.state.clone(),
            at: wish.at,
            actor_id,
            actor_role,
            timer,
            text: wish.deed.text().to_owned(),
            invited: wish.deed.invited().to_vec(),
            resolves: matches!(wish.deed, Deed::Council(_)),
            body_hash: wish.body_hash.clone(),
            moves: row.to != To::Stay,
            told: Value::Null,
            traceparent: wish.traceparent.clone(),
            after,
        };
        change.told = told::message(&change);
        change
    }

    /// The birth of a ticket.
    pub fn born(after: Ticket, traceparent: String) -> Self {
        let mut facts = difference(&blank(), &after);
        facts.retain(|column, _| !UNTOLD.contains(&column.as_str()));
        let mut change = Self {
            version: 0,
            facts: Value::Object(facts),
            transition: "T1",
            from_state: String::new(),
            at: after.received_at,
            actor_id: Some(after.reporter_id),
            actor_role: after.reporter_role.clone(),
            timer: "",
            text: String::new(),
            invited: Vec::new(),
            resolves: false,
            body_hash: after.request_hash.clone(),
            moves: true,
            told: Value::Null,
            traceparent,
            after,
        };
        change.told = told::message(&change);
        change
    }
}

/// A row that nothing has been said of: what a history begins from.
pub(super) fn blank() -> Ticket {
    let none = || json!([]);
    Ticket { timers: none(), legs: none(), invited: none(), refusals: none(), co_reports: none(), ..Ticket::default() }
}

macro_rules! columns {
    ($($column:ident)*) => {
        /// The columns that a change may write.
        #[cfg(test)]
        const COLUMNS: &[&str] = &[$(stringify!($column)),*];

        /// The columns in which two rows differ, with the values of the second.
        pub fn difference(before: &Ticket, after: &Ticket) -> Map<String, Value> {
            let mut facts = Map::new();
            $(if before.$column != after.$column {
                facts.insert(stringify!($column).to_owned(), json!(after.$column));
            })*
            facts
        }
    };
}

// compared one by one: making JSON of two whole rows first costs more than everything else about a change
columns! {
        district_id ticket_id number_prefix state level priority category_code text place_id place_path lng
        lat crs accuracy_m gcj_lng gcj_lat reporter_id reporter_role report_media captured_at received_at
        claim_by promised_by clock resolve_minutes after_photo anonymous held_by timers due_at entered_at
        claimed_by claimed_at claimed_late dispatch_misses department_id dispatched_at resolve_by legs
        assisting invited refusals binding extended mediated handler_id accepted_at deemed_accepted resolved_at
        resolved_distance_m resolution_text resolution_media checker_id check_round check_passed checked_at
        satisfied solved closed_at outcome solved_level escalation_step reopen_count returned_count recurred
        coordination_reason coordinated_at pause pause_request review_at nofix_reason council_resolution invalid_proposal
        invalid_reason malicious invalid_at appealed parent_ticket_id co_reports said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_a_row_is_compared() {
        let row = serde_json::to_value(Ticket::default()).unwrap();
        let mut compared = COLUMNS.to_vec();
        compared.sort_unstable();
        let mut columns: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
        columns.sort_unstable();
        assert_eq!(compared, columns);
    }

    #[test]
    fn a_difference_is_what_the_second_row_says_otherwise() {
        let before = Ticket { lng: Some(130.3), said: vec!["T31".into()], ..Ticket::default() };
        let after = Ticket { state: "CLAIMED".into(), lng: None, ..before.clone() };
        assert_eq!(Value::Object(difference(&before, &after)), json!({"state": "CLAIMED", "lng": null}));
    }
}
