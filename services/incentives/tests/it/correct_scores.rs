//! What was taken back before there were scores.
use chrono::TimeDelta;
use incentives::ledger::reconcile;
use uuid::Uuid;

use crate::{corrections::reverse, harness::World};

#[tokio::test]
async fn what_was_taken_back_before_there_were_scores_counts_in_none() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 30).await;
    world.earn(person, 20).await;
    let entry: i64 = sqlx::query_scalar("select max(transfer_id) from incentives.transfer where kind = 'ACTIVATE'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    reverse(&world, Uuid::now_v7(), &format!("{entry}-AVAILABLE")).await.unwrap();
    // as the build that began to score left it: it came later, and counted all that had become active
    let score = async || -> i64 {
        sqlx::query_scalar("select sum(points)::bigint from incentives.score").fetch_one(&world.pool).await.unwrap()
    };
    sqlx::query("update incentives.score set points = 50").execute(&world.pool).await.unwrap();
    sqlx::query("update incentives._sqlx_migrations set installed_on = $1 where version = 10")
        .bind(world.now() + TimeDelta::seconds(1))
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(reconcile(&world.pool).await.unwrap()[0].what, "SCORE");
    let migration = incentives::MIGRATOR.iter().find(|migration| migration.version == 31).unwrap();
    for table in ["drop table incentives.co_report", "delete from incentives._sqlx_migrations where version = 31"] {
        sqlx::query(table).execute(&world.pool).await.unwrap();
    }
    assert_eq!(migration.description, "co reports");
    incentives::MIGRATOR.run(&world.pool).await.unwrap();
    assert_eq!((score().await, reconcile(&world.pool).await.unwrap()), (30, Vec::new()));
}
