//! What councils have before them.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Tickets,
    store::{
        self,
        agenda::{AgendaItem, Wanted},
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
