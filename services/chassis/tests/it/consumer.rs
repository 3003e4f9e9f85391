use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chassis::{
    consumer::{self, Apply, Consumer, Effect},
    faults::Fault,
    feed::Source,
};
use proto::{
    events::v1::{Event, Position},
    residents::v1::DepartmentChanged,
};
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
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
    let source = Source::local(pool.clone(), "told");
    let effect = Effect::Within(apply);
    Consumer {
        pool: pool.clone(),
        schema: "heard",
        producer: "told",
        purpose: "",
        source,
        effect,
        gather: std::time::Duration::ZERO,
    }
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
    let mut slow = chassis::db::begin(&pool).await.unwrap();
    tell(&mut *slow, Uuid::now_v7(), "slow").await;
    tell(&pool, Uuid::now_v7(), "fast").await;
    assert_eq!(listener.catch_up().await.unwrap(), 0, "the fast one waits for the slow one");
    let source = Source::local(pool.clone(), "told");
    assert_eq!(source.head().await.unwrap(), Position::default(), "nothing is delivered");
    let fast = source.last().await.unwrap();
    assert_ne!(fast, Position::default(), "but something is written");
    slow.commit().await.unwrap();
    hear(&listener, 2).await;
    assert_eq!((source.head().await.unwrap(), source.last().await.unwrap()), (fast, fast));
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

/// A subscription that does `effect` before its position moves.
#[tokio::test]
async fn many_bad_events_are_set_aside_in_one_go() {
    let database = super::database::fresh().await;
    let pool = database.pool.clone();
    let listener = listener(&pool, Arc::new(Mutex::new(BTreeSet::from(["bad".to_owned()]))));
    for number in 0..300 {
        tell(&pool, Uuid::now_v7(), if number % 3 == 0 { "bad" } else { "good" }).await;
    }
    until("the feed shows them", async || listener.source.read(Position::default(), 500).await.unwrap().len() == 300)
        .await;
    assert_eq!(listener.catch_up().await.unwrap(), 300);
    assert_eq!(heard(&pool).await.len(), 200);
    let dead: i64 = sqlx::query_scalar("select count(*) from heard.dead_letter").fetch_one(&pool).await.unwrap();
    assert_eq!(dead, 100);
}

fn teller<F>(pool: &PgPool, effect: impl Fn(Vec<Event>) -> F + Send + Sync + 'static) -> Consumer
where
    F: Future<Output = Result<(), Fault>> + Send + 'static,
{
    let effect = Effect::Before(Arc::new(move |events: &[Event]| Box::pin(effect(events.to_vec()))));
    Consumer { purpose: ".outside", effect, ..listener(pool, Arc::default()) }
}

/// Asks until it is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asked).await.expect(what);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_outside_that_hangs_holds_back_nobody_and_is_done_by_one_replica() {
    let database = super::database::fresh().await;
    let pool = database.pool.clone();
    let (begun, go) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let outside = {
        let (begun, go) = (begun.clone(), go.clone());
        teller(&pool, move |events| {
            begun.fetch_add(events.len(), Ordering::SeqCst);
            let go = go.clone();
            async move {
                go.cancelled().await;
                Ok(())
            }
        })
    };
    tell(&pool, Uuid::now_v7(), "one").await;
    let hangs = tokio::spawn({
        let outside = outside.clone();
        async move {
            while outside.catch_up().await.unwrap() == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    until("the effect begins", async || begun.load(Ordering::SeqCst) == 1).await;
    assert_eq!(outside.catch_up().await.unwrap(), 0, "another replica leaves it alone");
    tell(&pool, Uuid::now_v7(), "two").await;
    hear(&listener(&pool, Arc::default()), 2).await;
    assert_eq!((heard(&pool).await, begun.load(Ordering::SeqCst)), (vec!["one".into(), "two".into()], 1));
    assert!(!hangs.is_finished(), "it still hangs");
    go.cancel();
    until("the effect ends", async || hangs.is_finished()).await;
}

#[tokio::test]
async fn an_effect_outside_is_repeated_until_it_succeeds_a_hundred_events_at_most_at_a_time() {
    let database = super::database::fresh().await;
    let pool = database.pool.clone();
    for number in 0..150 {
        tell(&pool, Uuid::now_v7(), &format!("{number:03}")).await;
    }
    let batches = Arc::new(Mutex::new(Vec::new()));
    let outside = {
        let batches = batches.clone();
        teller(&pool, move |events| {
            let mut batches = batches.lock().unwrap();
            batches.push(events.len());
            let down = batches.len() == 1;
            async move { if down { Err(Fault::unavailable("down")) } else { Ok(()) } }
        })
    };
    // as long as another test's transaction holds the feed back, nothing is read
    until("it is asked", async || outside.catch_up().await.is_err()).await;
    let mut through = 0;
    until("all are told", async || {
        through += outside.catch_up().await.unwrap();
        through == 150
    })
    .await;
    let batches = batches.lock().unwrap().clone();
    assert!(batches.iter().all(|batch| *batch <= 100), "{batches:?}");
    assert_eq!(batches.iter().sum::<usize>(), 150 + batches[0], "the failed batch once more: {batches:?}");
}

#[tokio::test]
async fn a_row_that_is_no_message_is_set_aside_and_stops_nobody() {
    let database = super::database::fresh().await;
    let pool = database.pool.clone();
    tell(&pool, Uuid::now_v7(), "one").await;
    sqlx::query("insert into told.outbox (district_id, subject_id, type, payload) values ($1, $2, 'hemei.residents.v1.DepartmentChanged', $3)")
        .bind(Uuid::nil())
        .bind(Uuid::now_v7())
        .bind(serde_json::json!({"department_id": 7, "colour": "red"}))
        .execute(&pool)
        .await
        .unwrap();
    tell(&pool, Uuid::now_v7(), "two").await;
    hear(&listener(&pool, Arc::default()), 3).await;
    assert_eq!(heard(&pool).await, ["one", "two"]);
    let dead: i64 = sqlx::query_scalar("select count(*) from heard.dead_letter").fetch_one(&pool).await.unwrap();
    assert_eq!(dead, 1);
}
