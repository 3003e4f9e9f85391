//! `run.json`: what runs, where, and under which pids; for a second `hemei up`, for scripts and for tests.
use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, path::PathBuf, rc::Rc};

use anyhow::Result;
use chassis::clock::Clock;
use chrono::{DateTime, Utc};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use super::{folder::DataFolder, ports::Ports};
use crate::private::PrivateServers;

/// The file's content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Running {
    pub pid: u32,
    pub started_at: DateTime<Utc>,
    /// When everything served; none while it starts.
    pub ready_at: Option<DateTime<Utc>>,
    pub url: String,
    pub ports: Ports,
    pub database_url: String,
    pub redis_url: String,
    /// postgres, redis and the roles.
    pub pids: BTreeMap<String, i32>,
    pub restarts: BTreeMap<String, u32>,
}

impl Running {
    /// What the owner of a folder wrote down last.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join("run.json")).ok()?).ok()
    }
}

/// The file, kept up to date. Clones write the same one.
#[derive(Clone)]
pub struct Record {
    path: PathBuf,
    running: Rc<RefCell<Running>>,
}

impl Record {
    /// A new record of a run that is not ready yet.
    pub fn begin(folder: &DataFolder, ports: &Ports, servers: &PrivateServers) -> Result<Self> {
        let running = Running {
            pid: std::process::id(),
            started_at: Clock::System.now(),
            ready_at: None,
            url: format!("http://127.0.0.1:{}", ports.gateway.listen),
            ports: ports.clone(),
            database_url: servers.database_url("hemei"),
            redis_url: servers.redis_url(),
            pids: BTreeMap::new(),
            restarts: BTreeMap::new(),
        };
        let record = Self { path: folder.path.join("run.json"), running: Rc::new(RefCell::new(running)) };
        record.write()?;
        Ok(record)
    }

    /// A child was started, for the first time or again.
    pub fn started(&self, name: &str, pid: Pid) {
        let mut running = self.running.borrow_mut();
        if running.pids.insert(name.to_owned(), pid.as_raw_nonzero().get()).is_some() {
            *running.restarts.entry(name.to_owned()).or_default() += 1;
        }
        drop(running);
        self.write_or_go_on();
    }

    /// How often a child was started again.
    pub fn restarts(&self, name: &str) -> u32 {
        self.running.borrow().restarts.get(name).copied().unwrap_or_default()
    }

    /// Everything serves.
    pub fn ready(&self) {
        self.running.borrow_mut().ready_at = Some(Clock::System.now());
        self.write_or_go_on();
    }

    /// Nothing runs any more.
    pub fn end(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// A full disk must not end what runs.
    fn write_or_go_on(&self) {
        let _ = self.write();
    }

    fn write(&self) -> Result<()> {
        let next = self.path.with_extension("json.new");
        fs::write(&next, serde_json::to_vec_pretty(&*self.running.borrow())?)?;
        fs::rename(&next, &self.path)?;
        Ok(())
    }
}
