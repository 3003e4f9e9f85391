//! `hemei residents` and its sisters: one role, until it is told to stop.
use std::{error::Error, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use chassis::config::{self, Loaded};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use tokio_util::sync::CancellationToken;

use crate::signals::Stops;

/// Every setting with its default.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Set by `hemei up` to its own pid: a role must not outlive it.
pub const SUPERVISED: &str = "HEMEI_SUPERVISED";

#[derive(clap::Args)]
pub struct Args {
    /// Settings that differ from the defaults.
    #[arg(long, env = "HEMEI_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Args {
    /// The merged settings of a role.
    pub fn load(&self, role: &str) -> Result<Loaded> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("{}", path.display()));
        let file = self.config.as_ref().map(read).transpose()?;
        Ok(config::load(DEFAULTS, file.as_deref(), role, std::env::vars())?)
    }
}

/// Runs a role until SIGTERM or SIGINT.
pub fn run<F, S, E>(role: &'static str, args: &Args, serve: F) -> Result<ExitCode>
where
    F: FnOnce(Loaded, CancellationToken) -> S,
    S: Future<Output = Result<(), E>>,
    E: Error + Send + Sync + 'static,
{
    die_with_parent()?;
    let loaded = args.load(role)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stops = Stops::listen()?;
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        tokio::spawn(async move {
            stops.next().await;
            stop.cancel();
        });
        let telemetry = chassis::telemetry::init(&loaded.settings, role)?;
        tracing::info!(role, version = env!("CARGO_PKG_VERSION"), "starting");
        let served = serve(loaded, shutdown).await;
        telemetry.flush();
        served.with_context(|| role.to_owned())?;
        Ok(ExitCode::SUCCESS)
    })
}

fn die_with_parent() -> Result<()> {
    let Ok(supervisor) = std::env::var(SUPERVISED) else { return Ok(()) };
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the signal was set. "1" names no particular parent.
    if supervisor != "1" && getppid().map(Pid::as_raw_pid) != supervisor.parse().ok() {
        bail!("the supervisor is gone");
    }
    Ok(())
}
