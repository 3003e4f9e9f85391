//! Deadlines belong to states: entering arms them, leaving ends them. Only RESOLVE runs on.
use chrono::{DateTime, TimeDelta, Utc};

use super::{deed::Wish, rules::Rules};
use crate::{
    calendar::ClockMode,
    machine::{Act, REWORK_HOURS, State, Timer, Transition, escalation_hours, is_work, timers_of},
    ticket::{Deadline, Ticket, written},
};

fn deadline(kind: Timer, due_at: DateTime<Utc>) -> Deadline {
    Deadline { kind, due_at, base_at: due_at, fired: 0 }
}

/// The deadline a ticket is born with.
pub fn born(ticket: &mut Ticket) {
    ticket.timers = written(&[deadline(Timer::Claim, ticket.claim_by)]);
    ticket.due_at = Some(ticket.claim_by);
}

/// Hours of duty do not count for emergencies.
fn duty_clock(ticket: &Ticket) -> ClockMode {
    if ticket.priority == 0 { ClockMode::Natural } else { ClockMode::Working }
}

/// The category's own clock.
pub fn own_clock(ticket: &Ticket) -> ClockMode {
    ClockMode::of(&ticket.clock).unwrap_or(ClockMode::Natural)
}

/// Arms what belongs to the state it came to.
pub fn enter(after: &mut Ticket, before: &Ticket, row: &Transition, wish: &Wish, rules: &Rules) {
    set_resolve_by(after, row, wish, rules);
    let (settings, calendar, at) = (&rules.settings, &rules.calendar, wish.at);
    let natural = |minutes| at + TimeDelta::minutes(minutes);
    let mut running = before.deadlines().into_iter().find(|deadline| deadline.kind == Timer::Resolve);
    if row.act == Act::Expire(Timer::Resolve) {
        // this miss has been told; the next escalation comes in its time
        running.iter_mut().for_each(step);
    }
    let armed = timers_of(after.state()).iter().filter_map(|&kind| match kind {
        Timer::Claim => Some(deadline(kind, after.claim_by)),
        Timer::Dispatch => Some(deadline(kind, natural(settings.dispatch_minutes))),
        Timer::Accept => Some(deadline(kind, calendar.add(at, settings.accept_minutes, duty_clock(after)))),
        Timer::Coord => {
            let minutes = settings.coord_minutes(&after.coordination_reason);
            Some(deadline(kind, calendar.add(at, minutes, duty_clock(after))))
        }
        Timer::Resume => after.pause().map(|pause| deadline(kind, pause.until)),
        Timer::Verify => Some(deadline(kind, natural(settings.verify_minutes))),
        Timer::Rate => Some(deadline(kind, natural(settings.rate_minutes))),
        Timer::Review => after.review_at.map(|review_at| deadline(kind, review_at)),
        Timer::Resolve => {
            let resolve_by = after.resolve_by?;
            let same = running.filter(|running| running.base_at == resolve_by);
            Some(same.unwrap_or_else(|| resolve_deadline(resolve_by, after.escalation_step, at)))
        }
    });
    after.timers = written(&armed.collect::<Vec<_>>());
}

/// The resolve deadline, or its next escalation where it has been missed and told already.
fn resolve_deadline(resolve_by: DateTime<Utc>, told: i32, at: DateTime<Utc>) -> Deadline {
    let mut armed = deadline(Timer::Resolve, resolve_by);
    while told > 0 && armed.due_at <= at {
        step(&mut armed);
    }
    armed
}

/// To the next escalation.
fn step(resolve: &mut Deadline) {
    resolve.fired = resolve.fired.saturating_add(1);
    resolve.due_at = resolve.base_at + TimeDelta::hours(i64::from(escalation_hours(resolve.fired)));
}

/// It is set when work first begins; after that only a ruling, a pause and a return move it.
fn set_resolve_by(after: &mut Ticket, row: &Transition, wish: &Wish, rules: &Rules) {
    let begins = is_work(after.state()) || after.state() == State::Dispatched;
    if begins && after.resolve_by.is_none() {
        let minutes = i64::from(after.resolve_minutes);
        after.resolve_by = Some(rules.calendar.add(wish.at, minutes, own_clock(after)));
    }
    let reviewed = matches!(row.act, Act::Review | Act::CouncilReopens | Act::Expire(Timer::Review));
    if row.rework || reviewed {
        let least = wish.at + TimeDelta::hours(REWORK_HOURS);
        after.resolve_by = after.resolve_by.map(|resolve_by| resolve_by.max(least));
    }
}

/// What a firing, or a check, does to the deadlines of a ticket that stays where it is.
pub fn stay(after: &mut Ticket, act: Act, wish: &Wish, rules: &Rules) {
    let (settings, at) = (&rules.settings, wish.at);
    let coord = settings.coord_minutes(&after.coordination_reason);
    let coord = rules.calendar.add(at, coord, duty_clock(after));
    let mut deadlines = after.deadlines();
    match act {
        Act::Expire(fired) => {
            for deadline in deadlines.iter_mut().filter(|deadline| deadline.kind == fired) {
                match fired {
                    Timer::Resolve => step(deadline),
                    Timer::Dispatch => deadline.due_at = at + TimeDelta::minutes(settings.dispatch_minutes),
                    Timer::Coord => deadline.due_at = coord,
                    Timer::Verify => deadline.due_at = at + TimeDelta::minutes(settings.verify_minutes),
                    _ => deadline.due_at = at + TimeDelta::hours(24),
                }
                if fired != Timer::Resolve {
                    deadline.fired = deadline.fired.saturating_add(1);
                }
            }
        }
        Act::CouncilKeeps => deadlines = after.review_at.map(|at| deadline(Timer::Review, at)).into_iter().collect(),
        Act::CheckPassed => deadlines.retain(|deadline| deadline.kind != Timer::Verify),
        _ => {}
    }
    after.timers = written(&deadlines);
}
