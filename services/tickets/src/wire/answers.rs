//! What callers get to see.
use std::collections::HashMap;

use chassis::{access::Caller, clock::timestamp};
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use proto::{
    api::v1::post::Role,
    residents::v1::{Location, location::Crs},
    tickets::v1::{
        self as wire, Category, Deadline, EmergencyPhone, Leg, Pause, Ticket, TicketEvent,
        council_resolution::Decision,
        ticket::{DepartmentRef, Media, PlaceRef, Reporter, State, media::Purpose},
    },
};
use uuid::Uuid;

use super::etag;
use crate::{Tickets, category, store::event::Event, terms::DistrictTerms, ticket};

/// A ticket as this caller may see it: the public hears no name, no coordinate and sees no photo.
pub fn ticket(tickets: &Tickets, caller: &Caller, row: ticket::Ticket) -> Ticket {
    let (open, terms) = (row.open_to(caller), tickets.terms.of(row.district_id));
    let on_duty = if open { on_duty(tickets, &terms, &row) } else { Vec::new() };
    let emergency_phones = emergency_phones(&terms, &row);
    // what is for the staff who work at it, never for who reported it
    let staff = row.reporter_id != caller.person_id && row.staffed_by(caller);
    let invitations = row.invited().into_iter().map(|invited| invitation(invited, staff)).collect();
    let reporter_strikes = row.reporter_strikes.filter(|_| staff);
    let reporter_strikes = reporter_strikes.map(|many| i32::try_from(many).unwrap_or(i32::MAX));
    let council_resolution = row.council_resolution().map(resolution);
    let told = row_told(tickets, caller, row, open);
    Ticket { on_duty, emergency_phones, invitations, council_resolution, reporter_strikes, ..told }
}

/// A ticket in a list, with how much about it is unread.
pub fn listed(tickets: &Tickets, caller: &Caller, row: ticket::Ticket, unread: &HashMap<Uuid, i64>) -> Ticket {
    let many = unread.get(&row.ticket_id).copied().unwrap_or(0);
    Ticket { unread_count: i32::try_from(many).unwrap_or(i32::MAX), ..ticket(tickets, caller, row) }
}

fn row_told(tickets: &Tickets, caller: &Caller, row: ticket::Ticket, open: bool) -> Ticket {
    let category = tickets.categories.known(row.district_id, &row.category_code);
    Ticket {
        ticket_id: row.ticket_id.to_string(),
        state: state(&row.state),
        level: i32::from(row.level),
        priority: i32::from(row.priority) + 1,
        category_name: category.map(|category| category.name.clone()).unwrap_or_default(),
        place: Some(place(&row)),
        location: location(&row).filter(|_| open),
        reporter: Some(reporter(&row, open)),
        captured_at: Some(timestamp(row.captured_at)),
        received_at: Some(timestamp(row.received_at)),
        claim_by: Some(timestamp(row.claim_by)),
        claimed_at: time(row.claimed_at),
        claimed_late: row.claimed_late,
        claimed_by_name: row.claimer_name.clone().unwrap_or_default(),
        dispatched_at: time(row.dispatched_at),
        resolve_by: time(row.resolve_by),
        resolved_at: time(row.resolved_at),
        promised_by: Some(timestamp(row.promised_by)),
        department: department(&row),
        satisfied: row.satisfied,
        escalation_step: row.escalation_step,
        reopen_count: row.reopen_count,
        media: if open { media(tickets, &row) } else { Vec::new() },
        etag: etag(row.version),
        closed_at: time(row.closed_at),
        held_by: row.held_by.clone(),
        deadlines: deadlines(&row),
        legs: row.legs().into_iter().map(leg).collect(),
        refusals: row.refusals().into_iter().map(|refused| refusal(refused, open)).collect(),
        binding: row.binding,
        handler_name: row.handler_name.clone().unwrap_or_default(),
        deemed_accepted: row.deemed_accepted,
        checker_id: checker(&row, caller, open).map(|id| id.to_string()),
        checker_name: checker(&row, caller, open).and(row.checker_name.clone()).unwrap_or_default(),
        check_passed: row.check_passed,
        solved_level: row.solved_level.map(i32::from).unwrap_or_default(),
        pause: row.pause().map(pause),
        pause_request: row.pause_request().filter(|_| open).map(pause_request),
        review_at: time(row.review_at),
        invalid_proposed: row.invalid_proposal.is_some() && open,
        parent_ticket_id: row.parent_ticket_id.map(|id| id.to_string()),
        co_report_count: i32::try_from(row.others().count()).unwrap_or(i32::MAX),
        returned_count: row.returned_count,
        recurred: row.recurred,
        anonymous: row.anonymous,
        resolve_minutes: row.resolve_minutes,
        solved: row.solved,
        clock: row.clock,
        outcome: row.outcome,
        nofix_reason: row.nofix_reason,
        invalid_reason: row.invalid_reason,
        number: row.number,
        category_code: row.category_code,
        text: row.text,
        resolution_text: row.resolution_text,
        coordination_reason: row.coordination_reason,
        ..Ticket::default()
    }
}

/// The names of those who are there to claim it.
fn on_duty(tickets: &Tickets, terms: &DistrictTerms, row: &ticket::Ticket) -> Vec<String> {
    match row.held_by.strip_prefix("street:").filter(|_| row.claimed_by.is_none()) {
        Some(street) => {
            let there = terms.on_duty(street, tickets.clock.now());
            there.filter_map(|duty| duty.person_name.clone()).collect()
        }
        None => Vec::new(),
    }
}

fn emergency_phones(terms: &DistrictTerms, row: &ticket::Ticket) -> Vec<EmergencyPhone> {
    let urgent = row.priority == 0 && row.due_at.is_some();
    terms.phones(&row.category_code).filter(|_| urgent).map(super::terms::phone).collect()
}

/// Who is drawn to check is told to them and to the staff of the area, not to the handler's department alone.
fn checker(row: &ticket::Ticket, caller: &Caller, open: bool) -> Option<Uuid> {
    row.checker_id.filter(|checker| open || *checker == caller.person_id)
}

fn deadlines(row: &ticket::Ticket) -> Vec<Deadline> {
    let mut deadlines = row.deadlines();
    deadlines.sort_by_key(|deadline| deadline.due_at);
    let deadline = |it: ticket::Deadline| Deadline { kind: it.kind.code().into(), due_at: Some(timestamp(it.due_at)) };
    deadlines.into_iter().map(deadline).collect()
}

fn leg(leg: ticket::Leg) -> Leg {
    Leg {
        department_id: leg.department_id.to_string(),
        lead: leg.lead,
        state: leg.state,
        dispatched_at: Some(timestamp(leg.dispatched_at)),
        accepted_at: time(leg.accepted_at),
        done_at: time(leg.done_at),
        text: leg.text,
    }
}

fn refusal(refused: ticket::Refused, open: bool) -> wire::Refusal {
    let text = if open { refused.text } else { String::new() };
    wire::Refusal { department_id: refused.department_id.to_string(), at: Some(timestamp(refused.at)), text }
}

fn invitation(invited: ticket::Invited, staff: bool) -> wire::Invitation {
    wire::Invitation {
        department_id: invited.department_id.to_string(),
        text: if staff { invited.text } else { String::new() },
        invited_at: Some(timestamp(invited.at)),
        until: time(invited.until),
        stated_at: time(invited.stated_at),
    }
}

fn resolution(resolution: ticket::Resolution) -> wire::CouncilResolution {
    wire::CouncilResolution {
        decision: decision(resolution.decision).into(),
        text: resolution.text,
        held_on: resolution.held_on.to_string(),
        review_at: time(resolution.review_at),
    }
}

fn decision(decision: ticket::CouncilDecision) -> Decision {
    match decision {
        ticket::CouncilDecision::Reopen => Decision::Reopen,
        ticket::CouncilDecision::Keep => Decision::Keep,
        ticket::CouncilDecision::Close => Decision::Close,
    }
}

fn pause(pause: ticket::Pause) -> Pause {
    let (started_at, until) = (Some(timestamp(pause.started_at)), Some(timestamp(pause.until)));
    Pause { reason_code: pause.reason_code, text: pause.text, started_at, until }
}

fn pause_request(request: ticket::PauseRequest) -> Pause {
    let (started_at, until) = (Some(timestamp(request.at)), Some(timestamp(request.until)));
    Pause { reason_code: request.reason_code, text: request.text, started_at, until }
}

fn time(at: Option<DateTime<Utc>>) -> Option<Timestamp> {
    at.map(timestamp)
}

pub fn state(code: &str) -> i32 {
    State::from_str_name(code).unwrap_or_default().into()
}

fn role(name: &str) -> i32 {
    Role::from_str_name(name).unwrap_or_default().into()
}

fn place(row: &ticket::Ticket) -> PlaceRef {
    PlaceRef {
        place_id: row.place_id.to_string(),
        name: row.place_name.clone().unwrap_or_default(),
        full_name: row.place_full_name.clone().unwrap_or_default(),
        level: row.place_level.map(i32::from).unwrap_or_default(),
        path: row.place_path.clone(),
    }
}

fn location(row: &ticket::Ticket) -> Option<Location> {
    let crs = row.crs.as_deref().and_then(Crs::from_str_name)?;
    Some(Location { lng: row.lng, lat: row.lat, crs: crs.into(), accuracy_m: row.accuracy_m })
}

fn reporter(row: &ticket::Ticket, open: bool) -> Reporter {
    let name = row.reporter_name.as_deref().unwrap_or_default();
    Reporter {
        person_id: open.then(|| row.reporter_id.to_string()),
        name: if open {
            name.to_owned()
        } else if row.anonymous {
            String::new()
        } else {
            masked(name)
        },
        role: role(&row.reporter_role),
    }
}

/// "李**": the family name at most.
fn masked(name: &str) -> String {
    name.chars().next().map(|first| format!("{first}**")).unwrap_or_default()
}

fn department(row: &ticket::Ticket) -> Option<DepartmentRef> {
    let name = row.department_name.clone().unwrap_or_default();
    row.department_id.map(|id| DepartmentRef { department_id: id.to_string(), name })
}

fn media(tickets: &Tickets, row: &ticket::Ticket) -> Vec<Media> {
    let now = tickets.clock.now();
    let shown = |purpose: Purpose, ids: &[Uuid]| -> Vec<Media> {
        let shown = |id: &Uuid| Media {
            media_id: id.to_string(),
            purpose: purpose.into(),
            url: tickets.media.address(*id, now),
        };
        ids.iter().map(shown).collect()
    };
    [shown(Purpose::Report, &row.report_media), shown(Purpose::Resolution, &row.resolution_media)].concat()
}

/// What people of the district say among themselves: not for those who may not see the ticket whole.
const INTERNAL: [&str; 8] = ["T8", "T11", "T30", "T32", "T33", "T35", "T36", "T40"];

/// An event of a ticket; whoever may not see the ticket whole sees no full names in its history, of an anonymous reporter
/// none at all, and not what the district says within.
pub fn event(event: Event, ticket: &ticket::Ticket, open: bool) -> TicketEvent {
    let hidden = ticket.anonymous && event.actor_id == Some(ticket.reporter_id);
    let name = event.actor_name.filter(|_| open || !hidden).unwrap_or_default();
    let internal = INTERNAL.contains(&event.transition.as_str());
    TicketEvent {
        sequence: event.sequence,
        transition: event.transition,
        from_state: state(&event.from_state),
        to_state: state(&event.to_state),
        at: Some(timestamp(event.at)),
        actor_id: event.actor_id.filter(|_| open).map(|id| id.to_string()),
        actor_name: if open { name } else { masked(&name) },
        actor_role: role(&event.actor_role),
        timer: event.timer,
        text: if open || !internal { event.text } else { String::new() },
    }
}

pub fn category(category: &category::Category) -> Category {
    Category {
        category_code: category.category_code.clone(),
        name: category.name.clone(),
        english_name: category.english_name.clone(),
        level: i32::from(category.level),
        priority: i32::from(category.priority) + 1,
        resolve_hours: category.resolve_hours,
        clock: category.clock.clone(),
        after_photo: category.after_photo,
        department_code: category.department_code.clone(),
        tile: category.tile.clone(),
        source: category.source.clone(),
        version: category.version,
        retired: category.retired,
        duplicate_metres: category.duplicate_metres,
        duplicate_hours: category.duplicate_hours,
        etag: etag(category.version.into()),
    }
}
