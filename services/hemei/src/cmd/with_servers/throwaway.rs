//! A folder that goes when its owner does.
use std::{
    fs::{self, DirBuilder, File},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

const NAME: &str = "hemei-with-";

/// Removed when dropped; one whose owner was killed is removed by the next.
pub struct Throwaway {
    pub path: PathBuf,
    _lock: File,
}

impl Throwaway {
    /// A new one. Always under /tmp: PostgreSQL's user must be able to enter, and a socket's path be short.
    pub fn make() -> Result<Self> {
        remove_abandoned(Path::new("/tmp"));
        let id = uuid::Uuid::now_v7().simple();
        let (begun, path) = (PathBuf::from(format!("/tmp/hemei-new-{id}")), PathBuf::from(format!("/tmp/{NAME}{id}")));
        // Others may pass through but not look: the servers' user has folders of its own in it.
        DirBuilder::new().mode(0o711).create(&begun).with_context(|| format!("{}", begun.display()))?;
        let lock = File::create(begun.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        // Visible to the next one only now that it is locked.
        fs::rename(&begun, &path)?;
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn remove_abandoned(parent: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(NAME));
        let ours = entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == me);
        let Some(lock) = (named && ours).then(|| File::open(entry.path().join("lock")).ok()).flatten() else {
            continue;
        };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_owns_any_more_is_removed() {
        let owned = Throwaway::make().unwrap();
        let abandoned = std::env::temp_dir().join(format!("{NAME}{}", uuid::Uuid::now_v7().simple()));
        fs::create_dir(&abandoned).unwrap();
        File::create(abandoned.join("lock")).unwrap();
        remove_abandoned(&std::env::temp_dir());
        remove_abandoned(Path::new("/tmp"));
        assert!(owned.path.exists() && !abandoned.exists());
        let path = owned.path.clone();
        drop(owned);
        assert!(!path.exists());
    }
}
