//! A PostgreSQL and a Redis of our own, as child processes reached through sockets only we can enter.
mod account;
mod binaries;
mod folder;
mod initdb;
mod leftovers;
mod postgres;
mod redis;

use std::path::Path;

use anyhow::Result;

pub use self::{
    account::Account,
    binaries::{find_postgres, find_redis},
    folder::Places,
    leftovers::settle,
    postgres::Postgres,
    redis::Redis,
};

/// The line that installs what is missing.
pub const INSTALL: &str = "sudo apt-get install -y --no-install-recommends postgresql redis-server";

/// How much a server does for its data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A commit that was answered survives a power cut.
    Kept,
    /// Nothing outlives the run: for tests.
    ThrownAway,
}

/// The two servers of one data folder, ready to be started and restarted.
#[derive(Clone)]
pub struct PrivateServers {
    pub postgres: Postgres,
    pub redis: Redis,
}

impl PrivateServers {
    /// Finds the programs and makes the folders; starts nothing.
    pub fn plan(data: &Path, durability: Durability) -> Result<Self> {
        let account = Account::unprivileged()?;
        let places = Places::make(data, account.as_ref(), durability)?;
        Ok(Self {
            postgres: Postgres::plan(&places, account.clone(), durability)?,
            redis: Redis::plan(&places, account)?,
        })
    }

    /// Where a database is reached.
    pub fn database_url(&self, database: &str) -> String {
        let sockets = self.postgres.sockets.display();
        format!("postgres://hemei@localhost:5432/{database}?host={sockets}")
    }

    /// Where Redis is reached.
    pub fn redis_url(&self) -> String {
        format!("redis+unix://{}", self.redis.socket.display())
    }
}
