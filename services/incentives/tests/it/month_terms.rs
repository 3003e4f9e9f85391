use uuid::Uuid;

use crate::{
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
