use std::os::unix::fs::PermissionsExt;

use super::*;

/// A folder of its own for one test, removed at the end.
pub(crate) struct Folder(pub PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("chassis-{:032x}", rand::random::<u128>())))
    }

    pub(crate) fn keyring(&self, name: &str) -> Keyring {
        Keyring::load_or_create(&self.0, name).unwrap()
    }

    /// Adds a new version before the others, as an operator does, by putting a new file in place.
    pub(crate) fn rotate(&self, name: &str, version: u32) {
        let path = self.0.join(format!("{name}.key"));
        let draft = self.0.join("draft");
        let old = fs::read_to_string(&path).unwrap();
        fs::write(&draft, format!("{version}:{}\n{old}", STANDARD.encode(rand::random::<[u8; 32]>()))).unwrap();
        fs::rename(draft, path).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn processes_that_start_together_end_with_the_same_key() {
    let folder = Folder::new();
    let keys: Vec<Key> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..16).map(|_| scope.spawn(|| folder.keyring("vault").newest())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| key == &keys[0]));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "no draft stays behind");
}

#[test]
fn only_the_owner_may_read_a_new_file() {
    let folder = Folder::new();
    folder.keyring("vault");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder.0), mode(&folder.0.join("vault.key"))), (0o700, 0o600));
}

#[test]
fn a_new_version_is_found_while_running_and_the_old_one_stays() {
    let folder = Folder::new();
    let keys = folder.keyring("vault");
    let first = keys.newest();
    folder.rotate("vault", 2);
    assert_eq!(keys.get(2).unwrap().version(), 2, "an unknown version is looked for at once");
    assert_eq!(keys.newest().version(), 2);
    assert_eq!(keys.get(1), Some(first));
    assert_eq!(keys.all().iter().map(Key::version).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_spoilt_file_changes_nothing_while_running() {
    let folder = Folder::new();
    let keys = folder.keyring("vault");
    let first = keys.newest();
    for spoilt in ["", "# nothing\n", "2:short\n", "one:AAAA\n"] {
        fs::write(folder.0.join("vault.key"), spoilt).unwrap();
        keys.reload_if_changed();
        assert_eq!(keys.newest(), first);
        assert!(Keyring::load_or_create(&folder.0, "vault").is_err(), "but nothing starts with it");
    }
}

#[test]
fn versions_must_fall_and_the_line_is_named() {
    let folder = Folder::new();
    folder.keyring("vault");
    folder.rotate("vault", 1);
    let error = Keyring::load_or_create(&folder.0, "vault").unwrap_err();
    assert!(matches!(error, KeyError::Line { line: 3, .. }), "{error}");
}

#[test]
fn debug_shows_no_key() {
    let folder = Folder::new();
    let keys = folder.keyring("vault");
    let secret = fs::read_to_string(folder.0.join("vault.key")).unwrap();
    let secret = secret.lines().last().unwrap().strip_prefix("1:").unwrap().to_owned();
    let shown = format!("{keys:?} {:?}", keys.newest());
    assert!(!shown.contains(&secret) && !shown.contains(&format!("{:?}", keys.newest().bytes())), "{shown}");
}
