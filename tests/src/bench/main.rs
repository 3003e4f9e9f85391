//! `make bench`: what the suite does on this machine, beside the bare statements on the same server in the same run.
//! `ARGS="lifecycle ledger chain month spike scale"` names the parts; without it all of them run.
mod chain;
mod floor;
mod ledger;
mod load;
mod memory;
mod month;
mod processor;
mod scale;
mod spike;

use std::time::Duration;

use anyhow::{Context, Result};
use hemei_tests::Instance;

/// How long each figure is measured.
const MEASURED: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<()> {
    let instance = tokio::task::spawn_blocking(|| Instance::start(&[])).await??;
    let run = instance.run_file()?;
    let took = memory::between(&run, "started_at", "ready_at")?;
    println!("time from start to ready, with demo data: {took:.1} s\n");
    memory::print("idle", &run)?;

    println!("lifecycle = report → claim → dispatch → resolve → get");
    println!(
        "{:34} {:>6} {:>14} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "conns", "lifecycles/s", "calls/s", "p50 ms", "p95 ms", "p99 ms", "errors"
    );
    let cast = load::prepare(&instance.client()).await?;
    load::run(&cast, 16, Duration::from_secs(3)).await?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|one| one == part);
    let url = instance.database_url()?;
    if wanted("lifecycle") {
        for connections in [16, 64] {
            let floor = floor::run(&url, &cast, connections, MEASURED).await.context("the floor")?;
            let before = processor::seconds(&run)?;
            let suite = load::run(&cast, connections, MEASURED).await?;
            let after = processor::seconds(&run)?;
            floor.print("bare statements, one a commit", connections);
            suite.print("the suite through HTTP", connections);
            let ratio = suite.lifecycles_per_second() / floor.lifecycles_per_second();
            println!("{:34} {connections:>6} {ratio:>13.2}×", "ratio to the floor");
            processor::print(&before, &after, suite.lifecycles);
            println!();
        }
    }
    if wanted("ledger") {
        ledger::run(&url, &cast, &instance.client()).await.context("the ledger")?;
    }
    if wanted("chain") {
        chain::run(&url).await.context("the chain over the ledger")?;
    }
    if wanted("month") {
        let redis_url = run["redis_url"].as_str().context("redis_url")?.to_owned();
        month::run(&url, &redis_url).await.context("the month of a million")?;
    }
    if wanted("spike") {
        spike::run(&url, &cast).await.context("spikes")?;
    }
    if wanted("scale") {
        scale::run(&url, &cast).await.context("at a million tickets")?;
    }
    memory::print("after the load", &instance.run_file()?)?;
    tokio::task::spawn_blocking(move || drop(instance)).await?;
    Ok(())
}
