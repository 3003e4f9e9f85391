//! T9: a handler of the lead department takes the work.
use chassis::{access::Caller, faults::Fault};

use super::{Target, body_hash, change};
use crate::{Tickets, machine::Act, ticket::Ticket};

/// Makes the caller the handler.
pub async fn accept(tickets: &Tickets, caller: &Caller, target: Target) -> Result<Ticket, Fault> {
    let mut wish = change::plain(tickets, caller, target, Act::Accept, body_hash("accept", &())?);
    wish.guard.department = Some(caller.reach.departments.clone());
    wish.values.handler_id = Some(caller.person_id);
    change::carry_out(tickets, wish).await
}
