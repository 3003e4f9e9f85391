//! Lifecycles through HTTP, and how figures are printed.
use std::time::{Duration, Instant};

use anyhow::Result;
use hemei_tests::{
    Client, people,
    tickets::{self, Cast},
};
use serde_json::json;
use uuid::Uuid;

/// What was measured.
#[derive(Default)]
pub struct Figures {
    pub lifecycles: usize,
    pub errors: usize,
    /// Of single calls.
    pub latencies: Vec<Duration>,
    pub took: Duration,
}

impl Figures {
    pub fn lifecycles_per_second(&self) -> f64 {
        self.lifecycles as f64 / self.took.as_secs_f64()
    }

    /// One line of the table.
    pub fn print(&self, what: &str, connections: usize) {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
            sorted.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        let rate = self.lifecycles_per_second();
        let calls = self.latencies.len() as f64 / self.took.as_secs_f64();
        println!(
            "{what:34} {connections:>6} {rate:>14.0} {calls:>9.0} {:>9.2} {:>9.2} {:>9.2} {:>9}",
            at(0.5),
            at(0.95),
            at(0.99),
            self.errors
        );
    }

    pub fn add(&mut self, other: Self) {
        self.lifecycles += other.lifecycles;
        self.errors += other.errors;
        self.latencies.extend(other.latencies);
        self.took = self.took.max(other.took);
    }
}

/// The people of the first district.
pub async fn prepare(client: &Client) -> Result<Cast> {
    let district = people::all(client).await?.first().map(|person| person.district_id.clone()).unwrap_or_default();
    Cast::find(client, &district).await
}

/// As many connections as asked for, each taking one lifecycle after the other.
pub async fn run(cast: &Cast, connections: usize, measured: Duration) -> Result<Figures> {
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..connections {
        workers.spawn(work(cast.clone(), measured));
    }
    let mut all = Figures::default();
    while let Some(figures) = workers.join_next().await {
        all.add(figures??);
    }
    Ok(all)
}

async fn work(cast: Cast, measured: Duration) -> Result<Figures> {
    let begun = Instant::now();
    let mut figures = Figures::default();
    while begun.elapsed() < measured {
        let id = Uuid::now_v7();
        let path = format!("/v1/tickets/{id}");
        let dispatch = json!({"department_id": cast.department()});
        let calls = [
            (&cast.as_courier, Some(("/v1/tickets".to_owned(), tickets::report(id, &cast.courier)))),
            (&cast.as_liaison, Some((format!("{path}:claim"), json!({})))),
            (&cast.as_liaison, Some((format!("{path}:dispatch"), dispatch))),
            (&cast.as_handler, Some((format!("{path}:resolve"), json!({"text": "已撒融雪剂并清理完毕"})))),
            (&cast.as_courier, None),
        ];
        let before = figures.errors;
        for (who, call) in calls {
            let asked = Instant::now();
            let answer = match call {
                Some((path, body)) => who.post(&path, &body).await?,
                None => who.get(&path).await?,
            };
            figures.latencies.push(asked.elapsed());
            if !answer.status.is_success() {
                figures.errors += 1;
            }
        }
        figures.lifecycles += usize::from(figures.errors == before);
    }
    figures.took = begun.elapsed();
    Ok(figures)
}
