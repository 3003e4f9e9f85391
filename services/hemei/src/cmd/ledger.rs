//! `hemei ledger verify`: whether the points ledger is whole.
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
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
    /// Recomputes the hash chain over the transfers and every balance, award, score and stock; ends with 1 where anything differs.
    Verify,
}

/// Verifies the chain and the balances.
pub fn run(args: &Args) -> Result<ExitCode> {
    let Verb::Verify = args.verb;
    let loaded = args.settings.load_or_found(args.data.as_deref(), "incentives")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = PgPool::connect(&loaded.settings.database_url).await.context("database")?;
        let progress = ProgressBar::new_spinner();
        let chain = incentives::ledger::chain(&pool);
        let found = chain.verify(|rows| progress.set_message(format!("{rows}"))).await?;
        progress.finish_and_clear();
        match &found.broken {
            None => say::line(&format!(
                "积分账本：{} 笔完整，{} 笔待封存，链首 {} / {} transfers whole, {} not sealed yet, head {}",
                found.rows, found.unsealed, found.head, found.rows, found.unsealed, found.head
            )),
            Some(broken) => say::line(&format!("积分账本已被改动 / the points ledger was tampered with: {broken}")),
        }
        let differences = incentives::ledger::reconcile(&pool).await?;
        for one in &differences {
            say::line(&format!(
                "{} {} {}: 账面 {} 应为 {} / kept {}, should be {}",
                one.district_id, one.subject_id, one.what, one.kept, one.told, one.kept, one.told
            ));
        }
        if found.broken.is_none() && differences.is_empty() {
            say::line("余额与流水一致 / the balances, awards, scores and stock are what the rows give");
            return Ok(ExitCode::SUCCESS);
        }
        Ok(ExitCode::FAILURE)
    })
}
