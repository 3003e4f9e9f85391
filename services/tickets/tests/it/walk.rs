//! The random walk of the rules, against the real service on PostgreSQL: two replicas, eight walkers at once, people of every kind, and
//! time passing between. The points service hears it all, as it does when it runs.
mod points;

use std::sync::Arc;

use chassis::{
    access::{Caller, Reach},
    faults::Fault,
};
use chrono::{DateTime, TimeDelta, Utc};
use proto::api::v1::post::Role;
use tickets::{
    Away, CouncilDecision, Deed, Resolution, Ruling, Ticket, Tickets, followers_consumer,
    ops::{self, Target},
    sweep,
};
use tonic::Code;
use uuid::Uuid;

use self::points::Points;
use crate::{
    harness::{NEEDS_NO_PHOTO, World, people::Person, report},
    history::{Dice, replay},
};

const TICKETS: usize = 24;
const WALKERS: u64 = 8;
/// Of one walker, before everybody rests and what must hold is looked at.
const STEPS: usize = 150;
const RESTS: u64 = 3;

/// Everybody who may have a hand in it; the first two report.
fn people(world: &World, second: &Person) -> Vec<Caller> {
    let caller = |person: &Person, role: Role, places: &[&str], departments: &[Uuid]| Caller {
        person_id: person.id,
        district_id: person.district,
        session_id: Uuid::now_v7(),
        posts: person.posts.clone(),
        role,
        reach: Reach {
            own: true,
            places: places.iter().map(|place| (*place).to_owned()).collect(),
            departments: departments.to_vec(),
            ..Reach::default()
        },
    };
    let gn = world.gongnong;
    let worker = || Person::worker(gn);
    vec![
        caller(&world.courier, Role::Courier, &[], &[]),
        caller(second, Role::Courier, &[], &[]),
        caller(&world.liaison, Role::Liaison, &["gn.xy"], &[]),
        caller(&Person::liaison(gn, "gn.xy"), Role::Liaison, &["gn.xy"], &[]),
        caller(&world.handler, Role::DepartmentHandler, &[], &[world.housing]),
        caller(&Person::handler(gn, world.housing), Role::DepartmentHandler, &[], &[world.housing]),
        caller(&Person::handler(gn, world.fire), Role::DepartmentHandler, &[], &[world.fire]),
        caller(&worker(), Role::CommunityWorker, &["gn.xy.sh"], &[]),
        caller(&worker(), Role::CommunityWorker, &["gn.xy.sh"], &[]),
        caller(&Person::coordinator(gn), Role::Coordinator, &["gn"], &[]),
    ]
}

fn deed(world: &World, dice: &mut Dice) -> Deed {
    let (text, reason) = (|| "说明".to_owned(), || "理由".to_owned());
    let turn = dice.roll(2);
    let department_id = [world.housing, world.fire][turn];
    let other = if dice.roll(4) == 0 { vec![[world.fire, world.housing][turn]] } else { Vec::new() };
    let soon = world.clock.now() + TimeDelta::days(2);
    match dice.roll(37) {
        0 | 1 => Deed::Claim,
        2 => Deed::HandToCommunity { text: text() },
        3 => Deed::PassUp { reason: reason() },
        4..=6 => Deed::Dispatch { department_id, assisting: other.clone(), text: text() },
        7 => Deed::MarkUnclear { reason: reason() },
        8 => Deed::Accept,
        9 => Deed::Refuse { basis: reason() },
        10 | 11 => {
            let department_id = Some(department_id).filter(|_| dice.roll(3) > 0);
            let assisting = if department_id.is_some() { other } else { Vec::new() };
            let ruling = Ruling { department_id, assisting, extension_minutes: None };
            Deed::Rule { ruling, reason: reason() }
        }
        12 | 13 => Deed::Resolve { text: text(), media: Vec::new(), away: Away::default() },
        14 => Deed::Pause { until: Some(soon), text: text() },
        15 => Deed::Resume { reason: reason() },
        16 => Deed::Check { passed: dice.roll(2) == 0, text: text() },
        17 => Deed::Rate { satisfied: true, solved: true, comment: String::new() },
        18 => Deed::Rate { satisfied: false, solved: false, comment: reason() },
        19 => Deed::PutOff { reason: reason(), review_at: soon },
        20 => Deed::Review { reason: reason() },
        21 => Deed::ProposeInvalid { reason: reason(), malicious: dice.roll(2) == 0 },
        22 => Deed::ConfirmInvalid,
        23 => Deed::Appeal { reason: reason() },
        24 => Deed::RequestPause { reason_code: "WEATHER".into(), text: text(), until: soon },
        25 => Deed::DismissAppeal { reason: reason() },
        26 => Deed::Withdraw { reason: reason() },
        27 => Deed::Mediate { mediation_case_id: Uuid::now_v7(), until: soon, text: text() },
        28 => Deed::AddEvidence { text: text(), media: Vec::new() },
        29 => Deed::FileStatement { text: text() },
        30 => Deed::FinishPart { text: text() },
        31 | 32 => Deed::InviteParties { departments: vec![department_id], text: text(), until: None },
        33 => council(world, CouncilDecision::Reopen, None),
        34 => council(world, CouncilDecision::Keep, Some(soon)),
        35 => council(world, CouncilDecision::Close, None),
        _ => Deed::Reopen { text: text(), media: vec![Uuid::now_v7()] },
    }
}

fn council(world: &World, decision: CouncilDecision, review_at: Option<DateTime<Utc>>) -> Deed {
    Deed::Council(Resolution { decision, text: "议事会决议".into(), held_on: world.clock.today(), review_at })
}

async fn step(world: &World, dice: &mut Dice, ids: &[Uuid], people: &[Caller]) {
    if dice.roll(40) == 0 {
        world.clock.advance(TimeDelta::minutes([2, 20, 90, 600, 3_000][dice.roll(5)]));
        sweep::sweep(world.replicas[dice.roll(2)].0.as_ref(), world.clock.now()).await.unwrap();
        return;
    }
    let tickets = &world.replicas[dice.roll(2)].0;
    let (id, caller) = (ids[dice.roll(TICKETS as u64)], &people[dice.roll(people.len() as u64)]);
    let outcome = if dice.roll(15) == 0 {
        merge(tickets, caller, id, ids[dice.roll(TICKETS as u64)]).await
    } else {
        ops::act(tickets, caller, Target { ticket_id: id, if_match: None }, deed(world, dice)).await
    };
    let unwell = |code: Code| matches!(code, Code::Internal | Code::Unknown);
    assert!(!outcome.as_ref().is_err_and(|fault| unwell(fault.code)), "{outcome:?}");
}

async fn merge(tickets: &Tickets, caller: &Caller, child: Uuid, parent: Uuid) -> Result<Ticket, Fault> {
    ops::merge(tickets, caller, Target { ticket_id: child, if_match: None }, parent).await
}

/// Two people's reports of the same are one ticket before anybody walks, and whose it was leaves one of them: the other takes their place.
async fn begin(world: &World, people: &[Caller], ids: &[Uuid]) {
    let tickets = &world.replicas[0].0;
    for pair in ids.chunks(2).take(6) {
        merge(tickets, &people[2], pair[1], pair[0]).await.unwrap();
    }
    let target = Target { ticket_id: ids[0], if_match: None };
    let left = ops::act(tickets, &people[0], target, Deed::Withdraw { reason: "看错了".into() }).await.unwrap();
    assert_eq!((left.state.as_str(), left.reporter_id), ("POOL", people[1].person_id), "promoted");
    // whose report hangs below it all the same: it would hang two deep
    assert!(merge(tickets, &people[2], ids[0], ids[12]).await.is_err());
}

/// What no row may be, and what that would mean.
const INVARIANTS: &[(&str, &str)] = &[
        (
            "ticket where due_at is null and state not in ('CLOSED', 'INVALID', 'MERGED', 'WITHDRAWN')",
            "an open ticket rests",
        ),
        (
            "event c where c.transition in ('T18', 'T37') and c.actor_id = (select r.actor_id from tickets.event r
                where (r.district_id, r.ticket_id) = (c.district_id, c.ticket_id) and r.sequence < c.sequence and r.transition in ('T4b', 'T14')
                order by r.sequence desc limit 1)",
            "somebody checked their own work",
        ),
        (
            "ticket t where (select count(*) from tickets.event e
                where (e.district_id, e.ticket_id) = (t.district_id, t.ticket_id) and e.transition = 'T30') > 1",
            "mediated twice",
        ),
        (
            "ticket t where state = 'CLOSED_NOFIX' and not exists (select from tickets.agenda_item a
                where (a.district_id, a.ticket_id) = (t.district_id, t.ticket_id) and (a.state = 'OPEN' or a.decision = 'CLOSE'))",
            "put off, and before no council",
        ),
        (
            "agenda_item a join tickets.ticket t using (district_id, ticket_id)
             where a.state = 'OPEN' and t.state <> case when a.due then 'COORDINATION' else 'CLOSED_NOFIX' end",
            "on the agenda, and not put off",
        ),
        (
            "ticket t where state = 'INVALID' and malicious and not exists (select from tickets.strike s
                where (s.district_id, s.ticket_id, s.person_id) = (t.district_id, t.ticket_id, t.reporter_id) and s.lifted_at is null)",
            "in bad faith, and no strike",
        ),
        (
            "strike s join tickets.ticket t using (district_id, ticket_id)
             where s.lifted_at is null and (not t.malicious or t.state not in ('INVALID', 'COORDINATION'))",
            "struck for a ticket that is one",
        ),
        ("ticket where invited <> '[]' and state <> 'COORDINATION'", "somebody is asked for a view that nobody waits for"),
        ("ticket where jsonb_array_length(refusals) > 2", "more than two refusals"),
        (
            "ticket where (select count(*) from jsonb_array_elements(legs) l where (l->>'lead')::bool and l->>'state' = 'OPEN') > 1",
            "two lead",
        ),
        (
            "ticket c join tickets.ticket p on p.district_id = c.district_id and p.ticket_id = c.parent_ticket_id
             where p.parent_ticket_id is not null",
            "a chain of merged tickets",
        ),
        (
            "event e where e.facts ? 'resolve_by' and e.transition <> all (array['T6', 'T4', 'T12', 'T13', 'T16', 'T17', 'T18', 'T20', 'T24', 'T28', 'T30'])
             and (select f.facts->>'resolve_by' from tickets.event f where (f.district_id, f.ticket_id) = (e.district_id, e.ticket_id)
                and f.sequence < e.sequence and f.facts ? 'resolve_by' order by f.sequence desc limit 1) is not null",
            "a deadline moved by itself",
        ),
        (
            "ticket t where (select count(distinct r->>'department_id') from jsonb_array_elements(t.refusals) r) <> jsonb_array_length(t.refusals)",
            "a department refused twice",
        ),
        (
            "event e where e.transition = 'T11' and (select f.facts->>'binding' from tickets.event f
                where (f.district_id, f.ticket_id) = (e.district_id, e.ticket_id) and f.sequence < e.sequence and f.facts ? 'binding'
                order by f.sequence desc limit 1) = 'true'",
            "refused after a ruling",
        ),
        (
            "event where from_state in ('CLOSED', 'INVALID', 'MERGED', 'WITHDRAWN') and to_state <> from_state
             and transition not in ('T26', 'T28')",
            "an end was left",
        ),
        (
            "ticket p, jsonb_array_elements(p.co_reports) r where not (r->>'promoted')::bool and not exists (
                select from tickets.ticket c where c.district_id = p.district_id and c.ticket_id = (r->>'ticket_id')::uuid
                    and c.parent_ticket_id = p.ticket_id)",
            "a co-reporter whose own report is not merged in",
        ),
        (
            "event e where e.transition = 'T29b' and not exists (
                select from tickets.ticket t, jsonb_array_elements(t.co_reports) r
                where (t.district_id, t.ticket_id) = (e.district_id, e.ticket_id) and (r->>'promoted')::bool)",
            "somebody left and nobody took their place",
        ),
        ("event e join tickets.ticket t using (district_id, ticket_id) where e.sequence = 1 and e.at <> t.received_at", "age"),
        (
            "event e join tickets.event f using (district_id, ticket_id) where f.sequence = e.sequence + 1 and f.at < e.at and e.from_state <> e.to_state",
            "time ran backwards",
        ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_walk_of_everybody_through_every_deed_keeps_the_invariants_in_the_database() {
    let world = Arc::new(World::new().await);
    let second = Person::courier(world.gongnong);
    let people = Arc::new(people(&world, &second));
    let mut points = Points::of(&world).await;
    let mut ids = Vec::new();
    for turn in 0..TICKETS {
        let category = [NEEDS_NO_PHOTO, "81003"][turn / 2 % 2];
        let reporter = [&world.courier, &second][turn % 2];
        ids.push(world.report(reporter, report(category)).await.unwrap().ticket_id.parse().unwrap());
    }
    begin(&world, &people, &ids).await;
    let ids: Arc<Vec<Uuid>> = Arc::new(ids);
    for rest in 0..RESTS {
        let walkers = (1..=WALKERS).map(|seed| {
            let (world, ids, people) = (world.clone(), ids.clone(), people.clone());
            tokio::spawn(async move {
                let mut dice = Dice((seed + WALKERS * rest) * 7_919);
                for _ in 0..STEPS {
                    step(&world, &mut dice, &ids, &people).await;
                }
            })
        });
        for walker in walkers.collect::<Vec<_>>() {
            walker.await.unwrap();
        }
        points.check(&world).await;
    }
    points.came_to_both_ends(&world).await;
    for id in ids.iter() {
        replay(&world, *id).await;
    }
    let taken: Vec<String> =
        sqlx::query_scalar("select distinct transition from tickets.event").fetch_all(&world.pool).await.unwrap();
    assert!(taken.len() >= 20, "only {taken:?} of the table were walked");
    for shared in ["T27", "T29b", "T39"] {
        assert!(taken.iter().any(|transition| transition == shared), "{shared} was never walked");
    }
    assert_eq!(world.count("event").await, world.count("outbox").await, "no event untold");
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    for (broken, what) in INVARIANTS {
        assert_eq!(world.count(broken).await, 0, "{what}");
    }
}
