//! T2, or T3b when it is late: a liaison takes a ticket of their street.
use chassis::{access::Caller, faults::Fault};

use super::{Target, body_hash, change};
use crate::{Tickets, machine::Act, ticket::Ticket};

/// Makes the caller the one who claimed it.
pub async fn claim(tickets: &Tickets, caller: &Caller, target: Target) -> Result<Ticket, Fault> {
    let mut wish = change::plain(tickets, caller, target, Act::Claim, body_hash("claim", &())?);
    wish.guard.scopes = Some(caller.reach.places.clone());
    wish.values.claimed_by = Some(caller.person_id);
    change::carry_out(tickets, wish).await
}
