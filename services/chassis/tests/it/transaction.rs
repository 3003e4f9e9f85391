//! Transactions and those who give up.
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
