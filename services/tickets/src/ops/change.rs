//! How every transition of a person runs: one guarded statement, shared with whoever waits at the same time.
use chassis::{access::Caller, faults::Fault, telemetry};

use super::{Target, explain::explain};
use crate::{
    Tickets,
    error::Refusal,
    machine::Act,
    store::{
        self,
        change::{Change, Guard, Values},
    },
    ticket::Ticket,
};

/// A change that asks nothing and sets nothing yet.
pub fn plain(tickets: &Tickets, caller: &Caller, target: Target, act: Act, body_hash: Vec<u8>) -> Change {
    Change {
        act,
        district_id: caller.district_id,
        ticket_id: target.ticket_id,
        guard: Guard { version: target.if_match, ..Guard::default() },
        values: Values::default(),
        actor_id: caller.person_id,
        actor_role: caller.role.as_str_name(),
        text: String::new(),
        at: tickets.clock.now(),
        body_hash,
        traceparent: telemetry::traceparent_of_current(),
    }
}

/// Carries it out. Only when the guard failed is it asked why; a ticket that moved in between is tried again.
pub async fn carry_out(tickets: &Tickets, change: Change) -> Result<Ticket, Fault> {
    for _ in 0..5 {
        if let Some(ticket) = tickets.changes.call(change.ticket_id, change.clone()).await? {
            return Ok(ticket);
        }
        let ticket = store::ticket::get(&tickets.pool, change.district_id, change.ticket_id).await?;
        if let Some(same) = explain(&change, ticket.ok_or(Refusal::TicketNotFound)?)? {
            return Ok(same);
        }
        if let Some(department) = change.values.department_id
            && !store::place::department_exists(&tickets.pool, change.district_id, department).await?
        {
            return Err(Refusal::DepartmentNotFound.into());
        }
    }
    Err(Fault::unavailable("the ticket kept changing"))
}
