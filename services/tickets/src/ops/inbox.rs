//! A person's messages.
use std::collections::HashMap;

use chassis::{access::Caller, faults::Fault, paging};
use uuid::Uuid;

use crate::{
    Tickets,
    store::{self, inbox::Message},
    ticket::Ticket,
};

/// The caller's messages, the newest first, with the token of the next page and how many are unread.
pub async fn list_inbox(
    tickets: &Tickets,
    caller: &Caller,
    unread: bool,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Message>, String, i64), Fault> {
    let asked = paging::page_size(page_size)?;
    let below: i64 = paging::after(page_token)?.unwrap_or(i64::MAX);
    let (pool, district, person) = (&tickets.pool, caller.district_id, caller.person_id);
    let mut found = store::inbox::list(pool, district, person, (below, unread), asked + 1).await?;
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).map(|message| paging::encode(&message.message_id));
    let unread = store::inbox::unread(pool, district, person).await?;
    Ok((found, last.unwrap_or_default(), unread))
}

/// How many messages about each of these tickets the caller has not read.
pub async fn unread_of(tickets: &Tickets, caller: &Caller, listed: &[Ticket]) -> Result<HashMap<Uuid, i64>, Fault> {
    let ids: Vec<Uuid> = listed.iter().map(|ticket| ticket.ticket_id).collect();
    let whose = (caller.district_id, caller.person_id);
    Ok(store::inbox::unread_of(&tickets.pool, whose, &ids).await?.into_iter().collect())
}

/// Which messages have been read.
#[derive(Clone, Debug, Default)]
pub struct ReadAsked {
    pub message_ids: Vec<i64>,
    pub ticket_id: Option<Uuid>,
    /// This one and all before it; 0: none.
    pub up_to: i64,
}

/// Marks the caller's messages read; answers how many are left unread.
pub async fn mark_read(tickets: &Tickets, caller: &Caller, asked: ReadAsked) -> Result<i64, Fault> {
    let whose = (caller.district_id, caller.person_id);
    let which = (&asked.message_ids[..], asked.ticket_id, asked.up_to);
    store::inbox::mark_read(&tickets.pool, whose, which, tickets.clock.now()).await?;
    Ok(store::inbox::unread(&tickets.pool, caller.district_id, caller.person_id).await?)
}
