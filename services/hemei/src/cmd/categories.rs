//! `hemei categories`: the lists of what can be reported, from a file, while everything runs.
use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use chassis::{clock::Clock, db};
use tickets::ops::{CATEGORY_COLUMNS, CLASS_COLUMNS, FileRow, Imported, import_categories, import_classes};
use uuid::Uuid;

use super::role;
use crate::{
    import::{district, tables},
    say,
};

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
    /// 事项 / categories: category_code,name,english_name,level,priority,resolve_hours,clock,after_photo,department_code,tile,source,duplicate_metres,duplicate_hours[,retired]
    Import(List),
    /// 事项大类的名称 / the names of their classes: class,name,source
    Classes(List),
}

#[derive(clap::Args)]
struct List {
    /// UTF-8 CSV，首行为列名 / with the names of the columns in the first line.
    file: PathBuf,
    /// 区的代码；不写为全系统清单 / a district's code; without it the suite's own list.
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
}

/// Imports the whole list, or nothing and names every bad line.
pub fn run(args: &Args) -> Result<ExitCode> {
    let loaded = args.settings.load_or_found(args.data.as_deref(), tickets::NAME)?;
    let (columns, list) = match &args.verb {
        Verb::Import(list) => (CATEGORY_COLUMNS, list),
        Verb::Classes(list) => (CLASS_COLUMNS, list),
    };
    let table = tables::read(columns, &list.file)?;
    let rows: Vec<_> = table.rows.into_iter().map(|row| FileRow { line: row.line, values: row.values }).collect();
    say::line(&format!("{}: 读到 {} 行，核对中 / {} rows read, checking", list.file.display(), rows.len(), rows.len()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let imported = runtime.block_on(async {
        let pool = db::pool(&loaded.settings, "categories")?;
        let owner = match &list.district {
            None => Uuid::nil(),
            Some(code) => district(&pool, code).await?,
        };
        if !table.wrong.is_empty() {
            return Ok(Imported::default());
        }
        let now = Clock::System.now();
        anyhow::Ok(match &args.verb {
            Verb::Import(_) => import_categories(&pool, owner, &rows, now).await?,
            Verb::Classes(_) => import_classes(&pool, owner, &rows, now).await?,
        })
    })?;
    let wrong: Vec<tables::Wrong> = table.wrong.into_iter().chain(imported.wrong.into_iter().map(Into::into)).collect();
    for wrong in &wrong {
        say::line(&format!("  {}", wrong.text()));
    }
    if wrong.is_empty() {
        let Imported { written, same, .. } = imported;
        say::line(&format!("{written} 行更新，{same} 行不变 / {written} rows are a next version, {same} as they were"));
        return Ok(ExitCode::SUCCESS);
    }
    say::line(&format!("{} 处有误，全部未导入 / {} wrong, nothing imported", wrong.len(), wrong.len()));
    Ok(ExitCode::FAILURE)
}
