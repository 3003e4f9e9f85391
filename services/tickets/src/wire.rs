//! Protobuf ⇄ domain: the only place that names both.
pub mod answers;
pub mod casework;
pub mod channel;
pub mod deeds;
pub mod figures;
pub mod inbox;
pub mod precedent;
pub mod staff;
pub mod terms;

use chassis::{clock::instant, faults::Fault};
use chrono::{DateTime, FixedOffset, Utc};
use proto::{residents::v1 as residents, tickets::v1 as wire};
use uuid::Uuid;

use crate::{
    error::Refusal,
    machine::State,
    ops::{Crs, Dispatch, History, Listing, Location, Report, Target},
};

/// The etag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// An instant as people of the district read it.
pub fn local(at: DateTime<Utc>, format: &str) -> String {
    let offset = FixedOffset::east_opt(8 * 3600);
    offset.map(|offset| at.with_timezone(&offset).format(format).to_string()).unwrap_or_default()
}

/// An id as a client chooses it: any UUID but the nil one.
pub fn id(field: &str, text: &str) -> Result<Uuid, Fault> {
    let id = Uuid::try_parse(text).ok().filter(|id| !id.is_nil());
    id.ok_or_else(|| Fault::field(field, "must be a UUID, for example 01938c1e-7d2a-7c3f-9a51-0242ac120002"))
}

fn ids(field: &str, texts: &[String]) -> Result<Vec<Uuid>, Fault> {
    texts.iter().enumerate().map(|(at, text)| id(&format!("{field}[{at}]"), text)).collect()
}

/// The ticket a transition is about.
pub fn target(ticket_id: &str, if_match: Option<i64>) -> Result<Target, Fault> {
    Ok(Target { ticket_id: id("ticket_id", ticket_id)?, if_match })
}

pub fn report(request: wire::ReportRequest) -> Result<Report, Fault> {
    let captured_at = request
        .captured_at
        .as_ref()
        .map(|at| instant(at).ok_or_else(|| Fault::field("captured_at", "must be an RFC 3339 time")));
    Ok(Report {
        ticket_id: id("ticket_id", &request.ticket_id)?,
        category_code: request.category_code,
        text: request.text,
        location: request.location.map(location).transpose()?,
        place_id: request.place_id.map(|text| id("place_id", &text)).transpose()?,
        media_ids: ids("media_ids", &request.media_ids)?,
        captured_at: captured_at.transpose()?,
        anonymous: request.anonymous,
    })
}

fn location(location: residents::Location) -> Result<Location, Fault> {
    let crs = match location.crs() {
        residents::location::Crs::Unspecified => return Err(Refusal::CrsRequired.into()),
        residents::location::Crs::Wgs84 => Crs::Wgs84,
        residents::location::Crs::Gcj02 => Crs::Gcj02,
    };
    let lng = within("location.lng", location.lng, 72.004, 137.8347)?;
    let lat = within("location.lat", location.lat, 0.8293, 55.8271)?;
    let accuracy = location.accuracy_m.map(|metres| within("location.accuracy_m", Some(metres), 0.0, 10_000.0));
    Ok(Location { lng, lat, crs, accuracy_m: accuracy.transpose()? })
}

fn within(field: &str, value: Option<f64>, least: f64, most: f64) -> Result<f64, Fault> {
    let value = value.filter(|value| (least..=most).contains(value));
    value.ok_or_else(|| Fault::field(field, format!("must be a number from {least} to {most}")))
}

pub fn dispatch(request: wire::DispatchRequest, if_match: Option<i64>) -> Result<Dispatch, Fault> {
    let target = target(&request.ticket_id, if_match)?;
    let department_id = id("department_id", &request.department_id)?;
    let assisting = ids("assisting_ids", &request.assisting_ids)?;
    Ok(Dispatch { target, department_id, assisting, text: deeds::note(request.text)? })
}

pub fn listing(request: wire::ListTicketsRequest) -> Result<Listing, Fault> {
    let unknown = || Fault::field("state", "must be a state of a ticket");
    let state = wire::ticket::State::try_from(request.state).map_err(|_| unknown())?;
    let state = State::of(state.as_str_name());
    let wire::ListTicketsRequest { mine, page_size, page_token, .. } = request;
    Ok(Listing { state, mine, page_size, page_token })
}

pub fn history(request: wire::ListEventsRequest) -> Result<History, Fault> {
    let wire::ListEventsRequest { ticket_id, page_size, page_token } = request;
    Ok(History { ticket_id: id("ticket_id", &ticket_id)?, page_size, page_token })
}
