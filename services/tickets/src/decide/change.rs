//! A decided change as the store writes it: the difference of the row, the event, and what the others are told.
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{deed::Wish, told};
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
    pub body_hash: Vec<u8>,
    /// Whether it comes to another state, or only tells something.
    pub moves: bool,
    /// The JSON form of `hemei.tickets.v1.TicketChanged`.
    pub told: Value,
    pub traceparent: String,
}

/// What of a new ticket its first event tells, beside what differs from an empty one: nothing of the person or the words.
const UNTOLD: [&str; 14] = [
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
        let blank = Ticket {
            timers: json!([]),
            legs: json!([]),
            refusals: json!([]),
            co_reports: json!([]),
            ..Ticket::default()
        };
        let mut facts = difference(&blank, &after);
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

/// The columns in which two rows differ, with the values of the second.
pub fn difference(before: &Ticket, after: &Ticket) -> Map<String, Value> {
    let columns = |ticket| match serde_json::to_value(ticket) {
        Ok(Value::Object(columns)) => columns,
        _ => Map::new(),
    };
    let (before, mut after) = (columns(before), columns(after));
    after.retain(|column, value| before.get(column) != Some(value));
    after
}
