use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use chassis::{batch::Batcher, faults::Fault};
use futures::future::join_all;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_requests_share_a_flush_but_never_with_the_same_key() {
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let seen = sizes.clone();
    let batcher = Batcher::start(2, move |keys: Vec<Uuid>| {
        let sizes = seen.clone();
        async move {
            assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "a key twice in one flush");
            sizes.lock().unwrap().push(keys.len());
            tokio::task::yield_now().await;
            Ok(keys.into_iter().map(Ok).collect())
        }
    });
    let keys: Vec<Uuid> = (0..50).map(|_| Uuid::now_v7()).collect();
    let calls = keys.iter().cycle().take(400).map(|key| batcher.call(*key, *key));
    for (answer, key) in join_all(calls).await.into_iter().zip(keys.iter().cycle()) {
        assert_eq!(answer.unwrap(), *key, "everyone gets their own answer");
    }
    let sizes = sizes.lock().unwrap();
    assert_eq!(sizes.iter().sum::<usize>(), 400);
    assert!(sizes.len() < 200, "flushes are shared: {}", sizes.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_request_fails_alone() {
    let batcher = Batcher::start(1, |numbers: Vec<u32>| async move {
        if numbers.contains(&13) { Err(Fault::internal("thirteen")) } else { Ok(numbers.into_iter().map(Ok).collect()) }
    });
    let outcomes = join_all((0..40).map(|number| batcher.call(Uuid::now_v7(), number))).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), number == 13, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_to_all_at_once() {
    let flushes = Arc::new(Mutex::new(0));
    let counted = flushes.clone();
    let batcher = Batcher::start(1, move |numbers: Vec<u32>| {
        let flushes = counted.clone();
        async move {
            *flushes.lock().unwrap() += 1;
            tokio::task::yield_now().await;
            let outcome: Result<Vec<Result<u32, Fault>>, Fault> =
                Err(Fault::unavailable(format!("{} wait", numbers.len())));
            outcome
        }
    });
    let outcomes = join_all((0..100).map(|number| batcher.call(Uuid::now_v7(), number))).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(|fault| fault.code == tonic::Code::Unavailable)));
    assert!(*flushes.lock().unwrap() < 50, "shared, not one by one: {}", flushes.lock().unwrap());
}
