//! Where this machine keeps the servers' programs.
use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, anyhow, bail};

use super::INSTALL;

/// The oldest PostgreSQL the suite runs on.
const OLDEST: u32 = 15;

/// A folder with `postgres` and `initdb`, and its major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub folder: PathBuf,
    pub major: u32,
}

/// The newest PostgreSQL, or the one whose version made an existing data folder.
pub fn find_postgres(wanted: Option<u32>) -> Result<Binaries> {
    let mut found: Vec<Binaries> = candidates().into_iter().filter(|found| found.major >= OLDEST).collect();
    // Stable: Debian's own folders stay before links to them in PATH.
    found.sort_by_key(|found| std::cmp::Reverse(found.major));
    let newest = found.first().cloned().ok_or_else(|| {
        anyhow!("没有找到 PostgreSQL {OLDEST}+ / PostgreSQL {OLDEST} or newer is missing.\n  安装 install: {INSTALL}")
    })?;
    let Some(wanted) = wanted else { return Ok(newest) };
    match found.into_iter().find(|found| found.major == wanted) {
        Some(exact) => Ok(exact),
        None => bail!(
            "数据目录由 PostgreSQL {wanted} 建立，本机是 {} / the data folder belongs to PostgreSQL {wanted}.\n  \
             安装 install: sudo apt-get install -y postgresql-{wanted}，或清空重建 or start over: hemei up --fresh",
            newest.major
        ),
    }
}

fn candidates() -> Vec<Binaries> {
    let debian =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    debian.chain(path_folders()).filter_map(|folder| look(&folder)).collect()
}

fn look(folder: &Path) -> Option<Binaries> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    let answer = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let major = major_version(&String::from_utf8_lossy(&answer.stdout))?;
    Some(Binaries { folder: folder.to_owned(), major })
}

/// 15 from "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
fn major_version(text: &str) -> Option<u32> {
    let number = text.split(") ").nth(1)?;
    number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// The Redis server's program.
pub fn find_redis() -> Result<PathBuf> {
    let names = ["redis-server", "valkey-server"];
    let found = path_folders().flat_map(|folder| names.map(|name| folder.join(name))).find(|program| program.is_file());
    found.ok_or_else(|| anyhow!("没有找到 redis-server / redis-server is missing.\n  安装 install: {INSTALL}"))
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.into_iter().chain(["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_debians_and_others_wording() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("something else"), None);
    }
}
