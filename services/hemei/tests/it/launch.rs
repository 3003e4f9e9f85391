//! A `hemei up` of a test's own.
use std::{
    env, fs,
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::http::call;

/// The binary under test.
pub fn hemei() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hemei"))
}

/// Looks again until something is so; fails with a name for it after the limit.
pub fn wait<T>(what: &str, limit: Duration, look: impl Fn() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Ok(seen);
        }
        if begun.elapsed() > limit {
            bail!("not within {limit:?}: {what}");
        }
        thread::park_timeout(Duration::from_millis(20));
    }
}

/// Whether a process still does anything; a zombie does not.
pub fn alive(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub fn signal(pid: i32, signal: Signal) -> Result<()> {
    Ok(kill_process(Pid::from_raw(pid).context("a pid")?, signal)?)
}

/// A port nobody has just now, another one for every caller, below those the kernel gives to outgoing connections.
pub fn free_port() -> Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = || 10_000 + (std::process::id() * 16 + NEXT.fetch_add(1, Ordering::Relaxed)) % 9000;
    let mut ports = std::iter::repeat_with(|| u16::try_from(next()).unwrap_or_default());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).context("a port")
}

/// A running suite, empty of data, stopped and removed when dropped.
pub struct Up {
    pub data: PathBuf,
    pub port: u16,
    child: Child,
}

impl Up {
    pub fn start(name: &str) -> Result<Self> {
        let data = env::temp_dir().join(format!("hemei-up-{name}-{}", std::process::id()));
        let port = free_port()?;
        let child = launch(&data, port, &[])?;
        let up = Self { data, port, child };
        up.wait_until_ready()?;
        Ok(up)
    }

    /// The same folder and port once more.
    pub fn start_again(&mut self, arguments: &[&str]) -> Result<()> {
        self.child = launch(&self.data, self.port, arguments)?;
        self.wait_until_ready()
    }

    /// How the launcher ended.
    pub fn end(&mut self, with: Signal) -> Result<Option<i32>> {
        signal(self.pid(), with)?;
        Ok(self.child.wait()?.code())
    }

    /// Another `hemei up` on this folder, until it returns.
    pub fn second(&self, arguments: &[&str]) -> Result<Output> {
        Ok(hemei().arg("up").arg("--data").arg(&self.data).args(arguments).stdin(Stdio::null()).output()?)
    }

    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// What the launcher wrote down.
    pub fn record(&self) -> Result<Value> {
        read_record(&self.data).context("run.json")
    }

    /// Every child by name.
    pub fn children(&self) -> Result<Vec<(String, i32)>> {
        let record = self.record()?;
        let pids = record["pids"].as_object().context("pids")?;
        pids.iter().map(|(name, pid)| Ok((name.clone(), i32::try_from(pid.as_i64().context("a pid")?)?))).collect()
    }

    /// Whether the public port answers that all is well.
    pub fn serves(&self) -> bool {
        call(self.port, "GET /healthz", None, None).is_ok_and(|(status, _)| status == 200)
    }

    /// The folder of the private servers' sockets.
    pub fn sockets(&self) -> Result<PathBuf> {
        let url = self.record()?["database_url"].as_str().context("database_url")?.to_owned();
        Ok(url.rsplit_once("?host=").context("a folder")?.1.into())
    }

    /// What it told its terminal.
    pub fn told(&self) -> String {
        fs::read_to_string(self.data.with_extension("out")).unwrap_or_default()
    }

    fn wait_until_ready(&self) -> Result<()> {
        let me = i64::from(self.child.id());
        let ready =
            || read_record(&self.data).is_some_and(|record| record["pid"] == me && record["ready_at"].is_string());
        let settled = || (ready() || !alive(self.pid())).then_some(());
        wait("ready", Duration::from_secs(60), settled).with_context(|| self.told())?;
        ensure!(ready(), "ended early: {}", self.told());
        Ok(())
    }
}

fn read_record(data: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(data.join("run.json")).ok()?).ok()
}

fn launch(data: &Path, port: u16, arguments: &[&str]) -> Result<Child> {
    let out = fs::OpenOptions::new().create(true).append(true).open(data.with_extension("out"))?;
    let mut command = hemei();
    command.args(["up", "--no-demo", "--port", &port.to_string(), "--data"]).arg(data).args(arguments);
    Ok(command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).spawn()?)
}

impl Drop for Up {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            signal(self.pid(), Signal::TERM).ok();
            self.child.wait().ok();
        }
        for leftover in [self.data.clone(), self.data.with_extension("out")] {
            match fs::remove_dir_all(&leftover) {
                Err(error) if error.kind() == ErrorKind::NotADirectory => fs::remove_file(&leftover).ok(),
                _ => None,
            };
        }
    }
}
