//! Who was struck for reports in bad faith.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    Tickets,
    error::Refusal,
    store::{self, strike::Strike},
};

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
