//! The data folder: ours alone while we run.
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock, statvfs};

use super::record::Running;

/// What `up` keeps in its folder, and all that `--fresh` removes.
const OURS: [&str; 9] = ["run.json", "hemei.toml", "pg", "pg.new", "media", "keys", "log", "empty", "lock"];
/// Stands in a folder that was begun with `--no-demo`.
const EMPTY: &str = "empty";
const LEAST_FREE_MB: u64 = 500;
const LONG_LOG: u64 = 10_000_000;

/// A locked data folder; the lock goes with the process, so a stale one cannot be.
pub struct DataFolder {
    pub path: PathBuf,
    _lock: File,
}

pub enum Opened {
    Ours(DataFolder),
    /// Another `hemei up` has it, and what it wrote down about itself.
    Running(Option<Running>),
}

impl DataFolder {
    /// Makes and locks the folder, if it is or may become ours.
    pub fn open(path: &Path) -> Result<Opened> {
        let shown = path.display();
        // 0711: PostgreSQL's user has a folder of its own in it.
        let made = DirBuilder::new().recursive(true).mode(0o711).create(path);
        made.with_context(|| format!("不能建立 {shown} / cannot be made; 换个位置 use --data DIR"))?;
        let path = path.canonicalize()?;
        refuse_foreign(&path)?;
        let lock = OpenOptions::new().create(true).append(true).open(path.join("lock"));
        let lock = lock.with_context(|| format!("{shown} 不可写 / is not writable; 换个位置 use --data DIR"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Opened::Ours(Self { path, _lock: lock })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Opened::Running(Running::read(&path))),
            Err(error) => {
                Err(error).with_context(|| format!("{shown} 不能加锁 / cannot be locked; 换个位置 use --data DIR"))
            }
        }
    }

    /// Removes everything an earlier run made here.
    pub fn wipe(&self) -> Result<()> {
        let database = self.path.join("pg");
        if let Some(elsewhere) = fs::read_link(&database).ok().filter(|target| target.starts_with("/var/lib/hemei")) {
            remove(&elsewhere)?;
            let _ = elsewhere.parent().map(fs::remove_dir);
        }
        OURS.iter().filter(|name| **name != "lock").try_for_each(|name| remove(&self.path.join(name)))
    }

    /// Whether the folder is for demo data. That is settled when it is begun: real data is never called invented later.
    pub fn is_demo(&self, no_demo: bool) -> Result<bool> {
        let (marker, begun) = (self.path.join(EMPTY), self.path.join("pg").symlink_metadata().is_ok());
        if no_demo && !begun {
            fs::write(&marker, "")?;
        }
        Ok(!marker.exists())
    }

    /// Removes the folder with everything in it that is ours.
    pub fn remove(self) -> Result<()> {
        self.wipe()?;
        remove(&self.path.join("lock"))?;
        // One with other people's files in it stays.
        let _ = fs::remove_dir(&self.path);
        Ok(())
    }

    /// The folders the roles expect, with room on the disk.
    pub fn prepare(&self) -> Result<()> {
        refuse_full(&self.path)?;
        for name in ["log", "media", "keys"] {
            fs::create_dir_all(self.path.join(name))?;
        }
        put_long_logs_aside(&self.path.join("log"))?;
        fs::set_permissions(self.path.join("keys"), Permissions::from_mode(0o700))?;
        fs::set_permissions(self.path.join("media"), Permissions::from_mode(0o700))?;
        Ok(())
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.path.join("log").join(format!("{name}.log"))
    }
}

/// A log that grew long becomes `NAME.log.old` at the next start.
fn put_long_logs_aside(logs: &Path) -> Result<()> {
    for entry in fs::read_dir(logs)?.flatten() {
        let long = entry.metadata().is_ok_and(|found| found.len() > LONG_LOG);
        if long && entry.path().extension().is_some_and(|ending| ending == "log") {
            fs::rename(entry.path(), entry.path().with_extension("log.old"))?;
        }
    }
    Ok(())
}

/// A folder with other people's files in it is left alone, unless we have lived in it before.
fn refuse_foreign(path: &Path) -> Result<()> {
    if path.join("run.json").exists() || path.join("pg").symlink_metadata().is_ok() {
        return Ok(());
    }
    let foreign = fs::read_dir(path)?.flatten().find(|entry| !OURS.iter().any(|name| entry.file_name() == *name));
    match foreign {
        Some(entry) => bail!(
            "{} 不是空目录，也不是和美家园的数据目录 (有 {}) / is neither empty nor a data folder of ours; 换个位置 use --data DIR",
            path.display(),
            entry.file_name().display()
        ),
        None => Ok(()),
    }
}

fn refuse_full(path: &Path) -> Result<()> {
    let free = free_mb(path)?;
    if free < LEAST_FREE_MB {
        bail!(
            "磁盘将满：{} 只剩 {free} MB，至少要 {LEAST_FREE_MB} MB / the disk is nearly full: {free} MB free, {LEAST_FREE_MB} MB needed.\n  \
             清理磁盘或换个位置 free some space or use --data DIR",
            path.display()
        );
    }
    Ok(())
}

/// Megabytes that may still be written below a folder.
pub fn free_mb(path: &Path) -> Result<u64> {
    let disk = statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize) / 1_048_576)
}

fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.with_context(|| format!("{} 不能删除 / cannot be removed", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> PathBuf {
        std::env::temp_dir().join(format!("hemei-data-{}", uuid::Uuid::now_v7()))
    }

    #[test]
    fn a_folder_with_somebody_elses_files_is_left_alone() {
        let path = scratch();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("thesis.txt"), "").unwrap();
        assert!(DataFolder::open(&path).is_err());
        assert!(!path.join("lock").exists());
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_full_disk_is_refused_with_what_is_left_and_what_is_needed() {
        // Nothing can be written there, so the kernel says that nothing is free.
        let told = refuse_full(Path::new("/proc")).unwrap_err().to_string();
        assert!(told.contains("只剩 0 MB") && told.contains("500 MB needed") && told.contains("--data DIR"), "{told}");
    }

    #[test]
    fn a_folder_begun_empty_is_never_called_a_demo_nor_the_other_way_round() {
        for (begun_empty, demo) in [(true, false), (false, true)] {
            let path = scratch();
            let Ok(Opened::Ours(folder)) = DataFolder::open(&path) else { panic!("not opened") };
            assert_eq!(folder.is_demo(begun_empty).unwrap(), demo);
            fs::create_dir(path.join("pg")).unwrap();
            assert_eq!(folder.is_demo(!begun_empty).unwrap(), demo, "the flag of a later start changes nothing");
            folder.wipe().unwrap();
            assert!(folder.is_demo(false).unwrap(), "started over");
            fs::remove_dir_all(&path).unwrap();
        }
    }

    #[test]
    fn wiping_keeps_what_is_not_ours() {
        let path = scratch();
        let Ok(Opened::Ours(folder)) = DataFolder::open(&path) else { panic!("not opened") };
        folder.prepare().unwrap();
        fs::create_dir(path.join("pg")).unwrap();
        fs::write(path.join("note.txt"), "").unwrap();
        folder.wipe().unwrap();
        assert!(path.join("note.txt").exists() && !path.join("pg").exists() && !path.join("keys").exists());
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_folder_is_removed_unless_something_else_is_in_it() {
        for (note, stays) in [(None, false), (Some("note.txt"), true)] {
            let path = scratch();
            let Ok(Opened::Ours(folder)) = DataFolder::open(&path) else { panic!("not opened") };
            folder.prepare().unwrap();
            note.inspect(|name| fs::write(path.join(name), "").unwrap());
            folder.remove().unwrap();
            assert_eq!((path.exists(), path.join("lock").exists()), (stays, false));
            if stays {
                fs::remove_dir_all(&path).unwrap();
            }
        }
    }

    #[test]
    fn the_second_one_is_told_that_the_first_runs() {
        let path = scratch();
        let first = DataFolder::open(&path).unwrap();
        assert!(matches!(DataFolder::open(&path).unwrap(), Opened::Running(None)));
        drop(first);
        assert!(matches!(DataFolder::open(&path).unwrap(), Opened::Ours(_)));
        fs::remove_dir_all(&path).unwrap();
    }
}
