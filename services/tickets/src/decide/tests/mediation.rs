//! T30: who may stop a ticket by mediation, and how often.
use chrono::TimeDelta;

use super::{World, id, morning};
use crate::{
    decide::{Decision, Deed, Ruling, decide},
    error::Refusal,
    machine::State,
    ticket::Ticket,
};

const LIAISON: usize = 2;
const REFUSER: usize = 5;
const HANDLER: usize = 7;
const WORKER: usize = 9;
const COORDINATOR: usize = 12;

fn mediate(case: u128) -> Deed {
    Deed::Mediate { mediation_case_id: id(case), until: morning() + TimeDelta::days(20), text: "邻里纠纷".into() }
}

fn asked(world: &World, ticket: &Ticket, person: usize, case: u128) -> Result<Decision, Refusal> {
    decide(ticket, &world.wish(ticket, Some(&world.people[person]), mediate(case), morning()), &world.rules)
}

#[test]
fn a_ticket_waits_for_mediation_once() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    world.step(&mut ticket, Some(LIAISON), Deed::Claim, morning());
    for stranger in [LIAISON + 1, WORKER] {
        let refused = asked(&world, &ticket, stranger, 1);
        assert!(matches!(refused, Err(Refusal::NotTheClaimer(_))), "{refused:?}");
    }
    world.step(&mut ticket, Some(LIAISON), Deed::HandToCommunity { text: String::new() }, morning());
    assert_eq!(world.step(&mut ticket, Some(WORKER), mediate(1), morning()), "T30");
    assert_eq!((ticket.state(), ticket.resolve_by), (State::Paused, Some(morning() + TimeDelta::days(22))));
    assert!(matches!(asked(&world, &ticket, WORKER, 1), Ok(Decision::Repeated)));
    assert!(matches!(asked(&world, &ticket, WORKER, 2), Err(Refusal::StateConflict(_))));
    world.step(&mut ticket, Some(COORDINATOR), Deed::Resume { reason: "未达成".into() }, morning());
    assert_eq!((ticket.state(), ticket.resolve_by), (State::Community, Some(morning() + TimeDelta::days(2))));
    for case in [1, 2] {
        let refused = asked(&world, &ticket, WORKER, case);
        assert!(matches!(refused, Err(Refusal::AlreadyMediated(_))), "{refused:?}");
    }
}

#[test]
fn a_department_that_refused_does_not_stop_the_community() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    let dispatch = Deed::Dispatch { department_id: world.departments[0], assisting: vec![], text: String::new() };
    let ruling = Ruling { department_id: None, assisting: vec![], extension_minutes: None };
    world.step(&mut ticket, Some(LIAISON), Deed::Claim, morning());
    world.step(&mut ticket, Some(LIAISON), dispatch, morning());
    world.step(&mut ticket, Some(REFUSER), Deed::Refuse { basis: "不属职责".into() }, morning());
    world.step(&mut ticket, Some(COORDINATOR), Deed::Rule { ruling, reason: "属地".into() }, morning());
    assert_eq!(ticket.state(), State::Community);
    let refused = asked(&world, &ticket, REFUSER, 1);
    assert!(matches!(refused, Err(Refusal::NotYours)), "{refused:?}");
    assert_eq!(world.step(&mut ticket, Some(WORKER), mediate(1), morning()), "T30");
}

#[test]
fn only_a_department_that_works_at_it_stops_its_clock() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    let dispatch = Deed::Dispatch { department_id: world.departments[0], assisting: vec![], text: String::new() };
    let ruling = Ruling { department_id: Some(world.departments[1]), assisting: vec![], extension_minutes: None };
    world.step(&mut ticket, Some(LIAISON), Deed::Claim, morning());
    world.step(&mut ticket, Some(LIAISON), dispatch, morning());
    world.step(&mut ticket, Some(REFUSER), Deed::Refuse { basis: "不属职责".into() }, morning());
    world.step(&mut ticket, Some(COORDINATOR), Deed::Rule { ruling, reason: "属地".into() }, morning());
    world.step(&mut ticket, Some(HANDLER), Deed::Accept, morning());
    for stranger in [REFUSER, LIAISON, WORKER] {
        let refused = asked(&world, &ticket, stranger, 1);
        assert!(matches!(refused, Err(Refusal::NotYours)), "{refused:?}");
    }
    assert_eq!(world.step(&mut ticket, Some(HANDLER), mediate(1), morning()), "T30");
}
