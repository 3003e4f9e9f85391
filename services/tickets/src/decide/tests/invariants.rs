//! What must hold after every step, whatever was done.
use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    decide::{
        Change,
        change::{UNTOLD, blank},
    },
    machine::State,
    ticket::Ticket,
};

/// A ticket with its history.
#[derive(Default)]
pub struct Track {
    pub ticket: Ticket,
    /// The history replayed.
    pub replayed: Map<String, Value>,
    pub last_at: DateTime<Utc>,
    /// PENDING, ACTIVE or VOID; what the points service makes of the events.
    pub award: &'static str,
    pub activations: u32,
    pub time_in_states: TimeDelta,
    /// Who did the work that is reported back.
    pub resolver: Option<Uuid>,
}

/// The row that a history begins with; what no event tells never changes and is read where it stands.
pub fn begun(ticket: &Ticket, born: &Change) -> Map<String, Value> {
    let mut replayed = row_of(&blank());
    replayed.extend(row_of(ticket).into_iter().filter(|(column, _)| UNTOLD.contains(&column.as_str())));
    replayed.extend(born.facts.as_object().cloned().unwrap_or_default());
    replayed
}

/// A row as the database would give it in JSON.
fn row_of(ticket: &Ticket) -> Map<String, Value> {
    match serde_json::to_value(ticket) {
        Ok(Value::Object(row)) => row,
        other => panic!("a row is an object: {other:?}"),
    }
}

/// What the points service makes of an event.
pub fn settle(track: &mut Track, change: &Change) {
    match (change.transition, change.after.state()) {
        ("T2" | "T3b" | "T12" | "T13", _) if track.award.is_empty() || track.award == "VOID" => track.award = "PENDING",
        (_, State::Closed) if track.award == "PENDING" => {
            track.award = "ACTIVE";
            track.activations += 1;
        }
        (_, State::Invalid | State::Withdrawn) if track.award == "PENDING" => track.award = "VOID",
        _ => {}
    }
}

/// The twelve invariants.
pub fn check(before: &Ticket, track: &Track, change: &Change) {
    let (ticket, id) = (&track.ticket, change.transition);
    let told = || format!("{id}: {before:?} → {ticket:?}");
    let (state, was) = (ticket.state(), before.state());
    // 1 nobody can rest on it
    assert_eq!(ticket.due_at.is_none(), state.ended(), "{}", told());
    assert_eq!(ticket.held_by.is_empty(), state.ended(), "{}", told());
    assert_eq!(ticket.due_at, ticket.deadlines().iter().map(|deadline| deadline.due_at).min(), "{}", told());
    // 2 the deadline moves only by rulings, pauses and returns; the promise never
    let first = before.resolve_by.is_none();
    let movers = ["T12", "T16", "T17", "T18", "T20", "T24", "T28", "T30"];
    assert!(first || ticket.resolve_by == before.resolve_by || movers.contains(&id), "{}", told());
    assert!(ticket.resolve_by >= before.resolve_by || ["T17"].contains(&id), "{}", told());
    assert_eq!((ticket.promised_by, ticket.claim_by), (before.promised_by, before.claim_by), "{}", told());
    // 3 one open part is lead, and it is the department's
    let open: Vec<_> = ticket.legs().into_iter().filter(|leg| leg.lead && leg.state == "OPEN").collect();
    assert!(open.len() <= 1, "{}", told());
    if matches!(state, State::Dispatched | State::InProgress) {
        assert_eq!(open.first().map(|leg| leg.department_id), ticket.department_id, "{}", told());
        assert_eq!(ticket.held_by, format!("department:{}", ticket.department_id.unwrap()), "{}", told());
    }
    // 4 finder, handler and checker are three
    if ["T37", "T18"].contains(&id) {
        assert!(change.actor_id != track.resolver && change.actor_id != Some(before.reporter_id), "{}", told());
    }
    if state == State::Feedback {
        assert!(ticket.checker_id.is_none() || ticket.checker_id != track.resolver, "{}", told());
    }
    assert!(id != "T30" || !before.mediated, "{}", told());
    // 5 and 6 refusals are bounded, and end with a ruling
    let refusals = ticket.refusals();
    let departments: HashSet<_> = refusals.iter().map(|refused| refused.department_id).collect();
    assert!(refusals.len() <= 2 && departments.len() == refusals.len(), "{}", told());
    assert!(id != "T11" || !before.binding, "{}", told());
    // a view is asked for only while it is coordinated
    assert!(state == State::Coordination || ticket.invited().is_empty(), "{}", told());
    // 7 points at most once
    assert!(track.activations <= 1, "{}", told());
    assert!(state != State::Invalid || track.award != "PENDING", "{}", told());
    // 8 the history replays to the row
    let row = row_of(ticket);
    let wrong = row.iter().find(|(column, value)| track.replayed.get(*column) != Some(value));
    assert!(wrong.is_none() && row.len() == track.replayed.len(), "{wrong:?} {}", told());
    // 9 an event for every version, told
    assert_eq!(
        (ticket.version, change.told["sequence"].as_i64()),
        (before.version + 1, Some(ticket.version)),
        "{}",
        told()
    );
    assert_eq!(change.told["to_state"], ticket.state, "{}", told());
    // 10 ended states leave by appeal and reopening only
    assert!(!was.ended() || ["T26", "T28"].contains(&id), "{}", told());
    // 11 merged tickets have no children
    assert!(state != State::Merged || ticket.co_reports().is_empty(), "{}", told());
    // who reported the same takes the place of a reporter who leaves, the first one first, and keeps what they reported
    let next = before.others().next();
    if id == "T29b" {
        assert_eq!(next.map(|report| report.person_id), Some(ticket.reporter_id), "{}", told());
        assert_eq!(ticket.others().count() + 1, before.others().count(), "{}", told());
    }
    assert_eq!(ticket.co_reports().len(), before.co_reports().len() + usize::from(id == "T39"), "{}", told());
    // 12 the time in all states is the age
    if change.moves {
        assert_eq!(track.time_in_states, change.at - ticket.received_at, "{}", told());
    }
    assert!(change.at >= track.last_at, "{}", told());
}
