//! What the other services are told of a change: the JSON form of `hemei.tickets.v1.TicketChanged`.
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::Change;
use crate::machine::State;

#[derive(Serialize)]
struct TicketChanged<'a> {
    ticket_id: Uuid,
    number: &'a str,
    sequence: i64,
    transition: &'a str,
    from_state: Option<&'a str>,
    to_state: &'a str,
    reporter_id: Uuid,
    reporter_role: &'a str,
    category_code: &'a str,
    place_path: &'a str,
    place_id: Uuid,
    department_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    actor_role: Option<&'a str>,
    at: DateTime<Utc>,
    claim_by: DateTime<Utc>,
    resolve_by: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    promised_by: DateTime<Utc>,
    received_at: DateTime<Utc>,
    coordination_reason: &'a str,
    level: i16,
    priority: i16,
    outcome: &'a str,
    co_reports: &'a Value,
    text: &'a str,
    parent_ticket_id: Option<Uuid>,
    timer: &'a str,
    handler_id: Option<Uuid>,
    claimed_by: Option<Uuid>,
    checker_id: Option<Uuid>,
    escalation_step: i32,
    reopen_count: i32,
    claimed_late: bool,
    anonymous: bool,
    held_by: &'a str,
    satisfied: Option<bool>,
    malicious: bool,
    assisting: &'a [Uuid],
    invited: &'a [Uuid],
    invited_until: Option<DateTime<Utc>>,
    returned_count: i32,
    solved_level: Option<i16>,
    refusals: usize,
    recurred: bool,
    review_at: Option<DateTime<Utc>>,
    council_resolution: Option<&'a Value>,
    media_count: usize,
    media_ids: &'a [Uuid],
}

/// The message of a change.
pub fn message(change: &Change) -> Value {
    let t = &change.after;
    let asked = t.invited().pop().filter(|asked| change.invited.contains(&asked.department_id));
    let changed = TicketChanged {
        ticket_id: t.ticket_id,
        number: &t.number,
        sequence: t.version,
        transition: change.transition,
        from_state: Some(change.from_state.as_str()).filter(|state| !state.is_empty()),
        to_state: &t.state,
        reporter_id: t.reporter_id,
        reporter_role: &t.reporter_role,
        category_code: &t.category_code,
        place_path: &t.place_path,
        place_id: t.place_id,
        department_id: t.department_id,
        actor_id: change.actor_id,
        actor_role: Some(change.actor_role.as_str()).filter(|role| !role.is_empty()),
        at: change.at,
        claim_by: t.claim_by,
        resolve_by: t.resolve_by,
        due_at: t.due_at,
        promised_by: t.promised_by,
        received_at: t.received_at,
        coordination_reason: &t.coordination_reason,
        level: t.level,
        priority: t.priority + 1,
        outcome: &t.outcome,
        co_reports: &t.co_reports,
        text: &change.text,
        parent_ticket_id: t.parent_ticket_id,
        timer: change.timer,
        handler_id: t.handler_id,
        claimed_by: t.claimed_by,
        checker_id: t.checker_id,
        escalation_step: t.escalation_step,
        reopen_count: t.reopen_count,
        claimed_late: t.claimed_late,
        anonymous: t.anonymous,
        held_by: &t.held_by,
        satisfied: t.satisfied,
        malicious: t.malicious,
        assisting: &t.assisting,
        invited: &change.invited,
        invited_until: asked.and_then(|asked| asked.until),
        returned_count: t.returned_count,
        solved_level: t.solved_level,
        refusals: t.refusals().len(),
        recurred: t.recurred,
        review_at: t.review_at.filter(|_| t.state() == State::ClosedNofix),
        council_resolution: t.council_resolution.as_ref().filter(|_| change.resolves),
        media_count: t.report_media.len(),
        media_ids: if change.from_state.is_empty() { &t.report_media } else { &[] },
    };
    let mut message = serde_json::to_value(changed).unwrap_or_default();
    if let Some(fields) = message.as_object_mut() {
        // what a message has anyway need not be stored, nor read again by every listener
        fields.retain(|field, value| field == "satisfied" && value.is_boolean() || !is_default(value));
    }
    message
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Object(_) => false,
    }
}
