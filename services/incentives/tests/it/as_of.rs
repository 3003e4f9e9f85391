//! What a member had, where what happened first is heard last.
use chassis::clock::{midnight, timestamp};
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use proto::incentives::v1::{GetPointsRequest, GetStatementRequest, Statement, points_service_server::PointsService};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use uuid::Uuid;

use crate::{audit::audit, awards::held, harness::World, redeem::redeem};

async fn available(world: &World, person: Uuid, at: DateTime<Utc>) -> i64 {
    let request = GetPointsRequest { as_of: Some(timestamp(at)) };
    let request = world.ask(person, "PointsService/GetPoints", request);
    world.points().get_points(request).await.unwrap().into_inner().available
}

async fn statement(world: &World, person: Uuid, month: &str) -> Statement {
    let request = GetStatementRequest { month: month.to_owned() };
    let request = world.ask(person, "PointsService/GetStatement", request);
    world.points().get_statement(request).await.unwrap().into_inner()
}

/// A report that was taken up and closed at a time, and is heard of now.
async fn late(world: &World, person: Uuid, category: &str, at: DateTime<Utc>) {
    let (ticket, about) = (Uuid::now_v7(), json!({"category_code": category, "at": at}));
    world.ticket_as(ticket, person, ("POOL", "CLAIMED"), about.clone()).await;
    world.ticket_as(ticket, person, ("FEEDBACK", "CLOSED"), about).await;
    world.hear(2).await;
}

#[tokio::test]
async fn what_is_heard_after_the_months_end_belongs_before_it() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 100).await;
    let prize = world.prize("手套", 80, 5).await;
    let december = midnight(NaiveDate::from_ymd_opt(2026, 12, 1).unwrap());
    world.state.clock.advance(december + TimeDelta::minutes(5) - world.now());
    redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    late(&world, person, "10101", december - TimeDelta::minutes(1)).await;
    assert_eq!(held(&world, person).await, (30, 0, 80));
    for (at, points) in [
        (december - TimeDelta::minutes(2), 100),
        (december - TimeDelta::minutes(1), 110),
        (december + TimeDelta::minutes(4), 110),
        (december + TimeDelta::minutes(5), 30),
    ] {
        assert_eq!(available(&world, person, at).await, points, "{at}");
    }
    let told = [statement(&world, person, "2026-11").await, statement(&world, person, "2026-12").await];
    let sums: Vec<_> = told.iter().map(|month| (month.opening, month.lines[0].points, month.closing)).collect();
    assert_eq!(sums, [(0, 110, 110), (110, -80, 30)]);
    assert!(told.iter().all(|month| month.lines.len() == 1), "{told:?}");
    audit(&world.pool).await;
}

#[tokio::test]
async fn whatever_is_heard_when_every_month_adds_up() {
    let world = World::new().await;
    let seed = rand::random::<u64>();
    let mut random = StdRng::seed_from_u64(seed);
    let people = [(); 4].map(|()| Uuid::now_v7());
    let prize = world.prize("手套", 7, 1000).await;
    for points in 1..=20 {
        world.line("REPORT", &format!("is-{points}"), points).await;
    }
    let (began, mut moved) = (world.now(), Vec::new());
    for _ in 0..120 {
        world.state.clock.advance(TimeDelta::minutes(random.random_range(0..2880)));
        let person = people[random.random_range(0..people.len())];
        if random.random_bool(0.6) {
            let (points, ago) = (random.random_range(1..=20), random.random_range(0..57_600));
            let at = (world.now() - TimeDelta::minutes(ago)).max(began);
            late(&world, person, &format!("is-{points}"), at).await;
            moved.push((person, at, points));
        } else if redeem(&world, person, Uuid::now_v7(), prize, 1).await.is_ok() {
            moved.push((person, world.now(), -7));
        }
    }
    let first = began.date_naive().with_day(1).unwrap();
    let months: Vec<String> = (0..)
        .map(|n| first + Months::new(n))
        .take_while(|day| midnight(*day) <= world.now())
        .map(|day| day.format("%Y-%m").to_string())
        .collect();
    assert!(months.len() > 2, "seed {seed}: {months:?}");
    for person in people {
        let mut before = 0;
        for month in &months {
            let told = statement(&world, person, month).await;
            let came: i64 = told.lines.iter().map(|line| line.points).sum();
            assert_eq!((told.opening, told.opening + came), (before, told.closing), "seed {seed}: {person} in {month}");
            before = told.closing;
        }
        assert_eq!(before, held(&world, person).await.0, "seed {seed}: {person}");
        for _ in 0..10 {
            let at = began + (world.now() - began) * random.random_range(0..=100) / 100;
            let of = moved.iter().filter(|(whose, when, _)| *whose == person && *when <= at);
            let points: i64 = of.map(|(_, _, points)| points).sum();
            assert_eq!(available(&world, person, at).await, points, "seed {seed}: {person} at {at}");
        }
    }
    audit(&world.pool).await;
}
