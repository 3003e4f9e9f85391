//! A page of tickets.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Tickets,
    machine::State,
    store::{self, ticket::Page},
    ticket::{Scope, Ticket},
};

/// Which tickets, and which page of them.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub state: Option<State>,
    pub mine: bool,
    pub page_size: i32,
    pub page_token: String,
}

/// The caller's own, or what their posts reach; couriers and residents see the district's. With the token of the next page.
pub async fn list_tickets(
    tickets: &Tickets,
    caller: &Caller,
    listing: Listing,
) -> Result<(Vec<Ticket>, String), Fault> {
    let asked = paging::page_size(listing.page_size)?;
    let below = match paging::after::<(DateTime<Utc>, Uuid)>(&listing.page_token)? {
        Some((received_at, ticket_id)) => (paging::instant(received_at)?, ticket_id),
        None => (last_instant(), Uuid::max()),
    };
    let page = Page { state: listing.state.map(State::code), below, rows: asked + 1 };
    let (pool, district) = (&tickets.pool, caller.district_id);
    let scope = Scope::of(caller);
    let mut found = if listing.mine {
        store::ticket::list_mine(pool, district, caller.person_id, page).await?
    } else if scope == Scope::default() {
        store::ticket::list_district(pool, district, page).await?
    } else {
        store::ticket::list_scope(pool, district, &scope, page).await?
    };
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).map(|ticket| (ticket.received_at, ticket.ticket_id));
    Ok((found, last.map(|last| paging::encode(&last)).unwrap_or_default()))
}

/// Later than any ticket, and within what PostgreSQL keeps.
fn last_instant() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default()
}
