//! `hemei figures`: counts everything again from the histories and says where the kept sums differ.
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use sqlx::PgPool;
use tickets::figures::{COUNTERS, recount, verify};

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
    /// Recomputes every sum from the tickets' histories and reports any difference; ends with 1 where there is one.
    Verify,
    /// Counts every ticket anew, then verifies.
    Recount,
}

/// Verifies or recounts the figures. A difference right after a change may only mean that it has not been counted yet.
pub fn run(args: &Args) -> Result<ExitCode> {
    let loaded = args.settings.load_or_found(args.data.as_deref(), tickets::NAME)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = PgPool::connect(&loaded.settings.database_url).await.context("database")?;
        if matches!(args.verb, Verb::Recount) {
            let counted = recount(&pool).await?;
            say::line(&format!("重新统计 {counted} 件 / {counted} tickets counted anew"));
        }
        let differences = verify(&pool).await?;
        for difference in &differences {
            let key = format!(
                "{} {} {} {} {}",
                difference.district_id,
                difference.month,
                difference.department_id,
                difference.place_path,
                difference.category_code
            );
            let of = |counters: &Option<Vec<i64>>, at: usize| counters.as_ref().and_then(|list| list.get(at)).copied().unwrap_or(0);
            for (at, name) in COUNTERS.iter().enumerate() {
                let (told, kept) = (of(&difference.told, at), of(&difference.kept, at));
                if told != kept {
                    say::line(&format!("{key}  {name}: 应为 {told} 实为 {kept} / should be {told}, is {kept}"));
                }
            }
        }
        if differences.is_empty() {
            say::line("统计与历史一致 / the figures are what the histories give");
            return Ok(ExitCode::SUCCESS);
        }
        let many = differences.len();
        say::line(&format!("{many} 处不一致；若刚有变更请稍候再试，或 hemei figures recount / {many} differ; after fresh changes try again, or run hemei figures recount"));
        Ok(ExitCode::FAILURE)
    })
}
