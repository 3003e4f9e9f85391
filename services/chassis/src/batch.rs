//! Group commit: callers that wait at the same time share one statement and one commit, each with its own outcome.
use std::{
    collections::HashSet,
    future::Future,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;
use uuid::Uuid;

use crate::faults::Fault;

const LARGEST: usize = 256;
type Waiting<In, Out> = (Uuid, In, oneshot::Sender<Result<Out, Fault>>);

/// A bounded queue in front of one statement. Requests about the same key never share a flush.
pub struct Batcher<In, Out> {
    writers: Vec<mpsc::Sender<Waiting<In, Out>>>,
}

impl<In, Out> Clone for Batcher<In, Out> {
    fn clone(&self) -> Self {
        Self { writers: self.writers.clone() }
    }
}

impl<In: Clone + Send + Sync + 'static, Out: Send + 'static> Batcher<In, Out> {
    /// Starts `writers` tasks; a key always goes to the same one. `flush` gets 1 to 256 requests and answers each, in order.
    /// When a whole flush fails, its requests are tried one by one, so a bad one never fails its neighbours.
    pub fn start<F, Fut>(writers: usize, flush: F) -> Self
    where
        F: Fn(Vec<In>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<Result<Out, Fault>>, Fault>> + Send + 'static,
    {
        let flush = Arc::new(flush);
        let start = |_| {
            let (sender, receiver) = mpsc::channel(LARGEST * 4);
            tokio::spawn(write(receiver, flush.clone()).instrument(tracing::Span::none()));
            sender
        };
        Self { writers: (0..writers.max(1)).map(start).collect() }
    }

    /// Waits for the outcome of one request. A full queue refuses at once: better 429 than late.
    pub async fn call(&self, key: Uuid, request: In) -> Result<Out, Fault> {
        let (answer, outcome) = oneshot::channel();
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let writer = usize::try_from(hasher.finish() % self.writers.len() as u64).unwrap_or(0);
        self.writers[writer].try_send((key, request, answer)).map_err(|_| overloaded())?;
        let span = tracing::info_span!("sql", otel.name = "sql", otel.kind = "client", db.system = "postgresql");
        outcome.instrument(span).await.unwrap_or_else(|_| Err(Fault::unavailable("the writer stopped")))
    }
}

/// 429 with a hint when to come back.
pub fn overloaded() -> Fault {
    let fault = Fault::new(tonic::Code::ResourceExhausted, "OVERLOADED", "too many requests in work");
    fault.retry_after(std::time::Duration::from_secs(1))
}

async fn write<In: Clone, Out, F, Fut>(mut receiver: mpsc::Receiver<Waiting<In, Out>>, flush: Arc<F>)
where
    F: Fn(Vec<In>) -> Fut,
    Fut: Future<Output = Result<Vec<Result<Out, Fault>>, Fault>>,
{
    let mut waiting: Vec<Waiting<In, Out>> = Vec::new();
    loop {
        if waiting.is_empty() && receiver.recv_many(&mut waiting, LARGEST).await == 0 {
            return;
        }
        while waiting.len() < LARGEST {
            let Ok(more) = receiver.try_recv() else { break };
            waiting.push(more);
        }
        let mut keys = HashSet::new();
        let (now, later): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|(key, ..)| keys.insert(*key));
        waiting = later;
        run(now, &*flush).await;
    }
}

async fn run<In: Clone, Out, F, Fut>(batch: Vec<Waiting<In, Out>>, flush: &F)
where
    F: Fn(Vec<In>) -> Fut,
    Fut: Future<Output = Result<Vec<Result<Out, Fault>>, Fault>>,
{
    let asked: Vec<In> = batch.iter().map(|(_, request, _)| request.clone()).collect();
    let alone = batch.len() == 1;
    match flush(asked).await {
        Ok(outcomes) => {
            for ((_, _, answer), outcome) in batch.into_iter().zip(outcomes) {
                answer.send(outcome).ok();
            }
        }
        Err(fault) if alone => {
            if let Some((_, _, answer)) = batch.into_iter().next() {
                answer.send(Err(fault)).ok();
            }
        }
        // Nobody's fault: trying one by one would only make the others wait.
        Err(fault) if fault.code == tonic::Code::Unavailable => {
            for (_, _, answer) in batch {
                answer.send(Err(Fault::unavailable(fault.to_string()))).ok();
            }
        }
        Err(_) => {
            for (_, request, answer) in batch.into_iter().filter(|(_, _, answer)| !answer.is_closed()) {
                let outcome = flush(vec![request]).await;
                answer.send(outcome.and_then(|mut outcomes| outcomes.pop().unwrap_or_else(|| Err(lost())))).ok();
            }
        }
    }
}

fn lost() -> Fault {
    Fault::internal("a flush answered fewer requests than it got")
}
