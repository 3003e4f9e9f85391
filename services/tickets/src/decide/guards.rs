//! What must hold before a ticket changes.
use chassis::{access::holds as lies_in, geo};
use chrono::TimeDelta;
use uuid::Uuid;

use super::{
    deed::{Actor, Deed, Wish},
    rules::Rules,
};
use crate::{
    error::Refusal,
    machine::{Act, Reason, State, Timer, Transition, When},
    ticket::{Resolution, Ticket},
};

/// Whether the actor may touch this ticket at all.
pub fn reach(ticket: &Ticket, wish: &Wish) -> Result<(), Refusal> {
    let Some(actor) = &wish.actor else { return Ok(()) };
    let here = actor.reach.district || actor.reach.places.iter().any(|place| lies_in(place, &ticket.place_path));
    let lead = is_lead(ticket, actor);
    match wish.deed.act() {
        Act::RateSatisfied | Act::RateDissatisfied | Act::Appeal | Act::Reopen | Act::Withdraw | Act::AddEvidence => {
            if ticket.reporter_id == actor.person_id {
                Ok(())
            } else {
                Err(Refusal::NotYours)
            }
        }
        Act::Accept | Act::Refuse | Act::RequestPause => {
            if lead {
                Ok(())
            } else {
                Err(Refusal::NotYours)
            }
        }
        Act::Resolve => {
            if here || lead {
                Ok(())
            } else {
                Err(Refusal::NotYours)
            }
        }
        // a part that is done is still theirs, so that saying it again is answered
        Act::FinishPart | Act::FileStatement if here || is_party(ticket, actor) => Ok(()),
        Act::Mediate if here || works(ticket, actor) => Ok(()),
        Act::FinishPart | Act::FileStatement | Act::Mediate => Err(Refusal::NotYours),
        Act::CheckPassed | Act::CheckFailed if ticket.checker_id == Some(actor.person_id) => Ok(()),
        _ => {
            if here {
                Ok(())
            } else {
                Err(Refusal::PlaceNotAllowed)
            }
        }
    }
}

fn assists(ticket: &Ticket, actor: &Actor) -> bool {
    ticket.assisting.iter().any(|helper| actor.is_of(helper))
}

fn is_lead(ticket: &Ticket, actor: &Actor) -> bool {
    ticket.department_id.is_some_and(|department| actor.is_of(&department))
}

fn is_party(ticket: &Ticket, actor: &Actor) -> bool {
    ticket.legs().iter().any(|leg| actor.is_of(&leg.department_id))
        || ticket.invited().iter().any(|invited| actor.is_of(&invited.department_id))
}

/// Whether their department works at it now.
fn works(ticket: &Ticket, actor: &Actor) -> bool {
    ticket.legs().iter().any(|leg| leg.state == "OPEN" && actor.is_of(&leg.department_id))
}

/// Whether a row's condition holds.
pub fn holds(when: When, ticket: &Ticket, wish: &Wish, rules: &Rules) -> bool {
    let actor = wish.actor.as_ref().map(|actor| actor.person_id);
    let within = |since: Option<chrono::DateTime<chrono::Utc>>, minutes| {
        since.is_some_and(|since| wish.at <= since + TimeDelta::minutes(minutes))
    };
    match when {
        When::Always => true,
        When::Unclaimed => ticket.coordination_reason == Reason::Unclaimed.code(),
        When::Appealed => ticket.coordination_reason == Reason::Appealed.code(),
        When::Reviewed => ticket.coordination_reason == Reason::Reviewed.code(),
        When::SmallMatter => ticket.level >= 3 && ticket.in_community(),
        When::InCommunity => ticket.in_community(),
        When::FirstMiss => ticket.dispatch_misses == 0,
        When::SecondMiss => ticket.dispatch_misses > 0,
        When::AnotherHandler => ticket.handler_id != actor,
        When::OwnWork => ticket.handler_id.is_none_or(|handler| Some(handler) == actor),
        When::MayRefuse => may_refuse(ticket, wish),
        When::Fallback => rules.fallback(ticket).is_some(),
        When::NoFallback => rules.fallback(ticket).is_none(),
        When::PauseRequested => ticket.pause_request.is_some(),
        When::NotMediated => !ticket.mediated,
        When::FirstTime => ticket.reopen_count == 0,
        When::Again => ticket.reopen_count > 0,
        When::CheckPassed => ticket.check_passed == Some(true),
        When::Unchecked => ticket.check_passed.is_none(),
        When::InvalidProposed => ticket.invalid_proposal().is_some_and(|proposal| Some(proposal.by) != actor),
        When::MayAppeal => !ticket.appealed && within(ticket.invalid_at, rules.settings.appeal_minutes),
        When::MayReopen => !ticket.recurred && within(ticket.closed_at, rules.settings.reopen_minutes),
        When::NothingMergedIn => ticket.co_reports().is_empty(),
        When::NoCoReports => ticket.others().next().is_none(),
        When::CoReports => ticket.others().next().is_some(),
    }
}

fn may_refuse(ticket: &Ticket, wish: &Wish) -> bool {
    let refusals = ticket.refusals();
    let mut accept = ticket.deadlines().into_iter().filter(|deadline| deadline.kind == Timer::Accept);
    !ticket.binding
        && refusals.len() < 2
        && !refusals.iter().any(|refused| Some(refused.department_id) == ticket.department_id)
        && accept.any(|deadline| wish.at <= deadline.due_at)
}

/// Why no row admits it: the state itself, or what its rows ask beside it.
pub fn why_not(ticket: &Ticket, wish: &Wish, at_hand: &[&Transition]) -> Refusal {
    let (act, boxed) = (wish.deed.act(), || Box::new(ticket.clone()));
    let taken =
        ticket.state() == State::Claimed && ticket.claimed_by != wish.actor.as_ref().map(|actor| actor.person_id);
    match at_hand.first().map(|row| row.when) {
        _ if act == Act::Claim && taken => Refusal::AlreadyClaimed(boxed()),
        Some(When::OwnWork) => Refusal::NotTheHandler(boxed()),
        Some(When::NotMediated) => Refusal::AlreadyMediated(boxed()),
        Some(when) => Refusal::ConditionNotMet(when, boxed()),
        None => Refusal::StateConflict(boxed()),
    }
}

/// How often one person may add something while a ticket stands where it is.
const MOST_WORDS: usize = 16;

fn is_too_much(ticket: &Ticket, person: Uuid, deed: &Deed) -> bool {
    let adds = matches!(
        deed,
        Deed::InviteParties { .. }
            | Deed::Council(_)
            | Deed::FileStatement { .. }
            | Deed::FinishPart { .. }
            | Deed::AddEvidence { .. }
            | Deed::Classify(_)
            | Deed::ProposeInvalid { .. }
            | Deed::RequestPause { .. }
    );
    let person = person.simple().to_string();
    adds && ticket.said.iter().filter(|said| said.starts_with(&person)).count() >= MOST_WORDS
}

/// What is asked of the deed itself, once the state allows it.
pub fn check(ticket: &Ticket, wish: &Wish, rules: &Rules) -> Result<(), Refusal> {
    let Some(actor) = &wish.actor else { return Ok(()) };
    let (person, boxed) = (actor.person_id, || Box::new(ticket.clone()));
    let reporter = ticket.reporter_id == person || ticket.co_reports().iter().any(|report| report.person_id == person);
    if is_too_much(ticket, person, &wish.deed) {
        return Err(Refusal::TooMuchSaid(boxed()));
    }
    match &wish.deed {
        Deed::Claim
        | Deed::Accept
        | Deed::Resolve { .. }
        | Deed::Check { .. }
        | Deed::ConfirmInvalid
        | Deed::ProposeInvalid { .. }
            if reporter =>
        {
            Err(Refusal::NotIndependent(boxed()))
        }
        Deed::Dispatch { .. } | Deed::HandToCommunity { .. } | Deed::MarkUnclear { .. }
            if ticket.claimed_by.is_some_and(|claimer| claimer != person) =>
        {
            Err(Refusal::NotTheClaimer(boxed()))
        }
        Deed::Classify(_) | Deed::Mediate { .. }
            if ticket.state() == State::Claimed && ticket.claimed_by.is_some_and(|claimer| claimer != person) =>
        {
            Err(Refusal::NotTheClaimer(boxed()))
        }
        // nobody else stops the clock of a department
        Deed::Mediate { .. } if ticket.state() == State::InProgress && !works(ticket, actor) => Err(Refusal::NotYours),
        Deed::FinishPart { .. } if !assists(ticket, actor) => Err(Refusal::StateConflict(boxed())),
        // the community's people report only the community's work
        Deed::Resolve { .. } if ticket.state() != State::Community && !is_lead(ticket, actor) => {
            Err(Refusal::StateConflict(boxed()))
        }
        Deed::Check { .. } if ticket.handler_id == Some(person) => Err(Refusal::NotIndependent(boxed())),
        Deed::Check { .. } if ticket.checker_id.is_some_and(|checker| checker != person) => {
            Err(Refusal::NotTheChecker(boxed()))
        }
        Deed::Resolve { media, .. } if ticket.after_photo && media.is_empty() => Err(Refusal::AfterPhotoRequired),
        Deed::Resolve { away, .. } if is_away(ticket, away.point, rules) && away.reason.trim().is_empty() => {
            Err(Refusal::AwayReasonRequired)
        }
        Deed::Rule { ruling, .. } if ruling.extension_minutes.is_some() && ticket.extended => {
            Err(Refusal::AlreadyExtended(boxed()))
        }
        Deed::Reopen { media, .. } if media.is_empty() => Err(Refusal::EvidenceRequired),
        Deed::AddEvidence { media, .. } | Deed::Reopen { media, .. } => {
            let twice = media.iter().any(|id| ticket.report_media.contains(id));
            let room = ticket.report_media.len() + media.len() <= 18;
            if twice || !room { Err(Refusal::TooManyPhotos(boxed())) } else { Ok(()) }
        }
        // what was recorded before and has moved on is not recorded again
        Deed::Council(resolution) if ticket.council_resolution().as_ref() == Some(resolution) => {
            Err(Refusal::StateConflict(boxed()))
        }
        deed => check_time(deed, wish, rules),
    }
}

/// The time a deed names is to come, and not too far away.
fn check_time(deed: &Deed, wish: &Wish, rules: &Rules) -> Result<(), Refusal> {
    let (review, pause) = (rules.settings.review_minutes_most, rules.settings.pause_minutes_most);
    let (field, at, most) = match deed {
        Deed::PutOff { review_at, .. } => ("review_at", *review_at, review),
        Deed::Council(Resolution { review_at: Some(review_at), .. }) => ("resolution.review_at", *review_at, review),
        Deed::InviteParties { until: Some(until), .. }
        | Deed::RequestPause { until, .. }
        | Deed::Mediate { until, .. }
        | Deed::Pause { until: Some(until), .. } => ("until", *until, pause),
        _ => return Ok(()),
    };
    let near = at > wish.at && at <= wish.at + TimeDelta::minutes(most);
    if near { Ok(()) } else { Err(Refusal::OutOfBounds(field, most)) }
}

/// Whether the handler was far from the reported point.
pub fn is_away(ticket: &Ticket, point: Option<(f64, f64)>, rules: &Rules) -> bool {
    distance_m(ticket, point).is_some_and(|metres| metres > rules.settings.near_metres)
}

/// Metres between the handler and the reported point, where both are known.
pub fn distance_m(ticket: &Ticket, point: Option<(f64, f64)>) -> Option<f64> {
    let (lng, lat) = (ticket.gcj_lng?, ticket.gcj_lat?);
    point.map(|point| geo::distance_m(point, (lng, lat)))
}
