//! What becomes of a ticket when somebody does something, or time does: one pure function over the state table.
//!
//! `decide` takes the row as it is and answers the row as it will be. The store writes the difference, guarded by the
//! version, with the event that carries the same difference: so the history always replays to the row.
mod change;
mod deed;
mod effects;
mod guards;
mod parties;
mod pauses;
mod rules;
#[cfg(test)]
mod tests;
mod timers;
mod told;

pub use change::Change;
pub use deed::{Actor, Away, Deed, Ruling, Terms, Wish};
pub use rules::{Checkers, Departments, Rules, TicketSettings};
pub use timers::born as born_timers;

use serde_json::Value;

use crate::{
    error::Refusal,
    machine::{State, To, Transition, rows},
    ticket::Ticket,
};

/// What a wish comes to.
#[derive(Debug)]
pub enum Decision {
    /// The ticket changes.
    Change(Box<Change>),
    /// The same person has said the same, and the ticket is still where that left it.
    Repeated,
}

/// The change a wish makes of a ticket, or why it makes none.
pub fn decide(ticket: &Ticket, wish: &Wish, rules: &Rules) -> Result<Decision, Refusal> {
    // another replica's clock may be ahead of the one the wish was made by: nothing happens before what led to it
    let later;
    let wish = match ticket.entered_at.filter(|entered_at| wish.at < *entered_at) {
        Some(at) => {
            later = Wish { at, ..wish.clone() };
            &later
        }
        None => wish,
    };
    guards::reach(ticket, wish)?;
    if is_repeated(ticket, wish) {
        return Ok(Decision::Repeated);
    }
    if wish.version.is_some_and(|version| version != ticket.version) {
        return Err(Refusal::EtagMismatch(Box::new(ticket.clone())));
    }
    let at_hand: Vec<_> = rows(wish.deed.act()).filter(|row| row.from.contains(&ticket.state())).collect();
    let row = at_hand.iter().find(|row| guards::holds(row.when, ticket, wish, rules));
    let row = row.ok_or_else(|| guards::why_not(ticket, wish, &at_hand))?;
    guards::check(ticket, wish, rules)?;
    let after = apply(ticket, row, wish, rules);
    Ok(Decision::Change(Box::new(Change::new(ticket, after, row, wish))))
}

fn apply(ticket: &Ticket, row: &Transition, wish: &Wish, rules: &Rules) -> Ticket {
    let mut after = ticket.clone();
    after.version += 1;
    let to = destination(ticket, row);
    if row.to != To::Stay {
        move_to(&mut after, ticket, to, row, wish);
    }
    effects::carry(&mut after, ticket, row, wish, rules);
    if row.to == To::Stay {
        timers::stay(&mut after, row.act, wish, rules);
    } else {
        timers::enter(&mut after, ticket, row, wish, rules);
    }
    after.due_at = after.deadlines().iter().map(|deadline| deadline.due_at).min();
    after.held_by = holder(&after);
    remember(&mut after, row, wish);
    after
}

fn destination(ticket: &Ticket, row: &Transition) -> State {
    match row.to {
        To::State(state) => state,
        To::Stay => ticket.state(),
        To::Origin => ticket.pause().map_or(State::InProgress, |pause| pause.from_state),
        To::Work if ticket.department_id.is_none() => State::Community,
        To::Work => State::InProgress,
    }
}

fn move_to(after: &mut Ticket, before: &Ticket, to: State, row: &Transition, wish: &Wish) {
    after.state = to.code().into();
    after.entered_at = Some(wish.at);
    after.coordination_reason = match to {
        State::Coordination => row.reason.map_or(before.coordination_reason.clone(), |reason| reason.code().into()),
        _ => String::new(),
    };
    after.coordinated_at = (to == State::Coordination).then_some(wish.at).or(before.coordinated_at);
    (after.invalid_proposal, after.pause_request) = (None, None);
    // a view is asked for as long as it is coordinated
    after.invited = Value::Array(Vec::new());
    after.said.clear();
}

/// Whose turn it is.
fn holder(ticket: &Ticket) -> String {
    let place = |kind: &str, levels| format!("{kind}:{}", ticket.place_above(levels));
    match ticket.state() {
        State::Pool | State::Claimed => place("street", 2),
        State::Community => place("community", 3),
        State::Feedback => place("check", 3),
        State::Dispatched | State::InProgress => {
            ticket.department_id.map_or("coordinator".into(), |department| format!("department:{department}"))
        }
        State::Coordination | State::Paused | State::ClosedNofix => "coordinator".into(),
        State::Closed | State::Invalid | State::Merged | State::Withdrawn => String::new(),
    }
}

fn remember(after: &mut Ticket, row: &Transition, wish: &Wish) {
    if row.to == To::Stay {
        if let Some(said) = wish.said() {
            after.said.push(said);
        }
        return;
    }
    after.last_transition = row.id.into();
    after.last_actor = wish.actor.as_ref().map(|actor| actor.person_id);
    after.last_hash = wish.body_hash.clone();
}

fn is_repeated(ticket: &Ticket, wish: &Wish) -> bool {
    let Some(said) = wish.said() else { return false };
    // who is asked again may answer in the same words
    if matches!(wish.deed, Deed::FileStatement { .. }) && parties::owes_a_view(ticket, wish) {
        return false;
    }
    let moved = ticket.last_actor == wish.actor.as_ref().map(|actor| actor.person_id)
        && ticket.last_hash == wish.body_hash
        && rows(wish.deed.act()).any(|row| row.id == ticket.last_transition);
    moved || ticket.said.contains(&said)
}
