use proptest::prelude::*;

use super::*;

/// A ticket as far as the rules know it.
#[derive(Clone, Debug)]
struct Walker {
    state: State,
    reason: &'static str,
    reopen_count: i32,
    escalations: u32,
    version: u32,
    timers: Vec<Timer>,
    claimed: bool,
    dispatched: bool,
}

impl Walker {
    fn born() -> Self {
        let born = rows(Act::Report).next().unwrap();
        Self {
            state: born.to.unwrap(),
            reason: "",
            reopen_count: 0,
            escalations: 0,
            version: 1,
            timers: born.arms.to_vec(),
            claimed: false,
            dispatched: false,
        }
    }

    fn position(&self) -> Position<'_> {
        Position { state: self.state, coordination_reason: self.reason, reopen_count: self.reopen_count }
    }

    fn take(&mut self, row: &Transition) {
        if let Some(to) = row.to {
            self.state = to;
            self.reason = row.reason;
        } else {
            self.escalations += 1;
        }
        self.reopen_count += i32::from(row.rework);
        self.timers.retain(|timer| !row.cancels.contains(timer));
        for timer in row.arms {
            if !self.timers.contains(timer) {
                self.timers.push(*timer);
            }
        }
        self.claimed |= row.act == Act::Claim;
        self.dispatched |= row.act == Act::Dispatch;
        self.version += 1;
    }
}

/// The timers that TICKET.md wants alive in a state, of those there are.
fn wanted(walker: &Walker) -> Vec<Timer> {
    match walker.state {
        State::Pool => vec![Timer::Claim],
        State::Dispatched | State::InProgress => vec![Timer::Resolve],
        State::Coordination if walker.dispatched => vec![Timer::Resolve],
        _ => vec![],
    }
}

const ACTS: [Act; 8] = [
    Act::Claim,
    Act::Dispatch,
    Act::Accept,
    Act::Resolve,
    Act::RateSatisfied,
    Act::RateDissatisfied,
    Act::Expire(Timer::Claim),
    Act::Expire(Timer::Resolve),
];

proptest! {
    #[test]
    fn no_walk_breaks_the_rules(acts in prop::collection::vec(0..ACTS.len(), 1..60)) {
        let mut walker = Walker::born();
        for act in acts.into_iter().map(|index| ACTS[index]) {
            if let Act::Expire(timer) = act && !walker.timers.contains(&timer) {
                continue;
            }
            let admitting: Vec<_> = rows(act).filter(|row| row.admits(walker.position())).collect();
            prop_assert!(admitting.len() <= 1, "{act:?} is ambiguous in {walker:?}");
            let Some(row) = admitting.first() else { continue };
            prop_assert!(walker.state != State::Closed, "{} leaves an end state", row.id);
            walker.take(row);
            prop_assert_eq!(&walker.timers, &wanted(&walker), "after {}", row.id);
            prop_assert!((walker.reason.is_empty()) != (walker.state == State::Coordination));
            prop_assert!(walker.reopen_count <= 1);
            prop_assert!(walker.claimed || !walker.dispatched);
        }
    }
}

#[test]
fn every_deadline_that_is_armed_can_act() {
    for timer in [Timer::Claim, Timer::Resolve] {
        assert_eq!(rows(Act::Expire(timer)).count(), 1);
        assert!(TRANSITIONS.iter().any(|row| row.arms.contains(&timer) && row.act != Act::Expire(timer)));
    }
}

#[test]
fn if_nobody_ever_acts_a_dispatched_ticket_escalates_for_ever() {
    let mut walker = Walker::born();
    for act in [Act::Claim, Act::Dispatch, Act::Expire(Timer::Resolve), Act::Expire(Timer::Resolve)] {
        let row = rows(act).find(|row| row.admits(walker.position())).unwrap();
        walker.take(row);
    }
    assert_eq!((walker.state, walker.escalations, walker.timers), (State::Dispatched, 2, vec![Timer::Resolve]));
}

#[test]
fn rows_are_told_in_both_languages_and_codes_lead_back() {
    for row in TRANSITIONS {
        assert!(row.id.starts_with('T') && !row.zh.is_empty() && !row.en.is_empty(), "{}", row.id);
        assert_eq!(row.to == Some(State::Coordination), !row.reason.is_empty(), "{}", row.id);
    }
    for (state, code, _) in STATES {
        assert_eq!((State::of(code), state.code()), (Some(state), code));
    }
}

#[test]
fn escalations_come_at_once_then_after_one_three_four_and_five_days() {
    assert_eq!([0, 1, 2, 3, 4].map(escalation_hours), [0, 24, 72, 96, 120]);
}
