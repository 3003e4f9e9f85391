//! The private Redis: no persistence, for it holds only what may be lost.
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::sleep,
};

use super::{
    account::{Account, command},
    binaries::find_redis,
    folder::Places,
};
use crate::process::{Process, last_lines, log_to};

const READY_LIMIT: Duration = Duration::from_secs(10);

/// How the private Redis of one folder is started.
#[derive(Clone)]
pub struct Redis {
    pub socket: PathBuf,
    pub log: PathBuf,
    program: PathBuf,
    account: Option<Account>,
}

impl Redis {
    /// The signal that stops it.
    pub const STOP: Signal = Signal::TERM;

    pub(super) fn plan(places: &Places, account: Option<Account>) -> Result<Self> {
        let (socket, log) = (places.sockets.join("redis.sock"), places.logs.join("redis.log"));
        Ok(Self { socket, log, program: find_redis()?, account })
    }

    /// A server that answers.
    pub async fn start(&self) -> Result<Process> {
        // Killed rather than asked when we die: a slow one would remove its successor's socket.
        let mut server = command(self.account.as_ref(), "KILL", &self.program);
        server.args([
            "--port",
            "0",
            "--unixsocketperm",
            "700",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
            "--save",
            "",
        ]);
        server.arg("--unixsocket").arg(&self.socket);
        server.kill_on_drop(true);
        log_to(&mut server, &self.log)?;
        let mut process = Process::spawn(&mut server).context("setpriv / redis-server")?;
        let begun = Instant::now();
        while !self.answers().await {
            if let Some(status) = process.ended_already()? {
                bail!(
                    "Redis 启动失败 / did not start ({status}); {}:\n{}",
                    self.log.display(),
                    last_lines(&self.log, 8)
                );
            }
            if begun.elapsed() > READY_LIMIT {
                bail!("Redis 未就绪 / is not ready; {}:\n{}", self.log.display(), last_lines(&self.log, 8));
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(process)
    }

    async fn answers(&self) -> bool {
        let Ok(mut stream) = UnixStream::connect(&self.socket).await else { return false };
        let mut answer = [0; 5];
        stream.write_all(b"PING\r\n").await.is_ok()
            && stream.read_exact(&mut answer).await.is_ok()
            && &answer == b"+PONG"
    }
}
