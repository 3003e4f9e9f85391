//! Transactions and those who give up.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chassis::db;
use futures::poll;
use sqlx::postgres::PgPoolOptions;

#[tokio::test]
async fn who_gives_up_while_a_transaction_begins_leaves_none_open() {
    let database = super::database::fresh().await;
    // of one connection: whoever comes next gets what the other gave up
    let options = database.pool.connect_options().as_ref().clone();
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).connect_lazy_with(options);
    for wakes in 0..6_usize {
        let mut begun = Box::pin(db::begin(&pool));
        for _ in 0..=wakes {
            if poll!(&mut begun).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begun);
        sqlx::query("insert into heard.effect (code) values ('done')").execute(&pool).await.unwrap();
        let done: i64 =
            sqlx::query_scalar("select count(*) from heard.effect").fetch_one(&database.pool).await.unwrap();
        assert_eq!(usize::try_from(done).unwrap(), wakes + 1, "what was done is committed");
    }
}

#[tokio::test]
async fn who_gives_up_while_waiting_for_a_connection_takes_none() {
    let database = super::database::fresh().await;
    let options = database.pool.connect_options().as_ref().clone();
    let handed_out = Arc::new(AtomicUsize::new(0));
    let counted = handed_out.clone();
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).before_acquire(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(true) })
    });
    let pool = pool.connect_lazy_with(options);
    let busy = pool.acquire().await.unwrap();
    for _ in 0..5 {
        let mut begun = Box::pin(db::begin(&pool));
        for _ in 0..3 {
            assert!(poll!(&mut begun).is_pending(), "the only connection is busy");
            tokio::task::yield_now().await;
        }
    }
    drop(busy);
    db::begin(&pool).await.unwrap().commit().await.unwrap();
    assert_eq!(handed_out.load(Ordering::Relaxed), 1, "those who had gone were not waited for");
}
