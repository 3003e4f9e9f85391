//! What helps a liaison to decide: rulings that fit, and who usually handles such tickets.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::get_ticket;
use crate::{
    Tickets,
    error::Refusal,
    precedent::{Case, Fitting, Precedent, best, words},
    store::{self, precedent::Usual},
};

/// At most so many rulings are suggested.
const MOST: usize = 3;

/// What is suggested for a ticket.
#[derive(Debug)]
pub struct Suggestion {
    pub fitting: Vec<Fitting>,
    pub usual: Option<Usual>,
}

/// The rulings that fit a ticket best, and its usual department; where nothing is known of it, the category's own.
pub async fn suggest(tickets: &Tickets, caller: &Caller, ticket_id: Uuid) -> Result<Suggestion, Fault> {
    let ticket = get_ticket(tickets, caller, ticket_id).await?;
    if !caller.reaches_place(&ticket.place_path) {
        return Err(Refusal::PlaceNotAllowed.into());
    }
    let (pool, district) = (&tickets.pool, caller.district_id);
    let case =
        Case { category_code: &ticket.category_code, place_path: &ticket.place_path, words: words(&ticket.text) };
    let mut candidates = store::precedent::candidates(pool, district, &case).await?;
    candidates.retain(|precedent| precedent.ticket_id != ticket_id);
    let fitting = best(&case, candidates, MOST);
    let usual = store::precedent::usual(pool, district, &ticket.category_code, &ticket.place_above(2)).await?;
    let by_category = || {
        let category = tickets.categories.known(district, &ticket.category_code)?;
        let departments = tickets.staff.departments(district);
        let department_id = *departments.by_code.get(&category.department_code)?;
        Some(Usual { department_id, department_name: None, closed: 0, of: 0 })
    };
    let mut usual = usual.or_else(by_category);
    if let Some(usual) = usual.as_mut().filter(|usual| usual.department_name.is_none()) {
        usual.department_name = store::place::department_name(pool, district, usual.department_id).await?;
    }
    Ok(Suggestion { fitting, usual })
}

/// The rulings of the caller's district, with the token of the next page.
pub async fn list_precedents(
    tickets: &Tickets,
    caller: &Caller,
    category_code: &str,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Precedent>, String), Fault> {
    let asked = paging::page_size(page_size)?;
    let below = match paging::after::<(DateTime<Utc>, Uuid)>(page_token)? {
        Some((ruled_at, ticket_id)) => (paging::instant(ruled_at)?, ticket_id),
        None => (tickets.clock.now() + chrono::TimeDelta::days(1), Uuid::max()),
    };
    let mut found = store::precedent::list(&tickets.pool, caller.district_id, category_code, below, asked + 1).await?;
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).map(|precedent| (precedent.ruled_at, precedent.ticket_id));
    Ok((found, last.map(|last| paging::encode(&last)).unwrap_or_default()))
}
