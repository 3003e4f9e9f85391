//! A page of a ticket's history.
use chassis::{access::Caller, faults::Fault, paging};
use uuid::Uuid;

use super::get_ticket;
use crate::{Tickets, store, store::event::Event, ticket::Ticket};

/// Which history, and which page of it.
#[derive(Clone, Debug)]
pub struct History {
    pub ticket_id: Uuid,
    pub page_size: i32,
    pub page_token: String,
}

/// The ticket, its events oldest first, and the token of the next page.
pub async fn list_events(
    tickets: &Tickets,
    caller: &Caller,
    history: History,
) -> Result<(Ticket, Vec<Event>, String), Fault> {
    let asked = paging::page_size(history.page_size)?;
    let after: i64 = paging::after(&history.page_token)?.unwrap_or(0);
    let ticket = get_ticket(tickets, caller, history.ticket_id).await?;
    let mut events = store::event::list(&tickets.pool, ticket.district_id, ticket.ticket_id, after, asked + 1).await?;
    let more = events.len() as i64 > asked;
    events.truncate(usize::try_from(asked).unwrap_or(0));
    let last = events.last().filter(|_| more).map(|event| paging::encode(&event.sequence));
    Ok((ticket, events, last.unwrap_or_default()))
}
