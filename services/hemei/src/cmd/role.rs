//! `hemei residents` and its sisters: one role, until it is told to stop.
use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use chassis::config::{self, Loaded};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use tokio_util::sync::CancellationToken;

use crate::signals::Stops;

/// Every setting with its default.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Set by `hemei up` to its own pid: a role must not outlive it.
pub const SUPERVISED: &str = "HEMEI_SUPERVISED";

/// The value of `messages` that keeps them inside.
const SANDBOX: &str = "sandbox";

#[derive(clap::Args)]
#[group(id = "settings")]
pub struct Args {
    /// Settings that differ from the defaults.
    #[arg(long, env = "HEMEI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Args {
    /// The merged settings of a role.
    pub fn load(&self, role: &str) -> Result<Loaded> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("{}", path.display()));
        let file = self.config.as_ref().map(read).transpose()?;
        Ok(config::load(DEFAULTS, file.as_deref(), role, std::env::vars())?)
    }

    /// For a tool: the settings of the folder that was named, else those that were named, else of what runs here.
    pub fn load_or_found(&self, data: Option<&Path>, role: &str) -> Result<Loaded> {
        match data {
            None if self.config.is_some() => self.load(role),
            data => load_from(data.unwrap_or(Path::new("./.hemei")), role),
        }
    }
}

/// The settings of what runs in a data folder, for a tool that works on it.
pub fn load_from(data: &Path, role: &str) -> Result<Loaded> {
    let path = data.join("hemei.toml");
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "{} 读不到 / cannot be read; 先运行 hemei up，或用 --data 指定 run hemei up first or use --data DIR",
            path.display()
        )
    })?;
    Ok(config::load(DEFAULTS, Some(&text), role, [])?)
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
    refuse_sandbox(&loaded)?;
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

/// Everybody may read the sandbox, one-time codes and all: it is for a demonstration on one machine only.
fn refuse_sandbox(loaded: &Loaded) -> Result<()> {
    if loaded.settings.messages == SANDBOX && std::env::var_os(SUPERVISED).is_none() {
        bail!(
            "messages = \"sandbox\" 只能在 hemei up 下使用：任何人都能看到验证码；请改为 messages = \"none\" / works under hemei up only, \
             for anybody may read the one-time codes there; set messages = \"none\""
        );
    }
    Ok(())
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
