//! `hemei audit verify`: whether anything was changed in the logs of the staff's actions.
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use sqlx::PgPool;

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
    /// Recomputes the hash chains and names the first row that is not what was sealed; ends with 1 where there is one.
    Verify,
}

/// Verifies the chains of every log.
pub fn run(args: &Args) -> Result<ExitCode> {
    let Verb::Verify = args.verb;
    let loaded = args.settings.load_or_found(args.data.as_deref(), tickets::NAME)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = PgPool::connect(&loaded.settings.database_url).await.context("database")?;
        let mut whole = true;
        let chains = [
            residents::audit_chain(&pool),
            tickets::audit::chain(&pool),
            incentives::audit::chain(&pool),
            finance::audit_chain(&pool),
        ];
        for chain in chains {
            let found = chain.verify(|_| {}).await?;
            let name = format!("{}.{}", chain.schema, chain.table);
            match &found.broken {
                None => say::line(&format!(
                    "{name}: {} 条完整，{} 条待封存，链首 {} / {} rows whole, {} not sealed yet, head {}",
                    found.rows, found.unsealed, found.head, found.rows, found.unsealed, found.head
                )),
                Some(broken) => {
                    whole = false;
                    say::line(&format!("{name}: 已被改动 / tampered with: {broken}"));
                }
            }
        }
        Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}
