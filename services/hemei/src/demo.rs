//! Invented districts to try the suite with: the same people, places and stories every time, all times relative to now.
//! Written through the services' own imports and operations, before any of them runs.
mod cast;
mod funds;
mod groups;
mod land;
mod names;
mod photo;
mod players;
mod reports;
mod rewards;
mod story;
mod texts;
mod write;

use anyhow::{Context, Result};
use chassis::{clock::Clock, config::Loaded, db};
use residents::store::installation;
use sqlx::{AssertSqlSafe, PgPool};

use crate::cmd::migrate;

/// Every draw follows from it.
const SEED: u64 = 20_261_123;
/// The name of the demo data among what an installation has been through.
const NAME: &str = "demo";
const BEGUN: &str = "begun";
const DONE: &str = "done";

/// What there is afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    pub districts: usize,
    pub streets: usize,
    pub communities: usize,
    pub compounds: usize,
    pub residents: usize,
    pub tickets: usize,
}

impl Summary {
    /// "2 区 8 街道 30 社区 150 小区 6,072 居民 420 工单"
    pub fn text(&self) -> String {
        let Self { districts, streets, communities, compounds, residents, tickets } = self;
        format!("{districts} 区 {streets} 街道 {communities} 社区 {compounds} 小区 {residents} 居民 {tickets} 工单")
    }
}

/// Fills an empty installation, blocking; none where there is something already. What was begun and never ended, because the
/// machine or the launcher died, is thrown away and begun again.
pub fn seed(tickets: &Loaded) -> Result<Option<Summary>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(fill(tickets)).context("演示数据 demo data")
}

async fn fill(loaded: &Loaded) -> Result<Option<Summary>> {
    let pool = pool(loaded)?;
    let state = installation::state(&pool, NAME).await?;
    match state.as_deref() {
        Some(BEGUN) => start_over(&pool, &loaded.settings.database_url).await?,
        None if installation::is_empty(&pool).await? => {}
        _ => return Ok(None),
    }
    let clock = Clock::System;
    installation::set_state(&pool, NAME, BEGUN, clock.now()).await?;
    let summary = write::everything(&pool, loaded, clock.now()).await?;
    // Nothing before this is waited for on the disk; this is, and with it all before it.
    let durable = db::pool(&loaded.settings, NAME)?;
    installation::set_state(&durable, NAME, DONE, clock.now()).await?;
    Ok(Some(summary))
}

/// A pool whose commits do not wait for the disk one by one: until the end all of it may be lost, and is made again then.
fn pool(loaded: &Loaded) -> Result<PgPool> {
    let pool = db::pool(&loaded.settings, NAME)?;
    let options = pool.connect_options().as_ref().clone().options([("synchronous_commit", "off")]);
    pool.set_connect_options(options);
    Ok(pool)
}

async fn start_over(pool: &PgPool, database_url: &str) -> Result<()> {
    for schema in ["residents", "tickets", "incentives", "finance"] {
        sqlx::query(AssertSqlSafe(format!("drop schema {schema} cascade"))).execute(pool).await?;
    }
    migrate::all(database_url).await?;
    Ok(())
}
