use std::collections::{HashMap, HashSet};

use super::*;

#[test]
fn every_open_state_has_a_timer_that_leads_somewhere() {
    for &state in State::ALL.iter().filter(|state| !state.ended()) {
        let timers = timers_of(state);
        assert!(!timers.is_empty(), "{state:?} could rest");
        for &timer in timers {
            let acts = rows(Act::Expire(timer)).any(|row| row.from.contains(&state));
            assert!(acts, "{timer:?} does nothing in {state:?}");
        }
    }
}

#[test]
fn every_state_is_reachable_and_ended_states_leave_by_appeal_or_reopening_only() {
    let mut reached = HashSet::from([State::Pool]);
    for _ in 0..TRANSITIONS.len() {
        for row in TRANSITIONS {
            if row.from.iter().any(|from| reached.contains(from)) {
                match row.to {
                    To::State(state) => reached.extend([state]),
                    To::Work => reached.extend([State::Community, State::InProgress]),
                    To::Stay | To::Origin => {}
                }
            }
        }
    }
    assert_eq!(reached.len(), State::ALL.len());
    for row in TRANSITIONS.iter().filter(|row| row.from.iter().any(|from| from.ended())) {
        assert!(["T26", "T28"].contains(&row.id), "{} leaves an ended state", row.id);
    }
}

#[test]
fn rows_of_one_act_and_state_differ_in_their_condition() {
    let mut seen: HashMap<(Act, State), Vec<When>> = HashMap::new();
    for row in TRANSITIONS {
        for &from in row.from {
            let conditions = seen.entry((row.act, from)).or_default();
            assert!(!conditions.contains(&row.when) && !conditions.contains(&When::Always), "{} repeats a row", row.id);
            conditions.push(row.when);
        }
    }
}
