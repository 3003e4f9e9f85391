//! `hemei migrate`: every service's schema, brought up to date.
use std::process::ExitCode;

use anyhow::{Context, Result};
use sqlx::{PgPool, migrate::Migrator};

use super::role;
use crate::say;

/// The services' migrations, by schema.
static MIGRATORS: [(&str, &Migrator); 4] = [
    ("residents", &residents::MIGRATOR),
    ("tickets", &tickets::MIGRATOR),
    ("incentives", &incentives::MIGRATOR),
    ("finance", &finance::MIGRATOR),
];

/// Migrates the database the settings name.
pub fn run(args: &role::Args) -> Result<ExitCode> {
    let loaded = args.load("residents")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let count = runtime.block_on(all(&loaded.settings.database_url))?;
    say::line(&format!("数据库迁移 {count} 项 完成 / {count} migrations are in place"));
    Ok(ExitCode::SUCCESS)
}

/// Applies what is missing and counts all that is in place. Two at once wait for each other.
pub async fn all(database_url: &str) -> Result<usize> {
    let pool = PgPool::connect(database_url).await.context("database")?;
    let mut count = 0;
    for (schema, migrator) in &MIGRATORS {
        migrator.run(&pool).await.with_context(|| format!("migrating {schema}"))?;
        count += migrator.iter().count();
    }
    pool.close().await;
    Ok(count)
}
