//! Valleys and spikes, open-loop: reports are sent on schedule, whatever became of those before. What was acknowledged must be there
//! afterwards, the rest must be refused fast, and after each spike the latency must be a valley's again within five seconds.
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use hemei_tests::{
    audit,
    tickets::{self, Cast},
};
use http::StatusCode;
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use crate::load;

const PHASE: Duration = Duration::from_secs(6);
/// A spike sends so many times what a closed loop sustains.
const SPIKE: f64 = 10.0;
/// Of that, what a valley sends.
const VALLEY: f64 = 0.2;
/// Requests the generator may have open; on one machine with the suite more would only measure itself.
const OPEN: usize = 4_000;

struct Sent {
    id: Uuid,
    at: Duration,
    took: Duration,
    status: Option<StatusCode>,
    retry_after: bool,
}

/// Valley, spike, valley, spike, valley.
pub async fn run(url: &str, cast: &Cast) -> Result<()> {
    let sustained = 5.0 * load::run(cast, 32, Duration::from_secs(5)).await?.lifecycles_per_second();
    println!("\nspikes: valleys of {:.0} reports/s, spikes of {:.0}", sustained * VALLEY, sustained * SPIKE);
    let open = Arc::new(Semaphore::new(OPEN));
    let (begun, mut running, mut short) = (Instant::now(), JoinSet::new(), 0);
    for phase in 0..5 {
        let rate = sustained * if phase % 2 == 1 { SPIKE } else { VALLEY };
        let (since, mut sent) = (Instant::now(), 0_usize);
        while since.elapsed() < PHASE {
            let due = (since.elapsed().as_secs_f64() * rate) as usize;
            while sent < due {
                sent += 1;
                let Ok(permit) = open.clone().try_acquire_owned() else {
                    short += 1;
                    continue;
                };
                let (cast, at) = (cast.clone(), begun.elapsed());
                running.spawn(async move {
                    let _permit = permit;
                    send(&cast, at).await
                });
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let mut all = Vec::new();
    while let Some(sent) = running.join_next().await {
        all.push(sent?);
    }
    told(&all, short)?;
    let pool = audit::open(url).await?;
    let acknowledged: Vec<Uuid> =
        all.iter().filter(|one| one.status.is_some_and(|status| status.is_success())).map(|one| one.id).collect();
    let kept: Vec<Uuid> = sqlx::query_scalar("select ticket_id from tickets.ticket where ticket_id = any ($1)")
        .bind(&acknowledged)
        .fetch_all(&pool)
        .await?;
    let kept: HashSet<Uuid> = kept.into_iter().collect();
    let lost = acknowledged.iter().filter(|id| !kept.contains(id)).count();
    println!("acknowledged {}, lost {lost}", acknowledged.len());
    ensure!(lost == 0, "{lost} acknowledged reports are not there");
    Ok(())
}

async fn send(cast: &Cast, at: Duration) -> Sent {
    let id = Uuid::now_v7();
    let asked = Instant::now();
    let answer = cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await;
    let retry_after = answer.as_ref().is_ok_and(|answer| answer.headers.contains_key("retry-after"));
    Sent { id, at, took: asked.elapsed(), status: answer.ok().map(|answer| answer.status), retry_after }
}

/// Prints the phases; fails where something was refused in another way, or the latency stays up.
fn told(all: &[Sent], short: usize) -> Result<()> {
    println!(
        "{:10} {:>9} {:>9} {:>9} {:>9} {:>12} {:>12}",
        "phase", "sent", "taken", "429", "other", "p95 taken ms", "p95 429 ms"
    );
    for phase in 0..5_u32 {
        let within = |one: &&Sent| (PHASE * phase..PHASE * (phase + 1)).contains(&one.at);
        let of =
            |wanted: &dyn Fn(&Sent) -> bool| all.iter().filter(within).filter(|one| wanted(one)).collect::<Vec<_>>();
        let taken = of(&|one| one.status.is_some_and(|status| status.is_success()));
        let refused = of(&|one| one.status == Some(StatusCode::TOO_MANY_REQUESTS));
        let sent = of(&|_| true).len();
        let name = if phase % 2 == 1 { "spike" } else { "valley" };
        let other = sent - taken.len() - refused.len();
        println!(
            "{name:10} {sent:>9} {:>9} {:>9} {:>9} {:>12.1} {:>12.1}",
            taken.len(),
            refused.len(),
            other,
            p95(&taken),
            p95(&refused)
        );
        ensure!(other == 0, "{other} reports were neither taken nor refused with 429");
    }
    let refused = all.iter().filter(|one| one.status == Some(StatusCode::TOO_MANY_REQUESTS));
    let silent = refused.filter(|one| !one.retry_after).count();
    println!("refusals without Retry-After: {silent}; not sent because {OPEN} were open: {short}");
    ensure!(silent == 0, "{silent} refusals do not say when to come back");
    let first: Vec<&Sent> = all.iter().filter(|one| one.at < PHASE).collect();
    let usual = p95(&first).max(5.0);
    for spike in [1, 3_u32] {
        let end = PHASE * (spike + 1);
        let calm = (0..12_u32).find(|half| {
            let window = end + Duration::from_millis(500) * *half..end + Duration::from_millis(500) * (half + 1);
            let there: Vec<&Sent> = all.iter().filter(|one| window.contains(&one.at)).collect();
            !there.is_empty() && p95(&there) <= 2.0 * usual
        });
        let calm = calm.map(|half| f64::from(half) * 0.5).context("after a spike the latency stays up")?;
        println!("after a spike, at most twice the valley's p95 of {usual:.1} ms again after {calm:.1} s");
        ensure!(calm < 5.0, "that is not within 5 s");
    }
    Ok(())
}

fn p95(sent: &[&Sent]) -> f64 {
    let mut took: Vec<Duration> = sent.iter().map(|one| one.took).collect();
    took.sort_unstable();
    took.get(took.len() * 95 / 100).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
}
