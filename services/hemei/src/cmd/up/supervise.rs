//! Keeps a child alive until told to stop.
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Result;
use rustix::process::Signal;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::record::Record;
use crate::{process::Process, say};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A child that lived this long starts with a short pause again.
const GOOD_LIFE: Duration = Duration::from_secs(10);

/// One child: what it is called, how it is stopped, where it writes.
pub struct Charge {
    pub name: String,
    pub signal: Signal,
    pub patience: Duration,
    pub log: PathBuf,
}

impl Charge {
    /// Restarts the child whenever it ends; returns once it was told to stop and has.
    pub async fn keep(
        self,
        first: Process,
        start: impl AsyncFn() -> Result<Process>,
        stop: CancellationToken,
        record: Record,
    ) {
        let mut process = first;
        let mut pause = FIRST_PAUSE;
        loop {
            record.started(&self.name, process.pid);
            let begun = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => {
                    process.stop(self.signal, self.patience).await;
                    return;
                }
                ended = process.ended() => ended,
            };
            let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
            say::aside(&format!(
                "  ↻ {} 退出 ended ({how})，重启 restarting；日志 log: {}",
                self.name,
                self.log.display()
            ));
            if begun.elapsed() > GOOD_LIFE {
                pause = FIRST_PAUSE;
            }
            let Some(next) = self.again(&start, &stop, &mut pause).await else { return };
            process = next;
        }
    }

    async fn again(
        &self,
        start: impl AsyncFn() -> Result<Process>,
        stop: &CancellationToken,
        pause: &mut Duration,
    ) -> Option<Process> {
        loop {
            let attempt = async {
                sleep(*pause).await;
                start().await
            };
            let outcome = tokio::select! {
                () = stop.cancelled() => return None,
                outcome = attempt => outcome,
            };
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            match outcome {
                Ok(process) => return Some(process),
                Err(error) => say::problem(&format!("{}: {error:#}", self.name)),
            }
        }
    }
}
