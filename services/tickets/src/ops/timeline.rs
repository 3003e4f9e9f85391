//! A ticket's way, told like a parcel's.
use chassis::{access::Caller, faults::Fault};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::get_ticket;
use crate::{
    Tickets,
    error::Refusal,
    machine::{State, Timer},
    store,
    ticket::Ticket,
    wording::step,
};

/// The most steps that are told, the newest.
const MOST: i64 = 200;

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct Step {
    pub sequence: i64,
    pub words: String,
    pub text: String,
    pub at: DateTime<Utc>,
}

/// The steps taken, and what comes next by when.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub ticket: Ticket,
    pub steps: Vec<Step>,
    pub next: Option<(&'static str, DateTime<Utc>)>,
}

/// The way of a ticket for who reported it, reported the same, or may see it whole.
pub async fn get_timeline(tickets: &Tickets, caller: &Caller, ticket_id: Uuid) -> Result<Timeline, Fault> {
    let ticket = get_ticket(tickets, caller, ticket_id).await?;
    let reported_too = ticket.co_reports().iter().any(|report| report.person_id == caller.person_id);
    if !reported_too && !ticket.open_to(caller) {
        return Err(Refusal::NotYours.into());
    }
    let events = store::event::list(&tickets.pool, ticket.district_id, ticket_id, (ticket.version - MOST).max(0), MOST);
    let department = ticket.department_name.clone().unwrap_or_default();
    // what the work was closed with, and why it was put off or is no matter of the district's, is for the reporter to read
    let told = ["T4b", "T14", "T16", "T23", "T24", "T25", "T26b", "T30", "T41"];
    let steps = events.await?.into_iter().filter_map(|event| {
        let text = if told.contains(&event.transition.as_str()) { event.text } else { String::new() };
        Some(Step { sequence: event.sequence, words: step(&event.transition, &department)?, text, at: event.at })
    });
    let (steps, next) = (steps.collect(), next(&ticket));
    Ok(Timeline { ticket, steps, next })
}

/// What is expected next, and by when.
fn next(ticket: &Ticket) -> Option<(&'static str, DateTime<Utc>)> {
    let due = |kind: Timer| ticket.deadlines().into_iter().find(|deadline| deadline.kind == kind).map(|one| one.due_at);
    match ticket.state() {
        State::Pool => Some(("等待街道联络员认领", ticket.claim_by)),
        State::Claimed => due(Timer::Dispatch).map(|at| ("等待派遣", at)),
        State::Dispatched => Some(("等待承办单位处置", ticket.resolve_by?)),
        State::Community | State::InProgress => Some(("正在处置", ticket.resolve_by?)),
        State::Coordination => due(Timer::Coord).map(|at| ("等待区里定责", at)),
        State::Paused => due(Timer::Resume).map(|at| ("暂时挂起，到期恢复", at)),
        State::Feedback => due(Timer::Rate).map(|at| ("等待您评价", at)),
        State::ClosedNofix => Some(("到期复查", ticket.review_at?)),
        State::Closed | State::Invalid | State::Merged | State::Withdrawn => None,
    }
}
