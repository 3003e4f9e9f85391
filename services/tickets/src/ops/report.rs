//! T1: a report becomes a ticket in the pool of its street.
use chassis::{access::Caller, clock::business_date, faults::Fault, geo, telemetry};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{body_hash, check_media, check_text};
use crate::{
    Tickets,
    category::TO_BE_CLASSIFIED,
    decide::{Change, born_timers},
    error::Refusal,
    machine::State,
    map::DistrictMap,
    store::{self, place::Place, report::NewTicket},
    ticket::{Ticket, place_above},
};

/// A coordinate system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Crs {
    Wgs84,
    Gcj02,
}

impl Crs {
    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Wgs84 => "WGS84",
            Self::Gcj02 => "GCJ02",
        }
    }
}

/// A coordinate within China with its system.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Location {
    pub lng: f64,
    pub lat: f64,
    pub crs: Crs,
    pub accuracy_m: Option<f64>,
}

impl Location {
    /// The point in GCJ-02.
    pub fn gcj(&self) -> geo::Point {
        match self.crs {
            Crs::Wgs84 => geo::wgs84_to_gcj02((self.lng, self.lat)),
            Crs::Gcj02 => (self.lng, self.lat),
        }
    }
}

/// What somebody saw.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub ticket_id: Uuid,
    /// Empty: to be classified.
    pub category_code: String,
    pub text: String,
    pub location: Option<Location>,
    pub place_id: Option<Uuid>,
    pub media_ids: Vec<Uuid>,
    /// None: now.
    pub captured_at: Option<DateTime<Utc>>,
    /// To the public; never to the district.
    pub anonymous: bool,
}

/// Files a report; the same again answers the same ticket, even where it would be refused by now.
pub async fn report(tickets: &Tickets, caller: &Caller, report: Report) -> Result<Ticket, Fault> {
    let (id, request_hash) = (report.ticket_id, body_hash("report", &(caller.person_id, &report))?);
    match examine(tickets, caller, report, request_hash.clone()).await {
        Ok(ticket) => file(tickets, ticket).await,
        Err(refused) => {
            let known = store::ticket::get(&tickets.pool, caller.district_id, id).await?;
            known.filter(|known| known.request_hash == request_hash).ok_or(refused)
        }
    }
}

/// The ticket that a sound report becomes.
async fn examine(tickets: &Tickets, caller: &Caller, report: Report, hash: Vec<u8>) -> Result<NewTicket, Fault> {
    let now = tickets.clock.now();
    check(tickets, caller, &report, now)?;
    let code = if report.category_code.is_empty() { TO_BE_CLASSIFIED } else { report.category_code.as_str() };
    let category = tickets.categories.find(&tickets.pool, caller.district_id, code).await?;
    let category = category.ok_or(Refusal::CategoryUnknown)?;
    let (place_id, place_path) = locate(tickets, caller.district_id, &report).await?;
    let terms = tickets.terms.of(caller.district_id);
    let settings = &terms.settings;
    let claim_by = now + TimeDelta::minutes(settings.claim_minutes(category.priority));
    let dispatch_by = now + TimeDelta::minutes(settings.claim_minutes + settings.dispatch_minutes);
    let clock = category.clock();
    let mut ticket = Ticket {
        district_id: caller.district_id,
        ticket_id: report.ticket_id,
        number_prefix: number_prefix(&place_path, now),
        version: 1,
        state: State::Pool.code().into(),
        level: category.level,
        priority: category.priority,
        category_code: category.category_code.clone(),
        clock: clock.code().into(),
        resolve_minutes: category.resolve_minutes(),
        after_photo: category.after_photo,
        held_by: format!("street:{}", place_above(&place_path, 2)),
        place_id,
        place_path,
        reporter_id: caller.person_id,
        reporter_role: caller.role.as_str_name().into(),
        report_media: report.media_ids,
        captured_at: report.captured_at.unwrap_or(now),
        received_at: now,
        entered_at: Some(now),
        claim_by,
        promised_by: terms.calendar.add(dispatch_by, i64::from(category.resolve_minutes()), clock),
        text: report.text,
        anonymous: report.anonymous,
        request_hash: hash,
        legs: json!([]),
        invited: json!([]),
        refusals: json!([]),
        co_reports: json!([]),
        ..Ticket::default()
    };
    if let Some(location) = &report.location {
        set_point(&mut ticket, location);
    }
    born_timers(&mut ticket);
    let change = Change::born(ticket, telemetry::traceparent_of_current());
    Ok(NewTicket { facts: change.facts, told: change.told, traceparent: change.traceparent, ticket: change.after })
}

fn set_point(ticket: &mut Ticket, location: &Location) {
    let Location { lng, lat, crs, accuracy_m } = *location;
    let (gcj_lng, gcj_lat) = location.gcj();
    (ticket.lng, ticket.lat, ticket.crs, ticket.accuracy_m) =
        (Some(lng), Some(lat), Some(crs.code().into()), accuracy_m);
    (ticket.gcj_lng, ticket.gcj_lat) = (Some(gcj_lng), Some(gcj_lat));
}

/// Writes it, or answers what the same id has already written.
async fn file(tickets: &Tickets, new: NewTicket) -> Result<Ticket, Fault> {
    let (district, id, hash) = (new.ticket.district_id, new.ticket.ticket_id, new.ticket.request_hash.clone());
    if let Some(made) = tickets.reports.call(id, new).await? {
        return Ok(made);
    }
    let known = store::ticket::get(&tickets.pool, district, id).await?;
    let known = known.ok_or_else(|| Fault::unavailable("the ticket is being written"))?;
    if known.request_hash == hash { Ok(known) } else { Err(Fault::id_reused("ticket_id")) }
}

fn check(tickets: &Tickets, caller: &Caller, report: &Report, now: DateTime<Utc>) -> Result<(), Fault> {
    check_text("text", &report.text, 2000)?;
    if report.text.trim().is_empty() && report.media_ids.is_empty() {
        return Err(Refusal::EvidenceRequired.into());
    }
    check_media(tickets, caller, &report.media_ids)?;
    if report.location.is_none() && report.place_id.is_none() {
        return Err(Fault::field("location", "location or place_id is needed"));
    }
    match report.captured_at {
        Some(at) if at > now + TimeDelta::minutes(2) => Err(Refusal::CapturedInFuture.into()),
        Some(at) if at < now - TimeDelta::days(30) => {
            Err(Fault::field("captured_at", "must not be older than 30 days"))
        }
        _ => Ok(()),
    }
}

/// "GN261123-": the district's code and the business date.
fn number_prefix(path: &str, now: DateTime<Utc>) -> String {
    let district = path.split('.').next().unwrap_or_default().to_uppercase();
    format!("{district}{}-", business_date(now).format("%y%m%d"))
}

async fn locate(tickets: &Tickets, district: Uuid, report: &Report) -> Result<(Uuid, String), Fault> {
    let found = |place: &Place| (place.place_id, place.path.clone());
    let map = tickets.maps.of(&tickets.pool, district).await?;
    if let Ok(place) = place_of(&map, report) {
        return Ok(found(place));
    }
    let map = tickets.maps.fresh(&tickets.pool, district).await?;
    place_of(&map, report).map(found)
}

/// A place that was named wins if the coordinate lies within its accuracy of it; else the coordinate decides.
fn place_of<'a>(map: &'a DistrictMap, report: &Report) -> Result<&'a Place, Fault> {
    let point = report.location.as_ref().map(Location::gcj);
    if let Some(id) = report.place_id {
        let place = map.place(id).ok_or(Refusal::PlaceNotFound)?;
        if place.level < 2 {
            return Err(Fault::field("place_id", "must be a subdistrict or a place below one"));
        }
        let accuracy = report.location.as_ref().and_then(|location| location.accuracy_m).unwrap_or(0.0).max(50.0);
        let distance = point.and_then(|point| map.distance_m(place, point)).unwrap_or(0.0);
        return if distance <= accuracy { Ok(place) } else { Err(Refusal::PlaceMismatch(metres(distance)).into()) };
    }
    let place = point.and_then(|point| map.at(point));
    place.ok_or_else(|| Refusal::OutsideDistrict.into())
}

/// Whole metres; a float beyond the range saturates.
fn metres(distance: f64) -> u32 {
    distance.round() as u32
}
