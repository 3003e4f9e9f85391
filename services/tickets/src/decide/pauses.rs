//! Stops: the deadline moves by the approved span, and back by what was not used of it.
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{deed::Wish, rules::Rules, timers::own_clock};
use crate::{
    machine::State,
    ticket::{Pause, Ticket, written},
};

/// A stop about to begin.
pub struct Stop {
    pub reason_code: String,
    pub text: String,
    pub from_state: State,
    pub until: DateTime<Utc>,
    pub mediation_case_id: Option<Uuid>,
}

/// Starts the stop that was asked for.
pub fn approve_pause(
    after: &mut Ticket,
    before: &Ticket,
    approval: (Option<DateTime<Utc>>, &str),
    wish: &Wish,
    rules: &Rules,
) {
    let ((until, text), Some(request)) = (approval, before.pause_request()) else { return };
    let text = if text.is_empty() { request.text } else { text.to_owned() };
    let (reason_code, until) = (request.reason_code, until.unwrap_or(request.until));
    let stop = Stop { reason_code, text, from_state: before.state(), until, mediation_case_id: None };
    start_pause(after, stop, wish, rules);
}

/// The deadline moves by the approved span, on the category's clock.
pub fn start_pause(after: &mut Ticket, stop: Stop, wish: &Wish, rules: &Rules) {
    let Stop { reason_code, text, from_state, until, mediation_case_id } = stop;
    let until = until.max(wish.at);
    let clock = own_clock(after);
    let pause = Pause {
        reason_code,
        text,
        from_state,
        started_at: wish.at,
        until,
        resolve_by: after.resolve_by,
        mediation_case_id,
    };
    let span = rules.calendar.minutes_between(wish.at, until, clock);
    after.resolve_by = after.resolve_by.map(|resolve_by| rules.calendar.add(resolve_by, span, clock));
    after.pause = Some(written(&pause));
}

/// Ends a stop.
pub fn resume(after: &mut Ticket, before: &Ticket, wish: &Wish, rules: &Rules) {
    let Some(pause) = before.pause() else { return };
    let clock = own_clock(before);
    let used = rules.calendar.minutes_between(pause.started_at, wish.at.min(pause.until), clock);
    after.resolve_by = pause.resolve_by.map(|resolve_by| rules.calendar.add(resolve_by, used, clock));
    after.pause = None;
}
