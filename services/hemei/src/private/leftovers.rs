//! What an earlier run left behind: a server that is still stopping, a lock file, orphaned backends.
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use crate::process::words_of;

/// Waits for, then stops, an old PostgreSQL of this data folder; touches nothing that is not ours.
pub async fn settle(data: &Path) -> Result<()> {
    let Ok(data) = &data.canonicalize() else { return Ok(()) };
    let Some(pid) = recorded(data) else { return Ok(()) };
    if !alive(pid) {
        return Ok(());
    }
    if !is_ours(pid, data) {
        // The number now belongs to another program, and PostgreSQL would take it for a running server.
        if backends(data).is_empty() {
            fs::remove_file(data.join("postmaster.pid"))?;
        }
        return Ok(());
    }
    for signal in [None, Some(Signal::INT), Some(Signal::QUIT), Some(Signal::KILL)] {
        if let (Some(signal), Some(pid)) = (signal, Pid::from_raw(pid)) {
            let _ = kill_process(pid, signal);
        }
        if gone(pid, Duration::from_secs(3)).await {
            return Ok(());
        }
    }
    bail!("旧的 PostgreSQL (pid {pid}) 停不下来 / the old PostgreSQL does not stop; kill {pid}")
}

/// Ends the backends whose server was killed: they would hold its shared memory until their work is done.
pub fn end_backends(data: &Path) {
    for pid in backends(data).into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process(pid, Signal::QUIT);
    }
}

fn recorded(data: &Path) -> Option<i32> {
    fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

fn alive(pid: i32) -> bool {
    // A zombie has no words left.
    words_of(pid).iter().any(|word| !word.is_empty())
}

fn is_ours(pid: i32, data: &Path) -> bool {
    let words = words_of(pid);
    words.first().is_some_and(|program| program.ends_with("postgres"))
        && words.iter().any(|word| Path::new(word) == data)
}

/// PostgreSQL processes that work in the data folder and are not its server.
fn backends(data: &Path) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        let title = words_of(*pid).into_iter().next().unwrap_or_default();
        title.starts_with("postgres:") && fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data)
    })
    .collect()
}

async fn gone(pid: i32, limit: Duration) -> bool {
    let begun = Instant::now();
    while alive(pid) {
        if begun.elapsed() > limit {
            return false;
        }
        sleep(Duration::from_millis(20)).await;
    }
    true
}
