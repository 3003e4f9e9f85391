//! `hemei up`: the whole suite on this machine, from an empty folder to a public address.
mod banner;
mod folder;
pub mod holder;
mod ports;
mod record;
mod roles;
mod settings;
mod steps;
mod suite;
mod supervise;
mod waiting;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::Result;
use tokio::task::LocalSet;

pub use self::folder::free_mb;
use self::{
    folder::{DataFolder, Opened},
    ports::Ports,
    record::Record,
    suite::Suite,
};
use crate::{
    private::{Durability, PrivateServers, settle},
    say,
    signals::Stops,
};

#[derive(clap::Args)]
pub struct Args {
    /// 数据目录 / where everything is kept.
    #[arg(long, default_value = "./.hemei", value_name = "DIR")]
    data: PathBuf,
    /// 端口 / the public port.
    #[arg(long, default_value_t = 8080, value_name = "N")]
    port: u16,
    /// 清空后重新造数 / wipe this folder's data and start over.
    #[arg(long)]
    fresh: bool,
    /// 不造演示数据 / start empty; a one-time link makes the first administrator.
    #[arg(long)]
    no_demo: bool,
    /// 结束时删除数据 / remove the data folder at the end.
    #[arg(long, hide = true)]
    throw_away: bool,
}

/// Runs until Ctrl-C or SIGTERM.
pub fn run(args: Args) -> Result<ExitCode> {
    // One thread: children are started from the one that lives as long as we do.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = LocalSet::new().block_on(&runtime, up(args));
    // Demo data still being made when we were stopped is not waited for: it is begun again next time.
    runtime.shutdown_background();
    outcome
}

async fn up(args: Args) -> Result<ExitCode> {
    let begun = Instant::now();
    let mut stops = Stops::listen()?;
    let folder = match DataFolder::open(&args.data)? {
        Opened::Ours(folder) => folder,
        Opened::Running(_) if args.fresh => {
            anyhow::bail!("{} 正在使用，不能清空 / is in use; 先停止它 stop it first (Ctrl-C)", args.data.display())
        }
        Opened::Running(running) => {
            banner::already_running(&args.data, running.as_ref());
            return Ok(ExitCode::SUCCESS);
        }
    };
    let (ports, held) = Ports::choose(args.port).await?;
    if args.fresh {
        // One that still stops would take its successor's socket along.
        settle(&folder.path.join("pg")).await?;
        folder.wipe()?;
    }
    folder.prepare()?;
    let demo = folder.is_demo(args.no_demo)?;
    banner::title(demo);
    let servers = PrivateServers::plan(&folder.path, Durability::Kept)?;
    settings::write(&folder, &servers, &ports)?;
    let record = Record::begin(&folder, &ports, &servers)?;
    let mut suite = Suite::new(folder, servers, (ports, held), record, demo);
    let outcome = serve(&mut suite, begun, &mut stops).await;
    suite.stop(&mut stops).await;
    outcome?;
    if args.throw_away {
        suite.throw_away()?;
    } else {
        say::line("已停止，数据保留 / stopped; the data is kept.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns when it was told to stop, or could not start.
async fn serve(suite: &mut Suite, begun: Instant, stops: &mut Stops) -> Result<()> {
    tokio::select! {
        ready = suite.start(begun) => {
            ready?;
            stops.next().await;
        }
        _ = stops.next() => {}
    }
    say::aside("\n停止中 / stopping …");
    Ok(())
}
