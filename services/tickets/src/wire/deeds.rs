//! Requests of transitions as deeds: every field is checked here.
use chassis::{access::Caller, clock::instant, faults::Fault};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use prost_types::Timestamp;
use proto::tickets::v1::{self as wire, council_resolution::Decision};
use uuid::Uuid;

use super::{id, ids, location};
use crate::{
    Tickets,
    decide::{Away, Deed, Ruling},
    error::Refusal,
    ops::{check_media, check_text},
    ticket::{CouncilDecision, Resolution},
};

const REASONS_OF_PAUSE: [&str; 6] = ["WEATHER", "MATERIALS", "BUDGET", "THIRD_PARTY", "LEGAL", "OTHER"];

/// 1 to 1000 characters.
pub fn reason(field: &'static str, text: String) -> Result<String, Fault> {
    if text.trim().is_empty() {
        return Err(Refusal::ReasonRequired(field).into());
    }
    check_text(field, &text, 1000)?;
    Ok(text)
}

/// At most 1000 characters.
pub fn note(text: String) -> Result<String, Fault> {
    check_text("text", &text, 1000)?;
    Ok(text)
}

fn time(field: &str, at: Option<&Timestamp>) -> Result<DateTime<Utc>, Fault> {
    at.and_then(instant).ok_or_else(|| Fault::field(field, "must be an RFC 3339 time"))
}

fn photos(tickets: &Tickets, caller: &Caller, texts: &[String]) -> Result<Vec<Uuid>, Fault> {
    let media = ids("media_ids", texts)?;
    check_media(tickets, caller, &media)?;
    Ok(media)
}

pub fn resolve(tickets: &Tickets, caller: &Caller, request: wire::ResolveRequest) -> Result<Deed, Fault> {
    if request.text.trim().is_empty() {
        return Err(Refusal::TextRequired.into());
    }
    check_text("text", &request.text, 2000)?;
    check_text("away_reason", &request.away_reason, 500)?;
    let point = request.location.map(location).transpose()?.map(|location| location.gcj());
    let away = Away { point, reason: request.away_reason };
    Ok(Deed::Resolve { media: photos(tickets, caller, &request.media_ids)?, text: request.text, away })
}

pub fn rate(request: wire::RateRequest) -> Result<Deed, Fault> {
    let satisfied = request.satisfied.ok_or_else(|| Fault::field("satisfied", "must be true or false"))?;
    let solved = request.solved.unwrap_or(satisfied);
    if satisfied && !solved {
        return Err(Fault::field("solved", "must not be false where satisfied is true"));
    }
    check_text("comment", &request.comment, 500)?;
    if !satisfied && request.comment.trim().is_empty() {
        return Err(Refusal::CommentRequired.into());
    }
    Ok(Deed::Rate { satisfied, solved, comment: request.comment })
}

pub fn ruling(request: wire::RuleRequest) -> Result<(Ruling, String), Fault> {
    let department_id = Some(request.department_id).filter(|text| !text.is_empty());
    let department_id = department_id.map(|text| id("department_id", &text)).transpose()?;
    let assisting = ids("assisting_ids", &request.assisting_ids)?;
    if department_id.is_none() && !assisting.is_empty() {
        return Err(Fault::field("assisting_ids", "only where a department leads"));
    }
    let extension_minutes = request.extension_minutes.map(i64::from);
    if extension_minutes.is_some_and(|minutes| !(1..=43_200).contains(&minutes)) {
        return Err(Fault::field("extension_minutes", "must be 1 to 43200"));
    }
    Ok((Ruling { department_id, assisting, extension_minutes }, reason("reason", request.reason)?))
}

pub fn request_pause(request: wire::RequestPauseRequest) -> Result<Deed, Fault> {
    let until = time("until", request.until.as_ref())?;
    if !REASONS_OF_PAUSE.contains(&request.reason_code.as_str()) {
        return Err(Fault::field("reason_code", format!("must be one of {}", REASONS_OF_PAUSE.join(", "))));
    }
    Ok(Deed::RequestPause { reason_code: request.reason_code, text: reason("text", request.text)?, until })
}

pub fn pause(request: wire::PauseRequest) -> Result<Deed, Fault> {
    let until = request.until.as_ref().map(|at| time("until", Some(at))).transpose()?;
    Ok(Deed::Pause { until, text: note(request.text)? })
}

pub fn mediate(request: wire::MediateRequest) -> Result<Deed, Fault> {
    if !request.consent {
        return Err(Refusal::ConsentRequired.into());
    }
    let mediation_case_id = id("mediation_case_id", &request.mediation_case_id)?;
    Ok(Deed::Mediate { mediation_case_id, until: time("until", request.until.as_ref())?, text: note(request.text)? })
}

pub fn check(request: wire::CheckRequest) -> Result<Deed, Fault> {
    let passed = request.passed.ok_or_else(|| Fault::field("passed", "must be true or false"))?;
    if !passed && request.text.trim().is_empty() {
        return Err(Refusal::TextRequired.into());
    }
    Ok(Deed::Check { passed, text: note(request.text)? })
}

pub fn put_off(request: wire::PutOffRequest) -> Result<Deed, Fault> {
    let review_at = time("review_at", request.review_at.as_ref())?;
    Ok(Deed::PutOff { reason: reason("reason", request.reason)?, review_at })
}

/// The departments that are invited, with what they are asked and until when.
pub fn invitation(request: wire::InvitePartiesRequest) -> Result<Deed, Fault> {
    let departments = ids("department_ids", &request.department_ids)?;
    let until = request.until.as_ref().map(|at| time("until", Some(at))).transpose()?;
    Ok(Deed::InviteParties { departments, text: reason("text", request.text)?, until })
}

pub fn resolution(request: wire::RecordResolutionRequest, today: NaiveDate) -> Result<Deed, Fault> {
    let asked = request.resolution.ok_or_else(|| Fault::field("resolution", "must be present"))?;
    let decision = match asked.decision() {
        Decision::Reopen => CouncilDecision::Reopen,
        Decision::Keep => CouncilDecision::Keep,
        Decision::Close => CouncilDecision::Close,
        Decision::Unspecified => return Err(Fault::field("resolution.decision", "must be REOPEN, KEEP or CLOSE")),
    };
    let held_on = asked.held_on.parse().ok().filter(|day| *day <= today && *day >= today - TimeDelta::days(366));
    let held_on = held_on.ok_or_else(|| {
        Fault::field(
            "resolution.held_on",
            "must be a day, not after today and at most a year ago, for example 2026-11-26",
        )
    })?;
    let review_at = asked.review_at.as_ref().map(|at| time("resolution.review_at", Some(at))).transpose()?;
    if review_at.is_some() != (decision == CouncilDecision::Keep) {
        return Err(Fault::field("resolution.review_at", "must be present with KEEP, and only there"));
    }
    let text = reason("resolution.text", asked.text)?;
    Ok(Deed::Council(Resolution { decision, text, held_on, review_at }))
}

pub fn statement(request: wire::FileStatementRequest) -> Result<Deed, Fault> {
    if request.text.trim().is_empty() {
        return Err(Refusal::TextRequired.into());
    }
    Ok(Deed::FileStatement { text: note(request.text)? })
}

pub fn evidence(tickets: &Tickets, caller: &Caller, request: wire::AddEvidenceRequest) -> Result<Deed, Fault> {
    let media = photos(tickets, caller, &request.media_ids)?;
    if media.is_empty() && request.text.trim().is_empty() {
        return Err(Refusal::EvidenceRequired.into());
    }
    Ok(Deed::AddEvidence { text: note(request.text)?, media })
}

pub fn reopen(tickets: &Tickets, caller: &Caller, request: wire::ReopenRequest) -> Result<Deed, Fault> {
    let media = photos(tickets, caller, &request.media_ids)?;
    Ok(Deed::Reopen { text: note(request.text)?, media })
}
