//! `make bench`: what the suite does on this machine, beside the bare statements on the same server in the same run.
mod floor;
mod ledger;
mod load;
mod memory;
mod month;
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
    for connections in [16, 64] {
        let floor = floor::run(&instance.database_url()?, &cast, connections, MEASURED).await.context("the floor")?;
        let suite = load::run(&cast, connections, MEASURED).await?;
        floor.print("bare statements, one a commit", connections);
        suite.print("the suite through HTTP", connections);
        let ratio = suite.lifecycles_per_second() / floor.lifecycles_per_second();
        println!("{:34} {connections:>6} {ratio:>13.2}×\n", "ratio to the floor");
    }
    ledger::run(&instance.database_url()?, &cast, &instance.client()).await.context("the ledger")?;
    let redis_url = instance.run_file()?["redis_url"].as_str().context("redis_url")?.to_owned();
    month::run(&instance.database_url()?, &redis_url).await.context("the month of a million")?;
    spike::run(&instance.database_url()?, &cast).await.context("spikes")?;
    scale::run(&instance.database_url()?, &cast).await.context("at a million tickets")?;
    memory::print("after the load", &instance.run_file()?)?;
    tokio::task::spawn_blocking(move || drop(instance)).await?;
    Ok(())
}
