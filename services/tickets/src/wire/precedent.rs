//! Rulings, suggestions and similar tickets on the wire.
use chassis::{clock::timestamp, faults::Fault};
use proto::{
    residents::v1::Location,
    tickets::v1::{self as wire, similar_tickets, suggestions, ticket::DepartmentRef},
};
use uuid::Uuid;

use super::{id, ids, location};
use crate::{
    Tickets,
    ops::{Draft, Suggestion},
    precedent,
    similar::Similar,
    store::similar::Photo,
};

pub fn precedent(tickets: &Tickets, district: Uuid, precedent: precedent::Precedent) -> wire::Precedent {
    let category = tickets.categories.known(district, &precedent.category_code);
    let name = precedent.department_name.unwrap_or_default();
    wire::Precedent {
        ticket_id: precedent.ticket_id.to_string(),
        number: precedent.number,
        category_name: category.map(|category| category.name.clone()).unwrap_or_default(),
        category_code: precedent.category_code,
        place_path: precedent.place_path,
        place_name: precedent.place_name.unwrap_or_default(),
        department: precedent.department_id.map(|id| DepartmentRef { department_id: id.to_string(), name }),
        reason: precedent.reason,
        ruled_at: Some(timestamp(precedent.ruled_at)),
    }
}

pub fn suggestions(tickets: &Tickets, district: Uuid, suggestion: Suggestion) -> wire::Suggestions {
    let fitting = |fitting: precedent::Fitting| suggestions::Fitting {
        precedent: Some(precedent(tickets, district, fitting.precedent)),
        score: i32::try_from(fitting.score).unwrap_or(100),
        why: fitting.why,
    };
    let usual = suggestion.usual.map(|usual| suggestions::Usual {
        why: match usual.of {
            0 => "类别的默认部门".to_owned(),
            of => format!("同类事项已结案 {of} 件，其中 {} 件由该部门办理", usual.closed),
        },
        department: Some(DepartmentRef {
            department_id: usual.department_id.to_string(),
            name: usual.department_name.unwrap_or_default(),
        }),
        closed: usual.closed,
        of: usual.of,
    });
    wire::Suggestions { fitting: suggestion.fitting.into_iter().map(fitting).collect(), usual }
}

pub fn draft(request: wire::FindSimilarRequest) -> Result<Draft, Fault> {
    let wire::FindSimilarRequest { category_code, lng, lat, crs, place_id, media_ids } = request;
    let asked = lng.is_some() || lat.is_some();
    let point = asked.then(|| location(Location { lng, lat, crs, accuracy_m: None })).transpose()?;
    Ok(Draft {
        category_code,
        location: point,
        place_id: place_id.map(|text| id("place_id", &text)).transpose()?,
        media_ids: ids("media_ids", &media_ids)?,
    })
}

pub fn similar(tickets: &Tickets, district: Uuid, found: Vec<Similar>) -> wire::SimilarTickets {
    let similar = |one: Similar| {
        let category = tickets.categories.known(district, &one.near.category_code);
        similar_tickets::Similar {
            ticket_id: one.near.ticket_id.to_string(),
            number: one.near.number,
            state: super::answers::state(&one.near.state),
            category_name: category.map(|category| category.name.clone()).unwrap_or_default(),
            category_code: one.near.category_code,
            place_name: one.near.place_name.unwrap_or_default(),
            distance_m: one.distance_m,
            received_at: Some(timestamp(one.near.received_at)),
            co_report_count: one.near.co_reports,
            same_photo: one.near.same_photo,
            score: one.score,
            why: one.why,
        }
    };
    wire::SimilarTickets { similar: found.into_iter().map(similar).collect() }
}

pub fn photo(request: &wire::KeepPhotoRequest, at: chrono::DateTime<chrono::Utc>) -> Result<Photo, Fault> {
    if request.sha256.len() != 32 {
        return Err(Fault::field("sha256", "must be 32 bytes"));
    }
    Ok(Photo {
        district_id: id("district_id", &request.district_id)?,
        media_id: id("media_id", &request.media_id)?,
        sha256: request.sha256.clone(),
        look: request.look,
        at,
    })
}
