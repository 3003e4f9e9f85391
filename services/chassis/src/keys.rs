//! Keys in files: `<name>.key` holds versions of a 32-byte key, one a line, newest first, and may change at any time.
use std::{
    fmt,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::STANDARD};

/// How often a file is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// One version of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    version: u32,
    bytes: [u8; 32],
}

impl Key {
    /// The number that what was made with this key carries.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The secret itself.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Why keys could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path}: {source}", path = .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}, line {line}: expected version:base64 of 32 bytes, newest version first", path = .path.display())]
    Line { path: PathBuf, line: usize },
    #[error("{path} holds no key", path = .path.display())]
    Empty { path: PathBuf },
}

/// All versions of one key, followed as the file changes. Clones share what they know.
#[derive(Clone)]
pub struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    versions: ArcSwap<Versions>,
    looked: Mutex<(Instant, Option<Stamp>)>,
}

#[derive(Debug)]
struct Versions {
    newest: Key,
    older: Vec<Key>,
}

/// What changes when somebody replaces or edits a file.
type Stamp = (u64, u64, i64, i64);

impl Keyring {
    /// The keys of `<dir>/<name>.key`, made with one random version if there is no such file.
    ///
    /// Processes that start at the same moment all end with the same key: the file appears whole, and only once.
    pub fn load_or_create(dir: &Path, name: &str) -> Result<Self, KeyError> {
        let path = dir.join(format!("{name}.key"));
        if !path.try_exists().map_err(|source| KeyError::Io { path: path.clone(), source })? {
            create(dir, &path).map_err(|source| KeyError::Io { path: path.clone(), source })?;
        }
        let seen = stamp(&path);
        let versions = ArcSwap::from_pointee(read(&path)?);
        Ok(Self { shared: Arc::new(Shared { path, versions, looked: Mutex::new((Instant::now(), seen)) }) })
    }

    /// The key that new things are made with.
    pub fn newest(&self) -> Key {
        self.look_again(LOOK_AGAIN);
        self.shared.versions.load().newest
    }

    /// A version of the key; an unknown one is looked for in the file at once.
    pub fn get(&self, version: u32) -> Option<Key> {
        self.look_again(LOOK_AGAIN);
        self.find(version).or_else(|| {
            self.reload_if_changed();
            self.find(version)
        })
    }

    /// Every version, newest first.
    pub fn all(&self) -> Vec<Key> {
        self.look_again(LOOK_AGAIN);
        let versions = self.shared.versions.load();
        std::iter::once(versions.newest).chain(versions.older.iter().copied()).collect()
    }

    /// Takes a changed file now; one that cannot be read leaves the keys as they are.
    pub fn reload_if_changed(&self) {
        self.look_again(Duration::ZERO);
    }

    fn find(&self, version: u32) -> Option<Key> {
        let versions = self.shared.versions.load();
        std::iter::once(&versions.newest).chain(&versions.older).find(|key| key.version == version).copied()
    }

    fn look_again(&self, after: Duration) {
        let mut looked = self.shared.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.0.elapsed() < after {
            return;
        }
        looked.0 = Instant::now();
        let seen = stamp(&self.shared.path);
        if seen.is_none() || seen == looked.1 {
            return;
        }
        match read(&self.shared.path) {
            Ok(versions) => {
                tracing::info!(path = %self.shared.path.display(), newest = versions.newest.version, "keys changed");
                self.shared.versions.store(Arc::new(versions));
            }
            Err(error) => tracing::warn!(%error, "changed keys not taken"),
        }
        looked.1 = seen;
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("path", &self.shared.path).field("keys", &self.shared.versions.load()).finish()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let now = fs::metadata(path).ok()?;
    Some((now.ino(), now.len(), now.mtime(), now.mtime_nsec()))
}

fn read(path: &Path) -> Result<Versions, KeyError> {
    let text = fs::read_to_string(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
    let mut keys: Vec<Key> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = parse(line).filter(|key| keys.last().is_none_or(|newer| key.version < newer.version));
        keys.push(key.ok_or_else(|| KeyError::Line { path: path.to_owned(), line: number + 1 })?);
    }
    let mut keys = keys.into_iter();
    let newest = keys.next().ok_or_else(|| KeyError::Empty { path: path.to_owned() })?;
    Ok(Versions { newest, older: keys.collect() })
}

fn parse(line: &str) -> Option<Key> {
    let (version, key) = line.split_once(':')?;
    let bytes = STANDARD.decode(key.trim()).ok()?.try_into().ok()?;
    Some(Key { version: version.trim().parse().ok()?, bytes })
}

/// Puts a complete file in place unless somebody else was first.
fn create(dir: &Path, path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let draft = path.with_extension(format!("{:032x}.new", rand::random::<u128>()));
    let text =
        format!("# version:base64 of 32 bytes, newest first\n1:{}\n", STANDARD.encode(rand::random::<[u8; 32]>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked =
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::File::open(dir)?.sync_all(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
