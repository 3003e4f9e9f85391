use chrono::{DateTime, TimeDelta, Utc};
use incentives::sweep::close_months;
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{World, field, reason},
    months::{november, put_terms, tier},
};

#[tokio::test]
async fn the_ranks_of_a_closed_month_never_change() {
    let world = World::new().await;
    november(&world).await;
    for statement in ["update incentives.month_rank set points = 1", "delete from incentives.month_rank"] {
        let error = sqlx::query(statement).execute(&world.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[tokio::test]
async fn terms_are_checked_and_edited_by_one_at_a_time() {
    let world = World::new().await;
    let admin = Uuid::now_v7();
    for (name, tiers) in [
        ("tiers.last_rank", vec![tier(2, 1, 5)]),
        ("tiers.first_rank", vec![tier(1, 3, 5), tier(3, 4, 5)]),
        ("tiers.gross_fen", vec![tier(1, 1, 0)]),
        ("tiers", vec![tier(1, 1, 5); 21]),
    ] {
        assert_eq!(field(&put_terms(&world, admin, 0, tiers).await.unwrap_err()), name);
    }
    for _ in 0..2 {
        assert_eq!(put_terms(&world, admin, 0, vec![tier(1, 1, 5)]).await.unwrap().version, 1);
    }
    assert_eq!(reason(&put_terms(&world, Uuid::now_v7(), 0, vec![tier(1, 1, 6)]).await.unwrap_err()), "RULES_CHANGED");
}

#[tokio::test]
async fn of_equal_points_the_second_they_were_had_decides_and_then_the_smaller_id() {
    let world = World::new().await;
    let [third, fifth, seventh, ninth] = [3, 5, 7, 9].map(Uuid::from_u128);
    // milliseconds after a full second; 5 is later than 7, but within its second
    for (person, wait) in [(ninth, 999), (seventh, 101), (fifth, 800), (third, 100)] {
        world.state.clock.advance(TimeDelta::milliseconds(wait));
        world.earn(person, 10).await;
    }
    let most = Uuid::now_v7();
    world.earn(most, 11).await;
    world.state.clock.advance("2026-11-30T16:10:00Z".parse::<DateTime<Utc>>().unwrap() - world.now());
    assert_eq!(close_months(&world.state).await.unwrap(), 1);
    let ranks: Vec<(i64, Uuid, i64)> =
        sqlx::query_as("select rank::bigint, person_id, points from incentives.month_rank order by rank")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(ranks, [(1, most, 11), (2, ninth, 10), (3, fifth, 10), (4, seventh, 10), (5, third, 10)]);
    audit(&world.pool).await;
}
