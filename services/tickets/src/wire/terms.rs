//! The district's terms on the wire.
use std::collections::{BTreeMap, HashSet};

use chassis::{
    clock::{instant, timestamp},
    faults::Fault,
};
use chrono::{DateTime, NaiveDate, Utc};
use proto::tickets::v1 as wire;

use super::{etag, id};
use crate::{
    calendar::ClockMode,
    category::Category,
    ops::{ListedDay, NewDuty, check_text},
    store::{calendar_day::OwnDay, category::CategoryVersion},
    terms::{DistrictTerms, Duty, OwnTerms, Phone, TIMERS},
    wire::answers,
};

fn minutes(timers: &wire::Timers) -> [Option<i32>; TIMERS.len()] {
    [
        timers.claim_minutes,
        timers.claim_minutes_p0,
        timers.dispatch_minutes,
        timers.accept_minutes,
        timers.coord_minutes,
        timers.coord_minutes_unclaimed,
        timers.verify_minutes,
        timers.rate_minutes,
        timers.review_minutes_most,
        timers.pause_minutes_most,
        timers.extension_minutes_most,
        timers.appeal_minutes,
        timers.reopen_minutes,
    ]
}

pub fn own_terms(request: &wire::PutTermsRequest) -> Result<OwnTerms, Fault> {
    let mut timers = BTreeMap::new();
    let asked = request.timers.as_ref().map(minutes).unwrap_or_default();
    for ((name, _, allowed), asked) in TIMERS.into_iter().zip(asked) {
        let Some(minutes) = asked.map(i64::from) else { continue };
        if !allowed.contains(&minutes) {
            let wrong = format!("must be from {} to {} minutes", allowed.start(), allowed.end());
            return Err(Fault::field(format!("timers.{name}"), wrong));
        }
        timers.insert(name.to_owned(), minutes);
    }
    let hours = hours(&request.working_hours)?;
    if request.emergency_phones.len() > 50 {
        return Err(Fault::field("emergency_phones", "at most 50"));
    }
    let phones = request.emergency_phones.iter().enumerate().map(|(at, phone)| emergency_phone(at, phone));
    Ok(OwnTerms { version: 0, timers, hours, phones: phones.collect::<Result<_, _>>()?, changed_at: None })
}

fn hours(spans: &[wire::WorkingHours]) -> Result<Vec<(i64, i64)>, Fault> {
    let mut hours: Vec<(i64, i64)> =
        spans.iter().map(|span| (span.from_minute.into(), span.until_minute.into())).collect();
    hours.sort_unstable();
    let sound = hours.len() <= 6
        && hours.iter().all(|(from, until)| *from >= 0 && from < until && *until <= 24 * 60)
        && hours.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    let wrong = "at most 6 stretches of the day in minutes, each ending after it begins, none overlapping";
    if sound { Ok(hours) } else { Err(Fault::field("working_hours", wrong)) }
}

fn emergency_phone(at: usize, phone: &wire::EmergencyPhone) -> Result<Phone, Fault> {
    let field = |name: &str| format!("emergency_phones[{at}].{name}");
    filled(&field("name"), &phone.name, 40)?;
    code(&field("category_code"), &phone.category_code, 0)?;
    let digits = phone.phone.chars().filter(char::is_ascii_digit).count();
    let sound = phone.phone.chars().all(|c| c.is_ascii_digit() || c == '+' || c == '-') && phone.phone.len() <= 24;
    if !sound || !(3..=20).contains(&digits) {
        return Err(Fault::field(field("phone"), "must be 3 to 20 digits, with + and - where needed"));
    }
    Ok(Phone {
        category_code: phone.category_code.clone(),
        name: phone.name.trim().to_owned(),
        phone: phone.phone.clone(),
    })
}

fn filled(field: &str, text: &str, most: usize) -> Result<(), Fault> {
    check_text(field, text, most)?;
    if text.trim().is_empty() { Err(Fault::field(field, format!("must be 1 to {most} characters"))) } else { Ok(()) }
}

fn code(field: &str, text: &str, least: usize) -> Result<(), Fault> {
    let sound = (least..=20).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric());
    if sound { Ok(()) } else { Err(Fault::field(field, "must be 1 to 20 letters and digits")) }
}

pub fn terms(terms: &DistrictTerms) -> wire::Terms {
    let mut settings = terms.settings;
    let mut held = TIMERS.into_iter().map(|(_, place, _)| i32::try_from(*place(&mut settings)).ok());
    let mut next = || held.next().flatten();
    let timers = wire::Timers {
        claim_minutes: next(),
        claim_minutes_p0: next(),
        dispatch_minutes: next(),
        accept_minutes: next(),
        coord_minutes: next(),
        coord_minutes_unclaimed: next(),
        verify_minutes: next(),
        rate_minutes: next(),
        review_minutes_most: next(),
        pause_minutes_most: next(),
        extension_minutes_most: next(),
        appeal_minutes: next(),
        reopen_minutes: next(),
    };
    let minute = |minute: i64| i32::try_from(minute).unwrap_or_default();
    let span =
        |(from, until): &(i64, i64)| wire::WorkingHours { from_minute: minute(*from), until_minute: minute(*until) };
    wire::Terms {
        timers: Some(timers),
        own: terms.own.timers.keys().cloned().collect(),
        working_hours: terms.calendar.hours().iter().map(span).collect(),
        emergency_phones: terms.own.phones.iter().map(phone).collect(),
        version: terms.own.version,
        etag: etag(terms.own.version.into()),
        changed_at: terms.own.changed_at.map(timestamp),
    }
}

pub fn phone(phone: &Phone) -> wire::EmergencyPhone {
    let Phone { category_code, name, phone } = phone.clone();
    wire::EmergencyPhone { category_code, name, phone }
}

pub fn days(days: &[wire::CalendarDay]) -> Result<Vec<OwnDay>, Fault> {
    if !(1..=400).contains(&days.len()) {
        return Err(Fault::field("days", "must be 1 to 400 days"));
    }
    let mut seen = HashSet::new();
    let day = |(at, day): (usize, &wire::CalendarDay)| {
        let field = |name: &str| format!("days[{at}].{name}");
        let date: Option<NaiveDate> = day.date.parse().ok();
        let date = date.ok_or_else(|| Fault::field(field("date"), "must be a date, for example 2026-10-01"))?;
        if !seen.insert(date) {
            return Err(Fault::field(field("date"), "the same date twice"));
        }
        if !["HOLIDAY", "WORKDAY", "ORDINARY"].contains(&day.kind.as_str()) {
            return Err(Fault::field(field("kind"), "must be HOLIDAY, WORKDAY or ORDINARY"));
        }
        check_text(&field("name"), &day.name, 40)?;
        Ok(OwnDay { day: date, kind: day.kind.clone(), name: day.name.clone() })
    };
    days.iter().enumerate().map(day).collect()
}

pub fn day((day, own): ListedDay) -> wire::CalendarDay {
    wire::CalendarDay { date: day.day.to_string(), kind: day.kind, name: day.name, own }
}

pub fn new_duty(request: &wire::PutDutyRequest) -> Result<NewDuty, Fault> {
    let time = |field: &str, at: &Option<prost_types::Timestamp>| {
        let at = at.as_ref().and_then(instant).filter(|at| (2020..=2100).contains(&chrono::Datelike::year(at)));
        at.ok_or_else(|| Fault::field(field, "must be an RFC 3339 time"))
    };
    Ok(NewDuty {
        duty_id: id("duty_id", &request.duty_id)?,
        person_id: id("person_id", &request.person_id)?,
        place_id: id("place_id", &request.place_id)?,
        from_at: time("from_at", &request.from_at)?,
        until_at: time("until_at", &request.until_at)?,
        stands_in_for: request.stands_in_for.as_ref().map(|text| id("stands_in_for", text)).transpose()?,
    })
}

pub fn since(at: &Option<prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>, Fault> {
    let read = |at| instant(at).ok_or_else(|| Fault::field("from_at", "must be an RFC 3339 time"));
    at.as_ref().map(read).transpose()
}

pub fn duty(duty: Duty) -> wire::Duty {
    wire::Duty {
        duty_id: duty.duty_id.to_string(),
        person_id: duty.person_id.to_string(),
        person_name: duty.person_name.unwrap_or_default(),
        place_id: duty.place_id.to_string(),
        place_path: duty.place_path,
        from_at: Some(timestamp(duty.from_at)),
        until_at: Some(timestamp(duty.until_at)),
        stands_in_for: duty.stands_in_for.map(|id| id.to_string()),
        cancelled_at: duty.cancelled_at.map(timestamp),
    }
}

pub fn wanted_category(request: wire::PutCategoryRequest) -> Result<Category, Fault> {
    let number = |field: &str, value: i32, most: i32| {
        let within = (1..=most).contains(&value).then_some(value);
        within.ok_or_else(|| Fault::field(field, format!("must be from 1 to {most}")))
    };
    code("category_code", &request.category_code, 1)?;
    filled("name", &request.name, 40)?;
    check_text("english_name", &request.english_name, 80)?;
    filled("department_code", &request.department_code, 40)?;
    check_text("tile", &request.tile, 8)?;
    check_text("source", &request.source, 200)?;
    let level = i16::try_from(request.level).ok().filter(|level| (1..=4).contains(level));
    let level = level.ok_or_else(|| Fault::field("level", "must be DISTRICT, SUBDISTRICT, COMMUNITY or COMPOUND"))?;
    let priority = i16::try_from(request.priority - 1).ok().filter(|priority| (0..=3).contains(priority));
    let priority = priority.ok_or_else(|| Fault::field("priority", "must be P0, P1, P2 or P3"))?;
    if ClockMode::of(&request.clock).is_none() {
        return Err(Fault::field("clock", "must be NATURAL or WORKING"));
    }
    let or = |value: i32, default: i32| if value == 0 { default } else { value };
    Ok(Category {
        district_id: uuid::Uuid::nil(),
        resolve_hours: number("resolve_hours", request.resolve_hours, 2_000)?,
        duplicate_metres: number("duplicate_metres", or(request.duplicate_metres, 50), 1_000)?,
        duplicate_hours: number("duplicate_hours", or(request.duplicate_hours, 72), 720)?,
        category_code: request.category_code,
        name: request.name.trim().to_owned(),
        english_name: request.english_name,
        level,
        priority,
        clock: request.clock,
        after_photo: request.after_photo,
        department_code: request.department_code,
        tile: request.tile,
        source: request.source,
        version: 0,
        retired: request.retired,
    })
}

pub fn category_version(version: &CategoryVersion) -> wire::CategoryVersion {
    wire::CategoryVersion {
        category: Some(answers::category(&version.category)),
        changed_by: version.changed_by.to_string(),
        changed_by_name: version.changed_by_name.clone().unwrap_or_default(),
        changed_at: Some(timestamp(version.changed_at)),
    }
}
