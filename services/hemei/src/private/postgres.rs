//! The private PostgreSQL.
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use super::{
    Durability,
    account::{Account, command},
    binaries::{Binaries, find_postgres},
    folder::Places,
    initdb, leftovers,
};
use crate::process::{Process, last_lines, log_to};

/// After `kill -9` the old one's shared memory is busy until its backends have gone.
const SHARED_MEMORY_LIMIT: Duration = Duration::from_secs(20);
/// Recovery of a large log may take its time.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// How the private PostgreSQL of one folder is started.
#[derive(Clone)]
pub struct Postgres {
    pub data: PathBuf,
    pub sockets: PathBuf,
    pub log: PathBuf,
    pub binaries: Binaries,
    pub account: Option<Account>,
    durability: Durability,
}

impl Postgres {
    /// The signal that stops it quickly and cleanly.
    pub const STOP: Signal = Signal::INT;

    pub(super) fn plan(places: &Places, account: Option<Account>, durability: Durability) -> Result<Self> {
        let data = places.base.join("pg");
        let made_by = fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
        let binaries = find_postgres(made_by)?;
        let (sockets, log) = (places.sockets.clone(), places.logs.join("postgres.log"));
        Ok(Self { data, sockets, log, binaries, account, durability })
    }

    /// A server that answers, with the database `hemei`, after whatever an earlier one left behind.
    pub async fn start(&self) -> Result<Process> {
        initdb::ensure(&self.data, &self.binaries, self.account.as_ref()).await?;
        leftovers::settle(&self.data).await?;
        let begun = Instant::now();
        loop {
            let mut process = self.spawn()?;
            match self.ready(&mut process).await {
                Ok(()) => return Ok(process),
                Err(_) if begun.elapsed() < SHARED_MEMORY_LIMIT && self.was_blocked() => {
                    leftovers::end_backends(&self.data);
                    sleep(Duration::from_millis(100)).await;
                }
                Err(error) => {
                    process.stop(Self::STOP, Duration::from_secs(3)).await;
                    return Err(error);
                }
            }
        }
    }

    fn spawn(&self) -> Result<Process> {
        let mut server = command(self.account.as_ref(), "INT", &self.binaries.folder.join("postgres"));
        server.arg("-D").arg(&self.data);
        let sockets = format!("unix_socket_directories={}", self.sockets.display());
        for option in [sockets.as_str(), "listen_addresses=", "unix_socket_permissions=0700", "port=5432"] {
            server.args(["-c", option]);
        }
        for option in self.options() {
            server.args(["-c", option]);
        }
        log_to(&mut server, &self.log)?;
        server.kill_on_drop(self.durability == Durability::ThrownAway);
        Process::spawn(&mut server).context("setpriv / postgres")
    }

    fn options(&self) -> &'static [&'static str] {
        match self.durability {
            Durability::Kept => &[
                "max_connections=200",
                "shared_buffers=128MB",
                "jit=off",
                "wal_compression=on",
                // after a crash one call for all files, not one for each
                "recovery_init_sync_method=syncfs",
                "max_parallel_workers_per_gather=0",
                "timezone=UTC",
            ],
            Durability::ThrownAway => &[
                "max_connections=300",
                "shared_buffers=128MB",
                "jit=off",
                "fsync=off",
                "full_page_writes=off",
                "synchronous_commit=off",
                "max_parallel_workers_per_gather=0",
                "max_wal_size=4GB",
                "timezone=UTC",
            ],
        }
    }

    async fn ready(&self, process: &mut Process) -> Result<()> {
        let url = format!("postgres://hemei@localhost:5432/postgres?host={}", self.sockets.display());
        let begun = Instant::now();
        loop {
            if let Some(status) = process.ended_already()? {
                bail!(
                    "PostgreSQL 启动失败 / did not start ({status}); {}:\n{}",
                    self.log.display(),
                    last_lines(&self.log, 8)
                );
            }
            if let Ok(mut connection) = PgConnection::connect(&url).await {
                return ensure_database(&mut connection).await;
            }
            if begun.elapsed() > READY_LIMIT {
                bail!("PostgreSQL 未就绪 / is not ready; {}:\n{}", self.log.display(), last_lines(&self.log, 8));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn was_blocked(&self) -> bool {
        let end = last_lines(&self.log, 6);
        end.contains("shared memory block") || end.contains("lock file")
    }
}

async fn ensure_database(connection: &mut PgConnection) -> Result<()> {
    let there: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = 'hemei'")
        .fetch_optional(&mut *connection)
        .await?;
    if there.is_none() {
        sqlx::query("create database hemei").execute(connection).await?;
    }
    Ok(())
}
