//! The folders of the private servers, where the user they run as can reach them.
use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{Account, Durability};

/// Where the servers keep their data, sockets and logs.
pub struct Places {
    /// The folder that holds PostgreSQL's data folder; the server's user may enter it.
    pub base: PathBuf,
    /// Short, for a socket's path has at most 107 bytes; nobody else may enter it.
    pub sockets: PathBuf,
    pub logs: PathBuf,
}

impl Places {
    /// Makes them under a data folder, or elsewhere with a link when the server's user cannot enter that one.
    pub fn make(data: &Path, account: Option<&Account>, durability: Durability) -> Result<Self> {
        let data = data.canonicalize().with_context(|| format!("{}", data.display()))?;
        let logs = data.join("log");
        fs::create_dir_all(&logs)?;
        let (base, moved) = Self::home(&data, account)?;
        if moved {
            link_elsewhere(&data, &base)?;
        }
        let sockets = match durability {
            Durability::Kept => sockets_folder(&data, account)?,
            // A throw-away folder has a short path, and everything in it goes together.
            Durability::ThrownAway => data.join("s"),
        };
        owned_folder(&sockets, account)?;
        Ok(Self { base, sockets, logs })
    }

    /// The folder that holds PostgreSQL's data folder, and whether it lies outside the one given.
    pub fn home(data: &Path, account: Option<&Account>) -> Result<(PathBuf, bool)> {
        let data = data.canonicalize()?;
        match account {
            Some(account) if !can_enter(account, &data) => {
                Ok((Path::new("/var/lib/hemei").join(fingerprint(&data)), true))
            }
            _ => Ok((data, false)),
        }
    }
}

fn link_elsewhere(data: &Path, base: &Path) -> Result<()> {
    fs::create_dir_all(base).with_context(|| format!("{}", base.display()))?;
    fs::set_permissions(base, Permissions::from_mode(0o711))?;
    let (link, target) = (data.join("pg"), base.join("pg"));
    match fs::read_link(&link) {
        Ok(old) if old == target => {}
        Ok(_) => bail!("{} 指向别处 / points elsewhere; 删除它再试 remove it and try again", link.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => symlink(&target, &link)?,
        Err(_) => bail!(
            "{} 是 PostgreSQL 用户进不去的目录 / lies where PostgreSQL's user cannot enter; 换个位置 use another --data",
            link.display()
        ),
    }
    Ok(())
}

/// Whether the server's user may pass through every folder on the way, asked of the kernel.
fn can_enter(account: &Account, folder: &Path) -> bool {
    let ids = [format!("--reuid={}", account.uid), format!("--regid={}", account.gid)];
    let test = Command::new("setpriv").args(ids).args(["--clear-groups", "--", "test", "-x"]).arg(folder).status();
    test.is_ok_and(|status| status.success())
}

fn sockets_folder(data: &Path, account: Option<&Account>) -> Result<PathBuf> {
    let name = format!("/tmp/hemei-{}", fingerprint(data));
    // Anybody may make folders there, so one that is not ours is passed over.
    for attempt in 0..10 {
        let folder =
            PathBuf::from(format!("{name}{}", if attempt == 0 { String::new() } else { format!("-{attempt}") }));
        if owned_folder(&folder, account)? {
            return Ok(folder);
        }
    }
    bail!("/tmp 里的 {name} 等目录属于别人 / the folders {name}* belong to someone else; 删除它们 remove them")
}

/// Makes a folder that only the server's user may enter; false when the name is taken by somebody else.
pub fn owned_folder(folder: &Path, account: Option<&Account>) -> Result<bool> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {
            if let Some(account) = account {
                chown(folder, Some(account.uid), Some(account.gid))?;
            }
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let owner = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
            let found = fs::symlink_metadata(folder)?;
            Ok(found.is_dir() && found.uid() == owner && found.mode() & 0o077 == 0)
        }
        Err(error) => Err(error).with_context(|| format!("{}", folder.display())),
    }
}

/// A short name for a path (FNV-1a), the same in every run.
fn fingerprint(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_leaves_room_for_the_sockets_name() {
        let data = std::env::temp_dir().join("a".repeat(200));
        let folder = format!("/tmp/hemei-{}-9/.s.PGSQL.5432.lock", fingerprint(&data));
        assert!(folder.len() < 107, "{folder}");
    }

    #[test]
    fn a_folder_others_can_enter_is_passed_over() {
        let folder = std::env::temp_dir().join(format!("hemei-folder-{}", uuid::Uuid::now_v7()));
        DirBuilder::new().mode(0o755).create(&folder).unwrap();
        assert!(!owned_folder(&folder, None).unwrap());
        fs::remove_dir(&folder).unwrap();
        assert!(owned_folder(&folder, None).unwrap());
        fs::remove_dir(&folder).unwrap();
    }
}
