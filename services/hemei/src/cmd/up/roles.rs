//! The five roles as child processes of this same program.
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::{process::Command, time::sleep};

use super::{
    ports::{Pair, local},
    record::Record,
    settings,
};
use crate::{
    cmd::role::SUPERVISED,
    http,
    process::{Process, last_lines, log_to},
};

const READY_LIMIT: Duration = Duration::from_secs(30);
/// A role that dies this often before it is ready will not become so.
const DEATHS: u32 = 3;

/// How one role is started and asked whether it is ready.
#[derive(Clone)]
pub struct Role {
    pub name: &'static str,
    pub config: PathBuf,
    pub log: PathBuf,
    pub ports: Pair,
}

impl Role {
    /// A new process of the role.
    pub fn start(&self) -> Result<Process> {
        let mut command = Command::new(this_program());
        command.arg(self.name).arg("--config").arg(&self.config).current_dir("/").process_group(0);
        command.env(SUPERVISED, std::process::id().to_string());
        // Huge pages would make each small role hold 30 MB it does not use.
        command.env("MIMALLOC_ALLOW_THP", "0");
        for key in settings::DECIDED.map(str::to_uppercase) {
            command.env_remove(format!("HEMEI_{key}")).env_remove(format!("HEMEI_{}_{key}", self.name.to_uppercase()));
        }
        log_to(&mut command, &self.log)?;
        Process::spawn(&mut command).with_context(|| format!("starting {}", self.name))
    }

    /// Returns when the role serves; says why when it does not in time.
    pub async fn ready(&self, record: &Record) -> Result<()> {
        let (address, path) = match self.name {
            "gateway" => (local(self.ports.listen), "/healthz"),
            _ => (local(self.ports.ops), "/readyz"),
        };
        let begun = Instant::now();
        loop {
            let answer = http::get(address, path).await;
            let why = match answer {
                Ok((200, _)) => return Ok(()),
                Ok((status, body)) => format!("{status} {}", body.trim()),
                Err(error) => format!("{error:#}"),
            };
            let dying = record.restarts(self.name) >= DEATHS;
            if dying || begun.elapsed() > READY_LIMIT {
                let state = if dying { "反复退出 keeps ending" } else { "未就绪 is not ready" };
                let end = last_lines(&self.log, 8);
                bail!("{} {state}: {why}\n  日志 log: {}\n{end}", self.name, self.log.display());
            }
            sleep(Duration::from_millis(25)).await;
        }
    }
}

/// Our own executable, also after it was replaced by a newer build.
fn this_program() -> PathBuf {
    let own = Path::new("/proc/self/exe");
    std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| own.to_owned())
}
