//! Every transition of a person: decided by the rules, written by compare-and-set, shared with whoever waits at the same time.
use chassis::{access::Caller, faults::Fault, telemetry};
use ring::digest;

use super::Target;
use crate::{
    Tickets,
    decide::{Actor, Deed, Wish},
    ticket::Ticket,
};

/// Carries out a deed. The same again by the same person is answered, as long as the ticket is where that left it.
pub async fn act(tickets: &Tickets, caller: &Caller, target: Target, deed: Deed) -> Result<Ticket, Fault> {
    let wish = wish(tickets, caller, target, deed);
    tickets.changes.call(target.ticket_id, (wish, tickets.rules(caller.district_id))).await
}

/// The wish of a caller.
pub fn wish(tickets: &Tickets, caller: &Caller, target: Target, deed: Deed) -> Wish {
    Wish {
        district_id: caller.district_id,
        ticket_id: target.ticket_id,
        body_hash: digest::digest(&digest::SHA256, format!("{deed:?}").as_bytes()).as_ref().to_vec(),
        deed,
        actor: Some(Actor {
            person_id: caller.person_id,
            role: caller.role.as_str_name(),
            reach: caller.reach.clone(),
        }),
        version: target.if_match,
        at: tickets.clock.now(),
        traceparent: telemetry::traceparent_of_current(),
    }
}
