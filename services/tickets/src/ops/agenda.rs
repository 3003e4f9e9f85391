//! What councils have before them, and who was struck.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    Tickets,
    error::Refusal,
    store::{
        self,
        agenda::{AgendaItem, Wanted},
        strike::Strike,
    },
};

/// Which part of the agendas.
#[derive(Clone, Debug)]
pub struct AgendaAsked {
    pub state: Option<&'static str>,
    pub due: bool,
    /// Empty: of every council.
    pub council_path: String,
    pub page_size: i32,
    pub page_token: String,
}

/// A page of the agenda items within the caller's reach, the next review first, with the token of the next page.
pub async fn list_agenda_items(
    tickets: &Tickets,
    caller: &Caller,
    asked: AgendaAsked,
) -> Result<(Vec<AgendaItem>, String), Fault> {
    let size = paging::page_size(asked.page_size)?;
    let above = match paging::after::<(DateTime<Utc>, Uuid)>(&asked.page_token)? {
        Some((review_at, ticket_id)) => (paging::instant(review_at)?, ticket_id),
        None => (DateTime::UNIX_EPOCH, Uuid::nil()),
    };
    let wanted = Wanted {
        district_id: caller.district_id,
        places: (!caller.reach.district).then_some(&caller.reach.places[..]),
        council_path: &asked.council_path,
        state: asked.state,
        due: asked.due,
    };
    let mut items = store::agenda::list(&tickets.pool, &wanted, above, size + 1).await?;
    tickets.categories.ensure(&tickets.pool).await?;
    let next = paging::cut(&mut items, size, |last| (last.review_at, last.ticket_id));
    Ok((items, next))
}

/// A page of a person's strikes, the newest first: the caller's own, or for the staff those within their reach.
pub async fn list_strikes(
    tickets: &Tickets,
    caller: &Caller,
    person_id: Option<Uuid>,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Strike>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let below = match paging::after::<(DateTime<Utc>, Uuid)>(page_token)? {
        Some((at, ticket_id)) => (paging::instant(at)?, ticket_id),
        None => (tickets.clock.now() + TimeDelta::days(1), Uuid::max()),
    };
    let person_id = person_id.unwrap_or(caller.person_id);
    let (reach, own) = (&caller.reach, person_id == caller.person_id);
    if !own && !reach.district && reach.places.is_empty() {
        return Err(Refusal::NotYours.into());
    }
    let places = (!own && !reach.district).then_some(&reach.places[..]);
    let whose = (caller.district_id, person_id);
    let mut strikes = store::strike::list(&tickets.pool, whose, places, below, size + 1).await?;
    let next = paging::cut(&mut strikes, size, |last| (last.at, last.ticket_id));
    Ok((strikes, next))
}
