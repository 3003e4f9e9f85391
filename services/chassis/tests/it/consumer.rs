use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use chassis::{
    consumer::{self, Apply, Consumer},
    faults::Fault,
    feed::Source,
};
use proto::{events::v1::Event, residents::v1::DepartmentChanged};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A listener that writes down every code it hears and refuses those that are poisoned.
fn listener(pool: &PgPool, poison: Arc<Mutex<BTreeSet<String>>>) -> Consumer {
    let apply: Apply = Arc::new(move |connection: &mut PgConnection, events: &[Event]| {
        let poison = poison.lock().unwrap().clone();
        Box::pin(async move {
            for event in events {
                let told: DepartmentChanged = consumer::payload(event)?.expect("a department");
                if poison.contains(&told.code) {
                    return Err(Fault::internal("poisoned"));
                }
                sqlx::query("insert into heard.effect (code) values ($1)")
                    .bind(told.code)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        })
    });
    let source = Source::Local(pool.clone(), "told");
    Consumer { pool: pool.clone(), schema: "heard", producer: "told", purpose: "", source, apply }
}

async fn tell(connection: impl sqlx::PgExecutor<'_>, subject: Uuid, code: &str) {
    sqlx::query(
        "insert into told.outbox (district_id, subject_id, type, payload) values ($1, $2, 'hemei.residents.v1.DepartmentChanged', $3)",
    )
    .bind(Uuid::nil())
    .bind(subject)
    .bind(serde_json::json!({"department_id": subject, "name": "部门", "code": code}))
    .execute(connection)
    .await
    .unwrap();
}

/// Catches up until this many events are through: another test's open transaction holds back every feed of the server.
async fn hear(listener: &Consumer, count: i64) {
    for _ in 0..200 {
        listener.catch_up().await.unwrap();
        let through: i64 =
            sqlx::query_scalar("select (select count(*) from heard.effect) + (select count(*) from heard.dead_letter)")
                .fetch_one(&listener.pool)
                .await
                .unwrap();
        if through >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{count} events were not heard");
}

async fn heard(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select code from heard.effect order by number").fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_replicas_apply_every_event_exactly_once_in_order() {
    let database = super::database::fresh().await;
    let pool = database.pool.clone();
    let told: Vec<String> = (0..1200).map(|number| format!("{number:05}")).collect();
    for code in &told {
        tell(&pool, Uuid::now_v7(), code).await;
    }
    let mut replicas = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let replica = listener(&pool, Arc::default());
        replicas.spawn(async move { replica.catch_up().await.unwrap() });
    }
    let applied: usize = replicas.join_all().await.into_iter().sum();
    assert!(applied <= told.len());
    hear(&listener(&pool, Arc::default()), 1200).await;
    assert_eq!(heard(&pool).await, told);
}

#[tokio::test]
async fn an_event_of_a_slow_transaction_is_not_skipped() {
    let database = super::database::fresh().await;
    let pool = database.pool.clone();
    let listener = listener(&pool, Arc::default());
    let mut slow = pool.begin().await.unwrap();
    tell(&mut *slow, Uuid::now_v7(), "slow").await;
    tell(&pool, Uuid::now_v7(), "fast").await;
    assert_eq!(listener.catch_up().await.unwrap(), 0, "the fast one waits for the slow one");
    slow.commit().await.unwrap();
    hear(&listener, 2).await;
    assert_eq!(heard(&pool).await, ["slow", "fast"]);
}

#[tokio::test]
async fn a_bad_event_parks_its_subject_and_stops_nobody_else() {
    let database = super::database::fresh().await;
    let pool = database.pool.clone();
    let poison = Arc::new(Mutex::new(BTreeSet::from(["bad".to_owned()])));
    let listener = listener(&pool, poison.clone());
    let (sick, well) = (Uuid::now_v7(), Uuid::now_v7());
    for (subject, code) in [(well, "one"), (sick, "bad"), (sick, "after"), (well, "two")] {
        tell(&pool, subject, code).await;
    }
    hear(&listener, 4).await;
    tell(&pool, sick, "later").await;
    hear(&listener, 5).await;
    assert_eq!(heard(&pool).await, ["one", "two"]);
    assert_eq!(listener.replay().await.unwrap(), 0, "not mended yet");
    poison.lock().unwrap().clear();
    assert_eq!(listener.replay().await.unwrap(), 3);
    assert_eq!(listener.replay().await.unwrap(), 0, "once");
    assert_eq!(heard(&pool).await, ["one", "two", "bad", "after", "later"]);
}
