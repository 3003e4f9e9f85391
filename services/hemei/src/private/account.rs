//! Whom the private servers run as: PostgreSQL refuses root.
use std::path::Path;

use anyhow::{Result, anyhow};
use tokio::process::Command;

/// An unprivileged user of this machine.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// The user to drop to; none when we are not root and stay who we are.
    pub fn unprivileged() -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd")?;
        let found =
            ["postgres", "nobody"].iter().find_map(|name| users.lines().find_map(|line| Self::read(line, name)));
        found.map(Some).ok_or_else(|| {
            anyhow!("没有可降权的用户 / neither user postgres nor nobody exists; PostgreSQL refuses root")
        })
    }

    fn read(line: &str, name: &str) -> Option<Self> {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Self { name: name.to_owned(), uid, gid })
    }
}

/// A program started as that user, in a process group of its own, which gets a signal when we die.
pub fn command(account: Option<&Account>, on_our_death: &str, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(account) = account {
        command.arg(format!("--reuid={}", account.uid)).arg(format!("--regid={}", account.gid)).arg("--clear-groups");
    }
    command.args(["--pdeathsig", on_our_death, "--"]).arg(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
        command.env_remove(name);
    }
    command.current_dir("/").process_group(0);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_read_from_its_line_only() {
        let line = "postgres:x:105:109:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        let account = Account::read(line, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (105, 109));
        assert!(Account::read(line, "postgre").is_none());
    }
}
