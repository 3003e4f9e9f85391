//! `hemei events`: what could not be applied, and applying it after the fix.
use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use chassis::{
    cache::Cache, clock::Clock, config::Loaded, consumer::Consumer, feed::Source, feed::Waker, keys::Keyring,
    media::MediaIds, vault::Vault,
};
use sqlx::{PgPool, Row};

use super::role;
use crate::say;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: role::Args,
    /// 数据目录 / the folder of `hemei up`; without it and --config: ./.hemei.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Shows the events that wait, oldest first, with their reasons.
    List,
    /// Applies them once, oldest first; those that still fail stay.
    Replay,
}

/// Lists or replays the dead letters of every service.
pub fn run(args: &Args) -> Result<ExitCode> {
    let loaded = args.settings.load_or_found(args.data.as_deref(), tickets::NAME)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for consumer in &consumers(&loaded).await? {
            match args.verb {
                Verb::List => list(consumer).await?,
                Verb::Replay => {
                    let applied = consumer.replay().await?;
                    say::line(&format!("{}: 补做 {applied} 条 / {applied} applied", name(consumer)));
                    list(consumer).await?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Everybody who hears anybody.
async fn consumers(loaded: &Loaded) -> Result<Vec<Consumer>> {
    let settings = &loaded.settings;
    let pool = PgPool::connect(&settings.database_url).await.context("database")?;
    let cache = Cache::new(&settings.redis_url)?;
    let keys = |name| Keyring::load_or_create(&settings.keys_dir, name);
    let (clock, media, waker) =
        (Clock::System, MediaIds::new(keys("media")?), Waker::start(cache.clone(), "incentives"));
    let vault = Vault::new(keys("vault")?, keys("index")?);
    let tickets = tickets::Tickets::new(pool.clone(), clock.clone(), media.clone(), loaded.role()?, None);
    let incentives = incentives::Incentives::new(
        pool.clone(),
        clock.clone(),
        vault.clone(),
        media.clone(),
        cache.clone(),
        waker.clone(),
    );
    let finance = finance::Finance::new(pool.clone(), clock.clone(), media, vault, waker);
    let source = |schema| Source::local(pool.clone(), schema);
    let mut consumers = vec![
        tickets::residents_consumer(&pool, source("residents")),
        tickets::posts_consumer(&pool, source("residents")),
        tickets::points_consumer(&pool, &clock, source("incentives")),
        tickets::payouts_consumer(&pool, &clock, source("finance")),
    ];
    consumers.extend(finance.consumers(source("residents"), source("incentives")));
    consumers.extend(incentives.consumers(source("tickets"), source("residents")));
    let tickets = Arc::new(tickets);
    consumers.push(tickets::followers_consumer(&tickets));
    if settings.sandbox() {
        consumers.push(tickets::notices_consumer(&tickets, cache));
    }
    Ok(consumers)
}

/// "tickets ← residents"
fn name(consumer: &Consumer) -> String {
    format!("{} ← {}{}", consumer.schema, consumer.producer, consumer.purpose)
}

/// The letters that are still there.
async fn list(consumer: &Consumer) -> Result<()> {
    let statement = format!(
        "select tx, event_id, subject_id::text, reason from {}.dead_letter where producer = $1 order by tx, event_id",
        consumer.schema
    );
    let producer = format!("{}{}", consumer.producer, consumer.purpose);
    for row in sqlx::query(sqlx::AssertSqlSafe(statement)).bind(producer).fetch_all(&consumer.pool).await? {
        let (transaction, event, subject): (i64, i64, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let reason: String = row.try_get(3)?;
        say::line(&format!("{}  {transaction}/{event}  {subject}  {reason}", name(consumer)));
    }
    Ok(())
}
