//! Whether somebody has reported it already.
use chassis::{access::Caller, faults::Fault};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Location, check_media, get_ticket};
use crate::{
    Tickets,
    category::{Category, TO_BE_CLASSIFIED},
    error::Refusal,
    similar::{Asked, Similar, likeliest},
    store,
};

/// A report that has not been sent.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Empty: to be classified.
    pub category_code: String,
    pub location: Option<Location>,
    pub place_id: Option<Uuid>,
    pub media_ids: Vec<Uuid>,
}

/// At most 5 open tickets that may be what the caller is about to report.
pub async fn find_similar(tickets: &Tickets, caller: &Caller, draft: Draft) -> Result<Vec<Similar>, Fault> {
    check_media(tickets, caller, &draft.media_ids)?;
    if draft.location.is_none() && draft.place_id.is_none() {
        return Err(Fault::field("lng", "lng, lat and crs are needed, or place_id"));
    }
    let code = if draft.category_code.is_empty() { TO_BE_CLASSIFIED } else { &draft.category_code };
    let category = tickets.categories.find(&tickets.pool, caller.district_id, code).await?;
    let category = category.ok_or(Refusal::CategoryUnknown)?;
    let map = tickets.maps.of(&tickets.pool, caller.district_id).await?;
    let point = draft.location.as_ref().map(Location::gcj);
    let place = draft.place_id.and_then(|id| map.place(id)).or_else(|| point.and_then(|point| map.at(point)));
    let place_path = place.map(|place| place.path.clone()).unwrap_or_default();
    let draft = (None, point, place_path, draft.media_ids);
    likely(tickets, caller.district_id, draft, (&category, tickets.clock.now()), 5).await
}

/// At most 10 open tickets that may be the same matter as one.
pub async fn list_duplicates(tickets: &Tickets, caller: &Caller, ticket_id: Uuid) -> Result<Vec<Similar>, Fault> {
    let ticket = get_ticket(tickets, caller, ticket_id).await?;
    if !caller.reaches_place(&ticket.place_path) {
        return Err(Refusal::PlaceNotAllowed.into());
    }
    let category = tickets.categories.find(&tickets.pool, caller.district_id, &ticket.category_code).await?;
    let category = category.ok_or(Refusal::CategoryUnknown)?;
    let point = ticket.gcj_lng.zip(ticket.gcj_lat);
    let report = (Some(ticket_id), point, ticket.place_path, ticket.report_media);
    likely(tickets, caller.district_id, report, (&category, ticket.received_at), 10).await
}

type Report = (Option<Uuid>, Option<(f64, f64)>, String, Vec<Uuid>);

async fn likely(
    tickets: &Tickets,
    district: Uuid,
    (ticket_id, point, place_path, media_ids): Report,
    (category, at): (&Category, DateTime<Utc>),
    most: usize,
) -> Result<Vec<Similar>, Fault> {
    let since = at - TimeDelta::hours(category.duplicate_hours.into());
    let (category_code, metres) = (category.category_code.clone(), f64::from(category.duplicate_metres));
    let asked = Asked { ticket_id, category_code, point, place_path, media_ids, metres, since };
    let near = store::similar::near(&tickets.pool, district, &asked).await?;
    Ok(likeliest(&asked, near, most))
}
