//! Protobuf ⇄ domain.
use chassis::{clock::timestamp, geo::Point};
use chrono::NaiveDate;
use proto::{
    api::v1::post::Role,
    residents::v1::{self as proto_v1, list_sandbox_people_response as people, located_place::Nearby, location},
};
use uuid::Uuid;

use crate::{
    error::Error,
    map::Located,
    ops::{
        appoint::Appointment,
        locate_place::Crs,
        request_code::CodeSent,
        set_up::{Installed, SetUp},
    },
    person::Person,
    phone::Phone,
    place::{COMPOUND, Place},
    post::HeldPost,
    sandbox_person::SandboxPerson,
    session::SignedIn,
    store::department::Department,
};

pub fn id(field: &'static str, text: &str) -> Result<Uuid, Error> {
    let id = text.parse().ok().filter(|id: &Uuid| !id.is_nil());
    id.ok_or_else(|| Error::field(field, "must be a UUID, and not the nil UUID"))
}

/// An id that may be left out; the empty text counts as left out.
pub fn optional_id(field: &'static str, text: Option<&str>) -> Result<Option<Uuid>, Error> {
    text.filter(|text| !text.is_empty()).map(|text| id(field, text)).transpose()
}

fn optional_date(field: &'static str, text: Option<&str>) -> Result<Option<NaiveDate>, Error> {
    let wrong = || Error::field(field, "must be a date like 2026-11-23, of the years 2000 to 2199");
    let parse = |text: &str| crate::post::date(text).ok_or_else(wrong);
    text.filter(|text| !text.is_empty()).map(parse).transpose()
}

pub fn appointment(asked: proto_v1::AppointRequest) -> Result<Appointment, Error> {
    let role = Role::try_from(asked.role).ok().filter(|role| *role != Role::Unspecified);
    Ok(Appointment {
        post_id: id("post_id", &asked.post_id)?,
        phone: Phone::parse(&asked.phone)?,
        name: asked.name.trim().to_owned(),
        role: role.ok_or_else(|| Error::field("role", "must be one of the roles"))?,
        place_id: id("place_id", &asked.place_id)?,
        department_id: optional_id("department_id", asked.department_id.as_deref())?,
        from_date: optional_date("from_date", Some(&asked.from_date))?,
        until_date: optional_date("until_date", asked.until_date.as_deref())?,
    })
}

pub fn coordinate(asked: &proto_v1::LocatePlaceRequest) -> Result<(Point, Crs), Error> {
    let crs = match location::Crs::try_from(asked.crs) {
        Ok(location::Crs::Wgs84) => Crs::Wgs84,
        Ok(location::Crs::Gcj02) => Crs::Gcj02,
        _ => return Err(Error::CoordinateSystemRequired),
    };
    let lng = asked.lng.ok_or_else(|| Error::field("lng", "must be given, in degrees east"))?;
    let lat = asked.lat.ok_or_else(|| Error::field("lat", "must be given, in degrees north"))?;
    if asked.accuracy_m.is_some_and(|metres| !(0.0..=10_000.0).contains(&metres)) {
        return Err(Error::field("accuracy_m", "must be from 0 to 10000"));
    }
    Ok(((lng, lat), crs))
}

pub fn set_up(asked: proto_v1::SetUpRequest) -> SetUp {
    let proto_v1::SetUpRequest { token, district_name, district_code, name, phone } = asked;
    SetUp { token, district_name, district_code, name, phone }
}

pub fn installed(installed: &Installed) -> proto_v1::SetUpResponse {
    proto_v1::SetUpResponse {
        district_id: installed.district_id.to_string(),
        person_id: installed.person_id.to_string(),
        created_at: Some(timestamp(installed.created_at)),
    }
}

pub fn code_sent(sent: &CodeSent) -> proto_v1::RequestCodeResponse {
    proto_v1::RequestCodeResponse { resend_after_s: sent.resend_after_s, valid_for_s: sent.valid_for_s }
}

pub fn session(signed_in: SignedIn) -> proto_v1::Session {
    proto_v1::Session {
        access_token: signed_in.access_token,
        refresh_token: signed_in.refresh_token,
        expires_at: Some(timestamp(signed_in.expires_at)),
        person: Some(person(signed_in.person)),
    }
}

pub fn person(person: Person) -> proto_v1::Person {
    proto_v1::Person {
        person_id: person.person_id.to_string(),
        name: person.name,
        phone: person.phone,
        district_id: person.district_id.to_string(),
        district_name: person.district_name,
        posts: person.posts.into_iter().map(post).collect(),
    }
}

pub fn post(post: HeldPost) -> proto_v1::HeldPost {
    proto_v1::HeldPost {
        role: post.role().into(),
        post_id: post.post_id.map(|id| id.to_string()).unwrap_or_default(),
        place_id: post.place_id.to_string(),
        place_name: post.place_name,
        place_path: post.place_path,
        level: i32::from(post.level),
        department_id: post.department_id.map(|id| id.to_string()),
        department_name: post.department_name,
        from_date: post.from_date.to_string(),
        until_date: post.until_date.map(|date| date.to_string()),
        person_id: post.person_id.to_string(),
    }
}

pub fn departments((departments, next_page_token): (Vec<Department>, String)) -> proto_v1::ListDepartmentsResponse {
    let wire = |department: Department| proto_v1::Department {
        department_id: department.department_id.to_string(),
        name: department.name,
        code: department.code,
    };
    proto_v1::ListDepartmentsResponse { departments: departments.into_iter().map(wire).collect(), next_page_token }
}

pub fn places((places, next_page_token): (Vec<Place>, String)) -> proto_v1::ListPlacesResponse {
    proto_v1::ListPlacesResponse { places: places.into_iter().map(place).collect(), next_page_token }
}

fn place(place: Place) -> proto_v1::Place {
    let center = place.center_lng.zip(place.center_lat).map(|(lng, lat)| proto_v1::Location {
        lng: Some(lng),
        lat: Some(lat),
        crs: location::Crs::Gcj02.into(),
        accuracy_m: None,
    });
    proto_v1::Place {
        place_id: place.place_id.to_string(),
        name: place.name,
        level: i32::from(place.level),
        parent_id: place.parent_id.map(|id| id.to_string()),
        path: place.path,
        full_name: place.full_name,
        center,
    }
}

pub fn located(located: Located) -> proto_v1::LocatedPlace {
    let at = |level: i16| located.holders.iter().find(|holder| holder.level == level).cloned().map(place);
    proto_v1::LocatedPlace {
        compound: at(COMPOUND),
        community: at(COMPOUND - 1),
        subdistrict: at(COMPOUND - 2),
        place: located.holders.first().cloned().map(place),
        nearest: located
            .nearest
            .into_iter()
            .map(|(near, distance_m)| Nearby { place: Some(place(near)), distance_m })
            .collect(),
    }
}

pub fn sandbox_people(people: Vec<SandboxPerson>) -> proto_v1::ListSandboxPeopleResponse {
    proto_v1::ListSandboxPeopleResponse { people: people.into_iter().map(sandbox_person).collect() }
}

fn sandbox_person(person: SandboxPerson) -> people::SandboxPerson {
    let point = |(lng, lat)| people::Point { lng, lat, crs: "GCJ02".to_owned() };
    people::SandboxPerson {
        person_id: person.person_id.to_string(),
        name: person.name,
        role: crate::post::role(&person.role).unwrap_or(Role::Unspecified).into(),
        place_name: person.place_name,
        phone: person.phone,
        department_id: person.department_id.map(|id| id.to_string()),
        location: person.location.map(point),
        district_id: person.district_id.to_string(),
        place_id: person.place_id.to_string(),
        district_name: person.district_name,
    }
}
