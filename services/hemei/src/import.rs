//! `hemei import`: a table of a district, row by row, into what runs in a data folder.
pub mod tables;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use chassis::{clock::Clock, config::Settings, db};
use indicatif::{ProgressBar, ProgressStyle};
use residents::import::Target;
use sqlx::PgPool;
use uuid::Uuid;

use self::tables::{Kind, Wrong};
use crate::{cmd::role, say};

/// Rows that are read, checked and written together.
const CHUNK: usize = 2000;

#[derive(clap::Args)]
pub struct Args {
    /// 表的种类 / what the rows are.
    #[arg(value_enum)]
    kind: Kind,
    /// UTF-8 CSV，首行为列名 / with the names of the columns in the first line.
    file: PathBuf,
    /// 区的代码 / the district's code, for example gn.
    #[arg(long, value_name = "CODE")]
    district: String,
    /// 数据目录 / the folder of `hemei up`, or one with a hemei.toml of your own.
    #[arg(long, default_value = "./.hemei", value_name = "DIR")]
    data: PathBuf,
}

/// Imports every good row and names every bad one; fails when there was a bad one.
pub fn run(args: &Args) -> Result<ExitCode> {
    let settings = role::load_from(&args.data, "residents")?.settings;
    let table = tables::read(args.kind.columns(), &args.file)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wrong = runtime.block_on(import(args, &settings, &table))?;
    for wrong in &wrong {
        say::line(&format!("  {}", wrong.text()));
    }
    let lines: std::collections::HashSet<usize> = wrong.iter().map(|wrong| wrong.line).collect();
    let good = table.rows.iter().filter(|row| !lines.contains(&row.line)).count();
    let bad = lines.len();
    say::line(&format!("{}: {good} 行已导入 imported, {bad} 行有误 refused", args.file.display()));
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn import(args: &Args, settings: &Settings, table: &tables::Table) -> Result<Vec<Wrong>> {
    let pool = db::pool(settings, "import")?;
    let district_id = district(&pool, &args.district).await?;
    let vault = residents::vault(&settings.keys_dir)?;
    let target = Target { pool: &pool, vault: &vault, clock: &Clock::System, district_id };
    let bar = ProgressBar::new(table.rows.len() as u64).with_style(style()?);
    let mut wrong = table.wrong.clone();
    let mut begin = 0;
    // Places refer to places above them, which may stand further down: they are taken as a whole.
    let chunk = if args.kind == Kind::Places { table.rows.len().max(1) } else { CHUNK };
    for rows in table.rows.chunks(chunk) {
        wrong.extend(tables::put(args.kind, &target, rows).await?);
        begin += rows.len();
        bar.set_position(begin as u64);
    }
    bar.finish_and_clear();
    wrong.sort_by_key(|wrong| wrong.line);
    Ok(wrong)
}

/// The district of a code.
pub async fn district(pool: &PgPool, code: &str) -> Result<Uuid> {
    let found = residents::store::district::by_code(pool, code).await;
    let found =
        found.context("数据库不可用；hemei up 在运行吗？ / the database does not answer; is hemei up running?")?;
    match found {
        Some(district_id) => Ok(district_id),
        None => bail!("没有代码为 {code} 的区 / no district has the code {code}"),
    }
}

fn style() -> Result<ProgressStyle> {
    Ok(ProgressStyle::with_template("{wide_bar} {pos}/{len} 行 {per_sec}")?)
}
