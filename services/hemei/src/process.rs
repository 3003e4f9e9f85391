//! A child process: started, watched, stopped in order. Children are started from the main thread only: the kernel's
//! parent-death signal follows the thread that started them.
use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

pub struct Process {
    pub pid: Pid,
    child: Child,
}

impl Process {
    /// A started child.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { pid, child })
    }

    /// How it ended, once it has.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// How it ended, if it has by now.
    pub fn ended_already(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends a signal; a child that is gone is no error.
    pub fn signal(&self, signal: Signal) {
        if self.child.id().is_some() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Asks it to stop and, when patience is over, kills it.
    pub async fn stop(&mut self, signal: Signal, patience: Duration) {
        self.signal(signal);
        if timeout(patience, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
    }
}

/// Lets a child write both its outputs to the end of a log file.
pub fn log_to(command: &mut Command, log: &Path) -> io::Result<()> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    Ok(())
}

/// The last lines of a log file, for a message.
pub fn last_lines(log: &Path, count: usize) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(count)).map(|line| format!("    {line}\n")).collect()
}

/// The words a living process was started with; none when it is gone.
pub fn words_of(pid: i32) -> Vec<String> {
    let Ok(bytes) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return Vec::new() };
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}
