//! What a change sets, beside state and deadlines.
use uuid::Uuid;

use super::{
    deed::{Deed, Ruling, Wish},
    guards, parties, pauses,
    rules::Rules,
    timers::own_clock,
};
use crate::{
    machine::{Act, State, Timer, To, Transition},
    ticket::{InvalidProposal, Leg, PauseRequest, Refused, Ticket, written},
};

/// Writes the effects of a row.
pub fn carry(after: &mut Ticket, before: &Ticket, row: &Transition, wish: &Wish, rules: &Rules) {
    let person = wish.actor.as_ref().map(|actor| actor.person_id);
    match &wish.deed {
        Deed::Claim => {
            (after.claimed_by, after.claimed_at) = (person, Some(wish.at));
            after.claimed_late = before.state() == State::Coordination || wish.at > before.claim_by;
            after.dispatch_misses = 0;
        }
        Deed::PassUp { .. } => pass_up(after),
        Deed::Dispatch { department_id, assisting, .. } => {
            after.level = after.level.min(2);
            dispatch(after, *department_id, assisting, wish);
        }
        Deed::Accept => accept(after, person, wish),
        Deed::Refuse { basis } => refuse(after, basis, wish),
        Deed::Rule { ruling, .. } => rule(after, ruling, wish, rules),
        Deed::Resolve { text, media, away } => {
            // whoever did this round's work answers for it, and so never checks it
            accept(after, person, wish);
            (after.resolution_text, after.resolution_media) = (text.clone(), media.clone());
            after.resolved_distance_m = guards::distance_m(before, away.point).map(|metres| metres.round() as i32);
            feed_back(after, wish, rules);
        }
        Deed::Pause { until, text } => pauses::approve_pause(after, before, (*until, text), wish, rules),
        Deed::Mediate { mediation_case_id, until, text } => {
            let (text, from_state, until) = (text.clone(), before.state(), *until);
            let mediation_case_id = Some(*mediation_case_id);
            let stop = pauses::Stop { reason_code: "MEDIATION".into(), text, from_state, until, mediation_case_id };
            pauses::start_pause(after, stop, wish, rules);
            after.mediated = true;
        }
        Deed::Resume { .. } => pauses::resume(after, before, wish, rules),
        Deed::Check { passed, .. } => check(after, *passed, person, wish),
        Deed::Rate { satisfied, solved, .. } => rate(after, *satisfied, *solved, wish),
        Deed::Expire(timer) => expire(after, before, *timer, row, (wish, rules)),
        _ => others(after, before, row, wish),
    }
    if after.state().ended() || after.state() == State::Coordination {
        close_legs(after, wish);
    }
}

/// The effects of what neither time nor the work itself brings.
fn others(after: &mut Ticket, before: &Ticket, row: &Transition, wish: &Wish) {
    let person = wish.actor.as_ref().map(|actor| actor.person_id);
    match &wish.deed {
        Deed::PutOff { reason, review_at } => {
            (after.nofix_reason, after.review_at) = (reason.clone(), Some(*review_at));
        }
        Deed::ProposeInvalid { reason, malicious } => {
            let by = person.unwrap_or_default();
            let proposal = InvalidProposal { by, reason: reason.clone(), malicious: *malicious, at: wish.at };
            after.invalid_proposal = Some(written(&proposal));
        }
        Deed::ConfirmInvalid => {
            let proposal = before.invalid_proposal();
            (after.invalid_reason, after.malicious) = proposal.map(|it| (it.reason, it.malicious)).unwrap_or_default();
            after.invalid_at = Some(wish.at);
        }
        Deed::Appeal { .. } => after.appealed = true,
        Deed::Merge { parent_ticket_id } => after.parent_ticket_id = Some(*parent_ticket_id),
        Deed::TakeIn { report } => {
            let mut reports = after.co_reports();
            reports.push(report.clone());
            after.co_reports = written(&reports);
        }
        Deed::Reopen { media, .. } => {
            after.report_media.extend(media);
            (after.recurred, after.closed_at, after.satisfied, after.solved) = (true, None, None, None);
            (after.outcome, after.solved_level, after.resolved_at) = (String::new(), None, None);
            unchecked(after);
            reopen_lead(after);
        }
        Deed::Withdraw { .. } if row.to == To::Stay => promote(after),
        Deed::AddEvidence { media, .. } => after.report_media.extend(media),
        Deed::Classify(terms) => {
            after.category_code = terms.category_code.clone();
            (after.level, after.priority, after.clock) = (terms.level, terms.priority, terms.clock.clone());
            (after.resolve_minutes, after.after_photo) = (terms.resolve_minutes, terms.after_photo);
        }
        Deed::InviteParties { departments, text, until } => parties::invite(after, departments, (text, *until), wish),
        Deed::FileStatement { .. } => parties::state_view(after, wish),
        Deed::Council(resolution) => parties::resolve(after, before, resolution),
        Deed::FinishPart { text } => parties::finish_part(after, text, wish),
        Deed::RequestPause { reason_code, text, until } => {
            let by = person.unwrap_or_default();
            let request =
                PauseRequest { by, reason_code: reason_code.clone(), text: text.clone(), until: *until, at: wish.at };
            after.pause_request = Some(written(&request));
        }
        _ => {}
    }
}

fn expire(after: &mut Ticket, before: &Ticket, timer: Timer, row: &Transition, (wish, rules): (&Wish, &Rules)) {
    match timer {
        Timer::Resolve if row.act == Act::Expire(timer) && before.state() == State::Community => {
            after.escalation_step += 1;
            pass_up(after);
        }
        Timer::Resolve => after.escalation_step += 1,
        Timer::Dispatch => after.dispatch_misses += 1,
        Timer::Accept => {
            (after.deemed_accepted, after.accepted_at) = (true, Some(wish.at));
        }
        Timer::Coord => {
            if let Some(fallback) = rules.fallback(before) {
                (after.level, after.binding) = (1, true);
                dispatch(after, fallback, &[], wish);
            }
        }
        Timer::Resume => pauses::resume(after, before, wish, rules),
        Timer::Verify => draw(after, rules),
        Timer::Rate if row.id == "T22" => close(after, "VERIFIED_UNRATED", wish),
        Timer::Rate | Timer::Claim | Timer::Review => {}
    }
}

/// One level up the tree: 大事不出街道.
fn pass_up(after: &mut Ticket) {
    after.level = (after.level - 1).max(1);
    (after.handler_id, after.accepted_at) = (None, None);
    after.dispatch_misses = 0;
}

fn dispatch(after: &mut Ticket, department: Uuid, assisting: &[Uuid], wish: &Wish) {
    let leg = |department_id, lead| Leg {
        department_id,
        lead,
        state: "OPEN".into(),
        dispatched_at: wish.at,
        accepted_at: None,
        done_at: None,
        text: String::new(),
    };
    let mut legs = after.legs();
    legs.push(leg(department, true));
    legs.extend(assisting.iter().map(|department| leg(*department, false)));
    after.legs = written(&legs);
    (after.department_id, after.assisting) = (Some(department), assisting.to_vec());
    after.dispatched_at = Some(wish.at);
    (after.handler_id, after.accepted_at, after.deemed_accepted) = (None, None, false);
    unchecked(after);
}

/// Parts end with the dispatch they belong to.
fn close_legs(after: &mut Ticket, wish: &Wish) {
    let mut legs = after.legs();
    for leg in legs.iter_mut().filter(|leg| leg.state == "OPEN") {
        (leg.state, leg.done_at) = ("DONE".into(), Some(wish.at));
    }
    after.legs = written(&legs);
    after.assisting.clear();
}

/// The lead's part goes on.
fn reopen_lead(after: &mut Ticket) {
    let mut legs = after.legs();
    if let Some(lead) = legs.iter_mut().rfind(|leg| leg.lead && Some(leg.department_id) == after.department_id) {
        (lead.state, lead.done_at) = ("OPEN".into(), None);
    }
    after.legs = written(&legs);
}

fn accept(after: &mut Ticket, person: Option<Uuid>, wish: &Wish) {
    after.handler_id = person;
    after.accepted_at = after.accepted_at.or(Some(wish.at));
    let mut legs = after.legs();
    if let Some(lead) = legs.iter_mut().rfind(|leg| leg.lead && leg.state == "OPEN") {
        lead.accepted_at = lead.accepted_at.or(Some(wish.at));
        after.legs = written(&legs);
    }
}

fn refuse(after: &mut Ticket, basis: &str, wish: &Wish) {
    let mut refusals = after.refusals();
    let department_id = after.department_id.unwrap_or_default();
    refusals.push(Refused { department_id, at: wish.at, text: basis.to_owned() });
    after.refusals = written(&refusals);
}

fn rule(after: &mut Ticket, ruling: &Ruling, wish: &Wish, rules: &Rules) {
    after.binding = true;
    match ruling.department_id {
        Some(department) => {
            after.level = 1;
            dispatch(after, department, &ruling.assisting, wish);
        }
        None => {
            after.level = 3;
            (after.department_id, after.handler_id, after.accepted_at) = (None, None, None);
            unchecked(after);
        }
    }
    if let Some(extension) = ruling.extension_minutes {
        let clock = own_clock(after);
        let from =
            after.resolve_by.unwrap_or_else(|| rules.calendar.add(wish.at, i64::from(after.resolve_minutes), clock));
        after.resolve_by = Some(rules.calendar.add(from, extension, clock));
        after.extended = true;
    }
}

fn feed_back(after: &mut Ticket, wish: &Wish, rules: &Rules) {
    after.resolved_at = Some(wish.at);
    (after.satisfied, after.solved) = (None, None);
    unchecked(after);
    draw(after, rules);
}

fn unchecked(after: &mut Ticket) {
    (after.check_passed, after.checked_at, after.checker_id) = (None, None, None);
}

fn draw(after: &mut Ticket, rules: &Rules) {
    after.check_round += 1;
    after.checker_id = rules.draw(after, after.check_round);
}

fn check(after: &mut Ticket, passed: bool, person: Option<Uuid>, wish: &Wish) {
    (after.check_passed, after.checked_at, after.checker_id) = (Some(passed), Some(wish.at), person);
    if !passed {
        after.returned_count += 1;
        back_to_work(after);
    }
}

fn rate(after: &mut Ticket, satisfied: bool, solved: bool, wish: &Wish) {
    (after.satisfied, after.solved) = (Some(satisfied), Some(solved));
    match (satisfied, after.state()) {
        (true, _) => close(after, "SATISFIED", wish),
        (false, State::Coordination) => after.resolved_at = None,
        (false, _) => {
            after.reopen_count += 1;
            back_to_work(after);
        }
    }
}

fn back_to_work(after: &mut Ticket) {
    after.resolved_at = None;
}

fn close(after: &mut Ticket, outcome: &str, wish: &Wish) {
    (after.closed_at, after.outcome, after.solved_level) = (Some(wish.at), outcome.into(), Some(after.level));
}

fn promote(after: &mut Ticket) {
    let mut reports = after.co_reports();
    if let Some(next) = reports.iter_mut().find(|report| !report.promoted) {
        next.promoted = true;
        (after.reporter_id, after.reporter_role) = (next.person_id, next.role.clone());
        after.co_reports = written(&reports);
    }
}
