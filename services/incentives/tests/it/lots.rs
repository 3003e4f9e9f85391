use chrono::{DateTime, TimeDelta, Utc};
use incentives::sweep::sweep_lots;
use proto::incentives::v1::{GetPointsRequest, Points, points_service_server::PointsService};
use uuid::Uuid;

use crate::{audit::audit, awards::held, cancel::cancel, harness::World, redeem::redeem};

async fn points(world: &World, person: Uuid) -> Points {
    let request = world.ask(person, "PointsService/GetPoints", GetPointsRequest::default());
    world.points().get_points(request).await.unwrap().into_inner()
}

async fn until(world: &World, at: &str) {
    let at: DateTime<Utc> = at.parse().unwrap();
    world.state.clock.advance(at - world.now());
}

/// Lots by what is left of them, the first to be lost first.
async fn left(world: &World) -> Vec<i64> {
    sqlx::query_scalar("select remaining from incentives.lot order by expires_at, lot_id")
        .fetch_all(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn points_are_lost_at_a_months_end_where_the_districts_are() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    until(&world, "2026-11-24T15:59:59Z").await;
    world.earn(person, 30).await;
    let told = points(&world, person).await;
    assert_eq!(
        (told.expiring, told.expires_at.unwrap().seconds),
        (30, "2027-11-30T16:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp())
    );
    until(&world, "2027-11-30T15:59:59.999999Z").await;
    assert_eq!(sweep_lots(&world.state).await.unwrap(), (0, 1));
    assert_eq!(held(&world, person).await, (30, 0, 0));
    until(&world, "2027-11-30T16:00:00Z").await;
    assert_eq!(sweep_lots(&world.state).await.unwrap(), (1, 0));
    assert_eq!(sweep_lots(&world.state).await.unwrap(), (0, 0));
    assert_eq!(held(&world, person).await, (0, 0, 0));
    let (kind, text): (String, String) =
        sqlx::query_as("select kind, text from incentives.transfer order by transfer_id desc limit 1")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!((kind.as_str(), text.as_str()), ("EXPIRE", "积分有效期至2027年11月30日，未使用的30分已过期"));
    audit(&world.pool).await;
}

#[tokio::test]
async fn what_is_lost_first_is_spent_first_and_given_back_where_it_came_from() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 10).await;
    until(&world, "2027-01-10T00:00:00Z").await;
    world.earn(person, 20).await;
    let prize = world.prize("大米", 6, 10).await;
    let id = Uuid::now_v7();
    redeem(&world, person, id, prize, 3).await.unwrap();
    assert_eq!(left(&world).await, [0, 12]);
    // held for the prize: nothing is lost of it
    until(&world, "2027-01-12T00:00:00Z").await;
    cancel(&world, person, id).await.unwrap();
    assert_eq!(left(&world).await, [10, 20]);
    audit(&world.pool).await;
}

#[tokio::test]
async fn what_comes_back_after_its_time_is_lost_then_and_the_rest_stays() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 10).await;
    until(&world, "2027-11-30T15:00:00Z").await;
    world.earn(person, 20).await;
    let prize = world.prize("大米", 6, 10).await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    redeem(&world, person, first, prize, 2).await.unwrap();
    until(&world, "2027-11-30T16:00:01Z").await;
    // all of the first lot is in the reservation
    assert_eq!(sweep_lots(&world.state).await.unwrap().0, 0);
    cancel(&world, person, first).await.unwrap();
    assert_eq!(sweep_lots(&world.state).await.unwrap().0, 1);
    assert_eq!(held(&world, person).await, (20, 0, 0));
    // once more: a second loss of the same lot would need points in it
    redeem(&world, person, second, prize, 1).await.unwrap();
    cancel(&world, person, second).await.unwrap();
    assert_eq!(sweep_lots(&world.state).await.unwrap().0, 0);
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_member_is_told_once_a_month_before() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    until(&world, "2026-11-24T00:00:00Z").await;
    world.earn(person, 30).await;
    world.earn(person, 12).await;
    until(&world, "2027-10-31T15:00:00Z").await;
    assert_eq!(sweep_lots(&world.state).await.unwrap(), (0, 0));
    until(&world, "2027-10-31T16:00:00Z").await;
    assert_eq!(sweep_lots(&world.state).await.unwrap(), (0, 2));
    assert_eq!(sweep_lots(&world.state).await.unwrap(), (0, 0));
    let told: Vec<i64> = sqlx::query_scalar(
        "select (payload->>'points')::bigint from incentives.outbox where type = 'hemei.incentives.v1.PointsExpiring'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(told, [42]);
}

#[tokio::test(flavor = "multi_thread")]
async fn spending_while_it_is_lost_by_two_sweepers_loses_nothing_twice() {
    for _ in 0..10 {
        let world = World::new().await;
        let person = Uuid::now_v7();
        for _ in 0..4 {
            world.earn(person, 5).await;
        }
        let prize = world.prize("早餐券", 5, 10).await;
        until(&world, "2028-01-01T00:00:00Z").await;
        let spend = async { redeem(&world, person, Uuid::now_v7(), prize, 1).await.is_ok() };
        let (a, b, spent) = tokio::join!(sweep_lots(&world.state), sweep_lots(&world.state), spend);
        let swept = a.unwrap().0 + b.unwrap().0;
        let late = sweep_lots(&world.state).await.unwrap().0;
        assert!(swept + late <= 2, "{swept} {late}");
        assert_eq!(held(&world, person).await, (0, 0, if spent { 5 } else { 0 }));
        audit(&world.pool).await;
        world.state.clock.advance(TimeDelta::zero());
    }
}
