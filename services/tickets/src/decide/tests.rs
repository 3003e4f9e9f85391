mod invariants;
mod mediation;
mod walk;

use std::sync::Arc;

use chassis::access::Reach;
use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    calendar::Calendar,
    machine::Timer,
    ticket::{CouncilDecision, Resolution, written},
};

/// The people and departments of a small district.
pub struct World {
    pub district: Uuid,
    pub rules: Rules,
    pub people: Vec<Actor>,
    pub departments: Vec<Uuid>,
}

pub fn morning() -> DateTime<Utc> {
    "2026-11-23T01:00:00Z".parse().unwrap()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

impl World {
    pub fn new() -> Self {
        let departments: Vec<Uuid> = (1..=4).map(|n| id(0xd0 + n)).collect();
        let person = |n: u128, role, places: &[&str], departments: &[Uuid]| Actor {
            person_id: id(n),
            role,
            reach: Reach {
                places: places.iter().map(|place| (*place).to_owned()).collect(),
                departments: departments.to_vec(),
                ..Reach::default()
            },
        };
        let people = vec![
            person(1, "courier", &[], &[]),
            person(2, "resident", &[], &[]),
            person(3, "liaison", &["gn.xy"], &[]),
            person(4, "liaison", &["gn.xy"], &[]),
            person(5, "liaison", &["gn.hq"], &[]),
            person(6, "department_handler", &[], &departments[..1]),
            person(7, "department_handler", &[], &departments[..1]),
            person(8, "department_handler", &[], &departments[1..2]),
            person(9, "department_handler", &[], &departments[2..3]),
            person(10, "community_worker", &["gn.xy.sh"], &[]),
            person(11, "community_worker", &["gn.xy.sh"], &[]),
            person(12, "home_observer", &["gn.xy.sh.03"], &[]),
            person(13, "coordinator", &["gn"], &[]),
        ];
        let checkers = [10, 11, 12].map(|n| ("gn.xy.sh".to_owned(), id(n)));
        let by_code = departments.iter().enumerate().map(|(n, department)| (format!("d{n}"), *department)).collect();
        let rules = Rules {
            settings: TicketSettings::default(),
            calendar: Arc::new(Calendar::default()),
            departments: Arc::new(Departments { by_code }),
            checkers: Arc::new(Checkers { posts: checkers.to_vec() }),
            category: Arc::new(|_| None),
            draw_key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, b"draw")),
        };
        Self { district: id(0xff), rules, people, departments }
    }

    pub fn born(&self, n: u128, reporter: &Actor, at: DateTime<Utc>, level: i16) -> Ticket {
        let mut ticket = Ticket {
            district_id: self.district,
            ticket_id: id(0xa000 + n),
            version: 1,
            state: "POOL".into(),
            level,
            priority: 2,
            category_code: "10001".into(),
            clock: if n.is_multiple_of(2) { "NATURAL" } else { "WORKING" }.into(),
            resolve_minutes: 2880,
            place_path: "gn.xy.sh.03".into(),
            held_by: "street:gn.xy".into(),
            reporter_id: reporter.person_id,
            reporter_role: reporter.role.into(),
            received_at: at,
            entered_at: Some(at),
            claim_by: at + TimeDelta::minutes(30),
            promised_by: at + TimeDelta::hours(49),
            legs: json!([]),
            invited: json!([]),
            refusals: json!([]),
            co_reports: json!([]),
            ..Ticket::default()
        };
        born_timers(&mut ticket);
        ticket
    }

    pub fn wish(&self, ticket: &Ticket, actor: Option<&Actor>, deed: Deed, at: DateTime<Utc>) -> Wish {
        Wish {
            district_id: ticket.district_id,
            ticket_id: ticket.ticket_id,
            body_hash: format!("{deed:?}").into_bytes(),
            deed,
            actor: actor.cloned(),
            version: None,
            at,
            traceparent: String::new(),
        }
    }

    pub fn step(&self, ticket: &mut Ticket, actor: Option<usize>, deed: Deed, at: DateTime<Utc>) -> &'static str {
        let wish = self.wish(ticket, actor.map(|n| &self.people[n]), deed, at);
        match decide(ticket, &wish, &self.rules).unwrap() {
            Decision::Change(change) => {
                *ticket = change.after;
                change.transition
            }
            Decision::Repeated => "",
        }
    }
}

fn council(decision: CouncilDecision, review_at: Option<DateTime<Utc>>) -> Deed {
    Deed::Council(Resolution { decision, text: "议事会决议".into(), held_on: morning().date_naive(), review_at })
}

fn terms() -> Terms {
    Terms {
        category_code: "06010".into(),
        level: 3,
        priority: 2,
        clock: "WORKING".into(),
        resolve_minutes: 480,
        after_photo: false,
        text: String::new(),
    }
}

#[test]
fn whatever_nobody_does_a_ticket_ends_with_a_department_under_repeating_escalation() {
    let world = World::new();
    let mut ticket = world.born(1, &world.people[0], morning(), 3);
    let mut taken = Vec::new();
    for _ in 0..12 {
        let first = ticket.deadlines().into_iter().min_by_key(|deadline| deadline.due_at).unwrap();
        taken.push(world.step(&mut ticket, None, Deed::Expire(first.kind), first.due_at));
    }
    assert_eq!(taken[..4], ["T3", "T13", "T10", "T15"]);
    assert!(taken[4..].iter().all(|transition| *transition == "T15"), "{taken:?}");
    assert_eq!(ticket.state(), State::InProgress);
    assert_eq!(ticket.escalation_step, 9);
    assert!(ticket.held_by.starts_with("department:") && ticket.due_at.is_some());
}

#[test]
fn a_claimer_who_rests_is_alerted_once_and_then_the_ticket_is_coordinated() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    let mut at = morning() + TimeDelta::minutes(5);
    world.step(&mut ticket, Some(2), Deed::Claim, at);
    for expected in ["T7", "T8"] {
        at += TimeDelta::minutes(30);
        assert_eq!(ticket.due_at, Some(at));
        assert_eq!(world.step(&mut ticket, None, Deed::Expire(Timer::Dispatch), at), expected);
    }
    assert_eq!((ticket.state(), ticket.coordination_reason.as_str()), (State::Coordination, "STALLED"));
}

#[test]
fn a_late_community_is_counted_once_and_escalates_again_a_day_later() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    world.step(&mut ticket, Some(2), Deed::Claim, morning());
    world.step(&mut ticket, Some(2), Deed::HandToCommunity { text: String::new() }, morning());
    let late = morning() + TimeDelta::hours(48);
    assert_eq!(world.step(&mut ticket, None, Deed::Expire(Timer::Resolve), late), "T5");
    assert_eq!((ticket.state(), ticket.level, ticket.escalation_step), (State::Claimed, 2, 1));
    let resolve = ticket.deadlines().into_iter().find(|deadline| deadline.kind == Timer::Resolve).unwrap();
    assert_eq!(resolve.due_at, late + TimeDelta::hours(24));
    assert_eq!(ticket.due_at, Some(late + TimeDelta::minutes(30)), "the liaison has it to dispatch");
}

#[test]
fn a_pause_asked_for_before_a_return_is_forgotten() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    let department_id = world.departments[0];
    world.step(&mut ticket, Some(2), Deed::Claim, morning());
    world.step(
        &mut ticket,
        Some(2),
        Deed::Dispatch { department_id, assisting: vec![], text: String::new() },
        morning(),
    );
    world.step(&mut ticket, Some(5), Deed::Accept, morning());
    let until = morning() + TimeDelta::hours(9);
    world.step(
        &mut ticket,
        Some(5),
        Deed::RequestPause { reason_code: "WEATHER".into(), text: "雪".into(), until },
        morning(),
    );
    world.step(
        &mut ticket,
        Some(5),
        Deed::Resolve { text: "好".into(), media: vec![], away: Away::default() },
        morning(),
    );
    assert!(ticket.pause_request.is_none());
}

#[test]
fn an_approved_pause_moves_the_deadline_and_an_early_resume_takes_the_rest_back() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    let at = |hours| morning() + TimeDelta::hours(hours);
    let department_id = world.departments[0];
    world.step(&mut ticket, Some(2), Deed::Claim, morning());
    world.step(
        &mut ticket,
        Some(2),
        Deed::Dispatch { department_id, assisting: vec![], text: String::new() },
        morning(),
    );
    world.step(&mut ticket, Some(5), Deed::Accept, at(1));
    let promised = (ticket.promised_by, ticket.resolve_by.unwrap());
    assert_eq!(promised.1, at(48));
    let request = Deed::RequestPause { reason_code: "WEATHER".into(), text: "大雪".into(), until: at(34) };
    world.step(&mut ticket, Some(5), request, at(10));
    world.step(&mut ticket, Some(12), Deed::Pause { until: None, text: String::new() }, at(10));
    assert_eq!((ticket.state(), ticket.resolve_by, ticket.due_at), (State::Paused, Some(at(72)), Some(at(34))));
    world.step(&mut ticket, Some(12), Deed::Resume { reason: String::new() }, at(20));
    assert_eq!((ticket.state(), ticket.resolve_by, ticket.due_at), (State::InProgress, Some(at(58)), Some(at(58))));
    assert_eq!(ticket.promised_by, promised.0, "the promise never moves");
}

#[test]
fn the_lot_is_fair_and_never_falls_on_who_had_a_part() {
    let world = World::new();
    let mut drawn = std::collections::HashMap::new();
    for n in 0..3000 {
        let mut ticket = world.born(n, &world.people[0], morning(), 3);
        ticket.handler_id = Some(world.people[9].person_id);
        *drawn.entry(world.rules.draw(&ticket, 1).unwrap()).or_insert(0) += 1;
    }
    assert!(!drawn.contains_key(&world.people[9].person_id));
    assert!(drawn.values().all(|times| (1350..=1650).contains(times)), "{drawn:?}");
}

#[test]
fn whoever_did_the_work_of_this_round_does_not_check_it() {
    let world = World::new();
    let mut ticket = world.born(2, &world.people[0], morning(), 3);
    let resolve = || Deed::Resolve { text: "好".into(), media: vec![], away: Away::default() };
    world.step(&mut ticket, Some(2), Deed::Claim, morning());
    world.step(&mut ticket, Some(2), Deed::HandToCommunity { text: String::new() }, morning());
    let (first, second) = (9, 10);
    world.step(&mut ticket, Some(first), resolve(), morning());
    let dissatisfied = Deed::Rate { satisfied: false, solved: false, comment: "还是滑".into() };
    world.step(&mut ticket, Some(0), dissatisfied, morning());
    world.step(&mut ticket, Some(second), resolve(), morning());
    let worker = &world.people[second];
    assert_eq!((ticket.state(), ticket.handler_id), (State::Feedback, Some(worker.person_id)));
    for n in 1..100 {
        assert_ne!(world.rules.draw(&ticket, n), Some(worker.person_id), "round {n}");
    }
    ticket.checker_id = None;
    let check = world.wish(&ticket, Some(worker), Deed::Check { passed: true, text: String::new() }, morning());
    assert!(matches!(decide(&ticket, &check, &world.rules), Err(crate::error::Refusal::NotIndependent(_))));
}

#[test]
fn unknown_columns_of_json_read_as_nothing() {
    assert_eq!(written(&Vec::<u8>::new()), json!([]));
    assert!(Ticket::default().deadlines().is_empty() && Ticket::default().pause().is_none());
}
