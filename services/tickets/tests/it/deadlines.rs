use std::{collections::HashSet, sync::Arc, time::Duration};

use chassis::clock::Clock;
use chrono::TimeDelta;
use proto::tickets::v1::{ticket::State, ticket_service_server::TicketService};
use tickets::{TicketSettings, Tickets, escalation_hours, rpc::tickets::TicketRpc, sweep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, morning, report, state};

#[tokio::test]
async fn an_unclaimed_ticket_goes_to_coordination_and_a_late_claim_brings_it_back() {
    let world = World::new().await;
    let ticket = world.pooled().await;
    let id = ticket.ticket_id.as_str();
    world.clock.advance(TimeDelta::minutes(30) - TimeDelta::microseconds(1));
    assert_eq!(sweep::sweep(world.service(), world.clock.now()).await.unwrap(), 0, "not before");
    world.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(sweep::sweep(world.service(), world.clock.now()).await.unwrap(), 1);
    let waiting = world.get(&world.courier, id).await.unwrap();
    assert_eq!((state(&waiting), waiting.coordination_reason.as_str()), (State::Coordination, "UNCLAIMED"));
    let claimed = world.claim(&world.liaison, id).await.unwrap();
    assert_eq!(
        (state(&claimed), claimed.claimed_late, claimed.coordination_reason.as_str()),
        (State::Claimed, true, "")
    );
    let events = world.events(&world.courier, id).await;
    let rows: Vec<_> = events.iter().map(|event| (event.transition.as_str(), event.timer.as_str())).collect();
    assert_eq!(rows, [("T1", ""), ("T3", "CLAIM"), ("T3b", "")]);
}

#[tokio::test]
async fn the_claim_deadline_of_a_claimed_ticket_is_gone_and_its_dispatch_is_waited_for_twice() {
    let world = World::new().await;
    let ticket = world.pooled().await;
    let id = ticket.ticket_id.as_str();
    world.clock.advance(TimeDelta::minutes(29));
    world.claim(&world.liaison, id).await.unwrap();
    assert_eq!(sweep::sweep(world.service(), morning() + TimeDelta::minutes(58)).await.unwrap(), 0);
    assert_eq!(
        sweep::sweep(world.service(), morning() + TimeDelta::minutes(59)).await.unwrap(),
        1,
        "the street's head is told"
    );
    assert_eq!(state(&world.get(&world.liaison, id).await.unwrap()), State::Claimed);
    assert_eq!(sweep::sweep(world.service(), morning() + TimeDelta::minutes(89)).await.unwrap(), 1);
    let stalled = world.get(&world.liaison, id).await.unwrap();
    assert_eq!((state(&stalled), stalled.coordination_reason.as_str()), (State::Coordination, "STALLED"));
}

#[tokio::test]
async fn an_overdue_ticket_escalates_at_once_then_after_one_three_and_four_days() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let id = ticket.ticket_id.as_str();
    world.accept(&world.handler, id).await.unwrap();
    let due = morning() + TimeDelta::hours(24);
    for step in 0..5 {
        let at = due + TimeDelta::hours(i64::from(escalation_hours(step)));
        assert_eq!(
            sweep::sweep(world.service(), at - TimeDelta::seconds(1)).await.unwrap(),
            0,
            "step {step} not before"
        );
        assert_eq!(sweep::sweep(world.service(), at).await.unwrap(), 1, "step {step}");
        assert_eq!(sweep::sweep(world.service(), at).await.unwrap(), 0, "step {step} once");
        let ticket = world.get(&world.courier, id).await.unwrap();
        assert_eq!((state(&ticket), ticket.escalation_step), (State::InProgress, i32::try_from(step).unwrap() + 1));
    }
    assert!(world.accept(&world.handler, id).await.is_ok(), "an escalation does not make a repetition fail");
    world.resolve(&world.handler, id, &[]).await.unwrap();
    let fed_back = world.get(&world.courier, id).await.unwrap();
    assert_eq!(fed_back.escalation_step, 5, "overdue is permanent on record");
    assert!(fed_back.deadlines.iter().all(|deadline| ["VERIFY", "RATE"].contains(&deadline.kind.as_str())));
}

#[tokio::test]
async fn a_category_on_the_working_clock_counts_working_hours_only() {
    let world = World::new().await;
    // 13 working hours from Monday 09:00: two days of 6.5 hours, from half an hour into the first
    let ticket = world.dispatched("84005").await;
    assert_eq!((ticket.clock.as_str(), ticket.resolve_minutes), ("WORKING", 780));
    let resolve_by = ticket.resolve_by.unwrap().seconds - world.clock.now().timestamp();
    assert_eq!(resolve_by, 2 * 24 * 3600, "Wednesday 09:00");
    let natural = world.dispatched(NEEDS_NO_PHOTO).await;
    assert_eq!(natural.resolve_by.unwrap().seconds - world.clock.now().timestamp(), 24 * 3600);
}

#[tokio::test]
async fn a_service_that_was_down_catches_up() {
    let world = World::new().await;
    world.dispatched(NEEDS_NO_PHOTO).await;
    world.pooled().await;
    let now = morning() + TimeDelta::hours(24 + 73);
    sweep::sweep(world.service(), now).await.unwrap();
    assert_eq!(sweep::sweep(world.service(), now).await.unwrap(), 0, "all at once");
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select transition, count(*) from tickets.event where timer <> '' group by 1 order by 1")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let expected = [("T10", 1), ("T15", 3), ("T3", 1)].map(|(row, times)| (row.to_owned(), times));
    assert_eq!(rows, expected, "the claim and the acceptance once, the escalations at 0, 24 and 72 hours each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_overdue_tickets_escalate_once_each_oldest_first_though_a_replica_dies() {
    let world = World::new().await;
    unclaimed(&world, 10_000).await;
    let now = morning() + TimeDelta::days(2);
    let replica = || {
        let service = world.replicas[0].0.clone();
        tokio::spawn(async move { sweep::sweep(&service, now).await })
    };
    let (doomed, survivor) = (replica(), replica());
    wait_until(&world, 1000).await;
    doomed.abort();
    survivor.await.unwrap().unwrap();
    sweep::sweep(world.service(), now).await.unwrap();
    let moved = world.count("event where transition = 'T3'").await;
    let tickets: i64 = world.count("ticket where state = 'COORDINATION' and version = 2").await;
    assert_eq!((moved, tickets), (10_000, 10_000));
    assert_eq!(world.count("outbox where payload->>'transition' = 'T3'").await, 10_000);
    let order: Vec<i32> = sqlx::query_scalar(
        "select t.resolve_minutes from tickets.outbox o join tickets.ticket t on t.ticket_id = o.subject_id order by o.tx, o.event_id",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let distinct: HashSet<_> = order.iter().collect();
    assert_eq!(distinct.len(), 10_000, "none twice");
    // at any moment at most two batches are under way
    for (at, age) in order.iter().enumerate() {
        assert!(i64::from(*age) <= i64::try_from(at).unwrap() + 2 * 500, "{age} at {at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_take_every_step_of_every_overdue_ticket_once() {
    let world = World::new().await;
    for _ in 0..30 {
        world.dispatched(NEEDS_NO_PHOTO).await;
    }
    for step in 0..3 {
        let at = morning() + TimeDelta::hours(24 + i64::from(escalation_hours(step)));
        let replicas = (0..4).map(|_| {
            let service = world.replicas[0].0.clone();
            tokio::spawn(async move { sweep::sweep(&service, at).await })
        });
        for replica in replicas.collect::<Vec<_>>() {
            replica.await.unwrap().unwrap();
        }
        sweep::sweep(world.service(), at).await.unwrap();
        let steps = format!("ticket where escalation_step = {}", step + 1);
        assert_eq!(world.count(&steps).await, 30, "step {step}");
    }
    assert_eq!(world.count("event where transition = 'T15'").await, 90);
}

#[tokio::test]
async fn a_running_sweeper_acts_within_two_seconds_of_a_deadline_and_stops_when_told() {
    let world = World::new().await;
    let settings = TicketSettings { claim_minutes: 0, ..TicketSettings::default() };
    let service = Arc::new(Tickets::new(world.pool.clone(), Clock::System, world.media.clone(), settings, None));
    let stop = CancellationToken::new();
    let sweeper = tokio::spawn(sweep::run(service.clone(), None, stop.clone()));
    let request = world.courier.asks("Report", report(NEEDS_NO_PHOTO));
    TicketRpc(service).report(request).await.unwrap();
    let acted = async {
        while world.count("event where transition = 'T3' and at <= now()").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), acted).await.expect("it acts in time");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(2), sweeper).await.expect("it stops").unwrap();
}

/// Tickets whose claim is overdue; `resolve_minutes` numbers them from the oldest, 1, to the youngest.
async fn unclaimed(world: &World, count: i32) {
    let statement = "insert into tickets.ticket (district_id, ticket_id, number_prefix, version, state, level, priority, category_code,
            text, place_id, place_path, reporter_id, reporter_role, report_media, captured_at, received_at, claim_by, promised_by,
            resolve_minutes, after_photo, request_hash, last_transition, last_hash, held_by, entered_at, due_at, timers)
        select $1, gen_random_uuid(), 'GN', 1, 'POOL', 2, 2, '99999', '', $2, 'gn.xy', $3, 'courier', '{}', now(), now(),
            d.at, now(), n, false, '', 'T1', '', 'street:gn.xy', now(), d.at,
            jsonb_build_array(jsonb_build_object('kind', 'CLAIM', 'due_at', d.at, 'base_at', d.at, 'fired', 0))
        from generate_series(1, $5) n cross join lateral (select $4::timestamptz + make_interval(secs => n) as at) d
        order by random()";
    let query = sqlx::query(statement).bind(world.gongnong).bind(world.street).bind(Uuid::now_v7());
    query.bind(morning()).bind(count).execute(&world.pool).await.unwrap();
}

async fn wait_until(world: &World, moved: i64) {
    let reached = async {
        while world.count("event where transition = 'T3'").await < moved {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.expect("the sweep goes on");
}
