//! Why a guard failed, told from the ticket as it is now.
use chassis::access::holds;

use crate::{
    error::Refusal,
    machine::{Act, State, rows},
    store::change::Change,
    ticket::Ticket,
};

/// The ticket itself where the change is a repetition that still stands; nothing where trying again may succeed.
pub fn explain(change: &Change, ticket: Ticket) -> Result<Option<Ticket>, Refusal> {
    reach(change, &ticket)?;
    if is_repeated(change, &ticket) {
        return Ok(Some(ticket));
    }
    if change.guard.version.is_some_and(|version| version != ticket.version) {
        return Err(Refusal::EtagMismatch(Box::new(ticket)));
    }
    if !rows(change.act).any(|row| row.admits(ticket.position())) {
        let taken = change.act == Act::Claim && ticket.state() == State::Claimed;
        let taken = taken && ticket.claimed_by != Some(change.actor_id);
        let ticket = Box::new(ticket);
        return Err(if taken { Refusal::AlreadyClaimed(ticket) } else { Refusal::StateConflict(ticket) });
    }
    if change.guard.claimer.is_some() && change.guard.claimer != ticket.claimed_by {
        return Err(Refusal::NotTheClaimer(Box::new(ticket)));
    }
    let accepted = change.act == Act::Resolve && ticket.state() == State::InProgress;
    if accepted && ticket.handler_id != Some(change.actor_id) {
        return Err(Refusal::NotTheHandler(Box::new(ticket)));
    }
    if change.guard.without_photo && ticket.after_photo {
        return Err(Refusal::AfterPhotoRequired);
    }
    Ok(None)
}

/// Whether the caller may touch this ticket at all.
fn reach(change: &Change, ticket: &Ticket) -> Result<(), Refusal> {
    let guard = &change.guard;
    if guard.scopes.as_ref().is_some_and(|scopes| !scopes.iter().any(|scope| holds(scope, &ticket.place_path))) {
        return Err(Refusal::PlaceNotAllowed);
    }
    let foreign =
        |departments: &Vec<_>| ticket.department_id.is_none_or(|department| !departments.contains(&department));
    if guard.department.as_ref().is_some_and(foreign) {
        return Err(Refusal::NotYours);
    }
    if guard.reporter.is_some_and(|reporter| reporter != ticket.reporter_id) { Err(Refusal::NotYours) } else { Ok(()) }
}

/// The same person said the same, and the ticket is still where that left it.
fn is_repeated(change: &Change, ticket: &Ticket) -> bool {
    let same = ticket.last_actor == Some(change.actor_id) && ticket.last_hash == change.body_hash;
    same && rows(change.act).any(|row| row.id == ticket.last_transition && row.to == Some(ticket.state()))
}
