//! `hemei with-servers -- CMD ARGS`: a command with a PostgreSQL and a Redis that are gone when it ends.
mod throwaway;

use std::{
    process::{ExitCode, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Signal, WaitOptions, getpid, set_child_subreaper, wait};
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

use self::throwaway::Throwaway;
use crate::{
    private::{Durability, PrivateServers},
    process::Process,
    signals::Stops,
};

#[derive(clap::Args)]
pub struct Args {
    /// The command and its words.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// How long we wait for what stops by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the command; its exit code is ours.
pub fn run(args: Args) -> Result<ExitCode> {
    // One thread: children are started from the one that lives as long as we do.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // What the command leaves behind becomes ours, so that we can wait for it.
    set_child_subreaper(Some(getpid()))?;
    runtime.block_on(async {
        let folder = Throwaway::make()?;
        let mut stops = Stops::listen()?;
        let servers = PrivateServers::plan(&folder.path, Durability::ThrownAway)?;
        let (mut postgres, mut redis) = tokio::select! {
            both = start(&servers) => both?,
            _ = stops.next() => bail!("停止 / stopped"),
        };
        let outcome = run_command(&args.command, &servers, &mut stops).await;
        redis.stop(Signal::KILL, Duration::from_secs(2)).await;
        postgres.stop(Signal::QUIT, Duration::from_secs(5)).await;
        wait_for_orphans().await;
        Ok(code_of(outcome?))
    })
}

async fn start(servers: &PrivateServers) -> Result<(Process, Process)> {
    tokio::try_join!(servers.postgres.start(), servers.redis.start())
}

async fn run_command(words: &[String], servers: &PrivateServers, stops: &mut Stops) -> Result<ExitStatus> {
    let (program, rest) = words.split_first().context("no command")?;
    // setpriv: the command must not outlive us either. It stays in our process group, for it owns the terminal.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(program).args(rest);
    command.env("HEMEI_TEST_DATABASE_URL", servers.database_url("postgres"));
    command.env("HEMEI_TEST_REDIS_URL", servers.redis_url());
    let mut child = Process::spawn(&mut command).context("setpriv")?;
    let signal = tokio::select! {
        status = child.ended() => return Ok(status?),
        signal = stops.next() => signal,
    };
    child.signal(signal);
    if let Ok(status) = timeout(PATIENCE, child.ended()).await {
        return Ok(status?);
    }
    child.stop(Signal::KILL, Duration::from_secs(5)).await;
    Ok(child.ended().await?)
}

/// Until nobody is left, for example a suite that stops because its test has ended.
async fn wait_for_orphans() {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => sleep(Duration::from_millis(20)).await,
            Err(_) => return,
        }
    }
}

fn code_of(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
