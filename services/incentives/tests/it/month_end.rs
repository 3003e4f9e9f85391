//! The end of a month while points arrive: two sweepers whose clocks differ, and a consumer that was stopped over midnight.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use chassis::{clock::Clock, feed::Source};
use chrono::{DateTime, TimeDelta, Utc};
use incentives::{Incentives, sweep::run};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{audit::audit, harness::World};

const LIMIT: Duration = Duration::from_secs(20);
const POINTS: i64 = 10;
/// Where the districts are, 2026-12-01 00:00 and 2027-01-01 00:00.
const MIDNIGHT: &str = "2026-11-30T16:00:00Z";
const NEXT: &str = "2026-12-31T16:00:00Z";

/// Two replicas, each with a sweeper and a consumer that can be halted.
struct Replicas {
    clocks: [Clock; 2],
    hears: Arc<[AtomicBool; 2]>,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Replicas {
    /// The clock of the second is two minutes ahead.
    fn start(world: &World) -> Self {
        let mut ahead = world.state.clone();
        ahead.clock = Clock::stopped(world.now() + TimeDelta::minutes(2));
        let clocks = [world.state.clock.clone(), ahead.clock.clone()];
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        let hears = Arc::new([AtomicBool::new(true), AtomicBool::new(true)]);
        for (replica, state) in [world.state.clone(), ahead].into_iter().enumerate() {
            let tickets = Source::local(world.pool.clone(), "tickets");
            running.spawn(run(state.clone(), tickets, Duration::from_millis(20), stop.clone()));
            running.spawn(hear(state, replica, hears.clone(), stop.clone()));
        }
        Self { clocks, hears, stop, running }
    }

    fn advance(&self, by: TimeDelta) {
        self.clocks.iter().for_each(|clock| clock.advance(by));
    }

    fn listen(&self, hears: [bool; 2]) {
        self.hears.iter().zip(hears).for_each(|(switch, on)| switch.store(on, SeqCst));
    }

    async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
    }
}

/// Applies what tickets told, except while halted.
async fn hear(state: Incentives, replica: usize, hears: Arc<[AtomicBool; 2]>, stop: CancellationToken) {
    let source = |schema| Source::local(state.pool.clone(), schema);
    let [tickets, ..] = state.consumers(source("tickets"), source("residents"));
    while !stop.is_cancelled() {
        if hears[replica].load(SeqCst) {
            tickets.catch_up().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Tells that a person's report was taken up and closed at a time.
async fn report(world: &World, person: Uuid, at: DateTime<Utc>) {
    let ticket = Uuid::now_v7();
    for (from, to) in [("POOL", "CLAIMED"), ("FEEDBACK", "CLOSED")] {
        let payload = json!({"ticket_id": ticket, "number": "GN261130-000001", "from_state": from, "to_state": to,
            "reporter_id": person, "reporter_role": "courier", "category_code": "10101", "at": at});
        world.tell("tickets", ticket, "hemei.tickets.v1.TicketChanged", payload).await;
    }
}

/// Waits until a count is what it should be.
async fn until(world: &World, what: &str, count: &'static str, expected: i64) {
    let reached = async {
        while number(world, count).await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.unwrap_or_else(|_| panic!("{what}: not {expected}"));
}

async fn number(world: &World, count: &'static str) -> i64 {
    sqlx::query_scalar(count).fetch_one(&world.pool).await.unwrap()
}

const MONTHS: &str = "select count(*) from incentives.month";
const ACTIVE: &str = "select count(*) from incentives.transfer where kind = 'ACTIVATE'";

/// What is ranked of a month and what its row says, each the sum of points.
async fn ranked(world: &World, month: &str) -> (i64, i64) {
    let sums = "select coalesce(sum(r.points), 0)::bigint, max(m.points)::bigint from incentives.month m
        left join incentives.month_rank r using (district_id, month) where m.month = $1::date";
    sqlx::query_as(sums).bind(month.parse::<chrono::NaiveDate>().unwrap()).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_midnight_every_point_counts_in_exactly_one_month() {
    let world = World::new().await;
    world.line("REPORT", "10101", POINTS).await;
    let (midnight, next): (DateTime<Utc>, DateTime<Utc>) = (MIDNIGHT.parse().unwrap(), NEXT.parse().unwrap());
    world.state.clock.advance(midnight - TimeDelta::minutes(3) - world.now());
    let people: Vec<Uuid> = (0..12).map(|_| Uuid::now_v7()).collect();
    let replicas = Replicas::start(&world);

    // from 23:57 to 00:20 without a pause; who hears: both, one, nobody over midnight and the hour of closing, both again
    let (mut told, mut of_november, mut step) = (0, 0, 0);
    while world.now() < midnight + TimeDelta::minutes(20) {
        let minutes = (world.now() - midnight).num_seconds();
        replicas.listen(match minutes {
            ..=-90 => [true, true],
            -89..=-31 => [false, true],
            -30..=779 => [false, false],
            _ => [true, true],
        });
        for person in people.iter().cycle().skip(step).take(3) {
            report(&world, *person, world.now()).await;
            told += 1;
            of_november += i64::from(world.now() < midnight);
        }
        if minutes == 720 {
            // both say it is time, 00:12 and 00:14; what was told before is not heard
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(number(&world, MONTHS).await, 0, "closed before it was heard");
        }
        replicas.advance(TimeDelta::seconds(10));
        step += 3;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    until(&world, "November is closed", MONTHS, 1).await;
    // one of November that is told now
    report(&world, people[0], midnight - TimeDelta::seconds(1)).await;
    told += 1;
    until(&world, "all are heard", ACTIVE, told).await;
    assert!(of_november > 40 && told > 2 * of_november, "{of_november} of {told}");
    assert_eq!(ranked(&world, "2026-11-01").await, (of_november * POINTS, of_november * POINTS));

    // the next month is closed the same way, and everything that became active is in one of the two
    replicas.advance(next + TimeDelta::minutes(9) - world.now());
    until(&world, "December is closed", MONTHS, 2).await;
    assert_eq!(ranked(&world, "2026-12-01").await, ((told - of_november) * POINTS, (told - of_november) * POINTS));
    replicas.end().await;
    let differing = "select count(*) from (
            select person_id, sum(points) as points from incentives.month_rank group by 1) ranked
        full join (select person_id, sum(amount) as points from incentives.transfer where kind = 'ACTIVATE' group by 1) earned
            using (person_id)
        where ranked.points is distinct from earned.points";
    assert_eq!(number(&world, differing).await, 0, "a member's months are not what became active");
    audit(&world.pool).await;
}
