//! One ticket.
use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{Tickets, error::Refusal, store, ticket::Ticket};

/// The ticket as it is now.
pub async fn get_ticket(tickets: &Tickets, caller: &Caller, ticket_id: Uuid) -> Result<Ticket, Fault> {
    let ticket = store::ticket::get(&tickets.pool, caller.district_id, ticket_id).await?;
    Ok(ticket.ok_or(Refusal::TicketNotFound)?)
}
