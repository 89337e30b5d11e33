//! Kept files in a folder. The folder is its own index: a file's length is its size, and its modification time the
//! moment of its last use, so that there is nothing that a killed process could leave in disagreement.
//!
//! A file gets its name by one renaming, after its bytes were checked and synced. Everything here blocks.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sekisho_core::{Clock, Timestamp};

use super::index::Index;
use super::key::Key;
use crate::metrics::Counters;

/// A use is written down when the last one is this long ago.
const TOUCH_AFTER: Duration = Duration::from_secs(60);

/// A folder with `files/` (what is kept) and `tmp/` (what arrives).
pub(super) struct Folder {
    root: PathBuf,
    limit: u64,
    index: OnceLock<Mutex<Index>>,
    temporary: AtomicU64,
    /// Bytes that are expected of what arrives: they have their part of the limit before they are here.
    arriving: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

impl Folder {
    pub(super) fn new(root: PathBuf, limit: u64, clock: Arc<dyn Clock>, counters: Arc<Counters>) -> Folder {
        Folder {
            root,
            limit,
            index: OnceLock::new(),
            temporary: AtomicU64::new(0),
            arriving: Arc::default(),
            clock,
            counters,
        }
    }

    /// A new file for `length` bytes that arrive; removed when it is dropped, unless it was kept.
    pub(super) fn temporary(&self, length: u64) -> io::Result<Temporary> {
        // The first look at the folder removes what a killed process left in `tmp/`: not after we made something there.
        drop(self.index());
        let folder = self.temporaries();
        fs::create_dir_all(&folder)?;
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}-{number}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let (expected, arriving) = (Arc::default(), self.arriving.clone());
        let temporary = Temporary { path, file: Arc::new(file), expected, arriving };
        self.expect(&temporary.expected, length)?;
        Ok(temporary)
    }

    /// Makes room for `bytes` more of what arrives. An error where all that arrives would be more than may be kept.
    pub(super) fn expect(&self, expected: &AtomicU64, bytes: u64) -> io::Result<()> {
        let arriving = self.arriving.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        expected.fetch_add(bytes, Ordering::Relaxed);
        if arriving > self.limit {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "more arrives at once than artifacts.max_gb holds"));
        }
        let gone = self.index().shrink(self.limit - arriving);
        self.evicted(&gone);
        Ok(())
    }

    fn evicted(&self, gone: &[Key]) {
        self.counters.artifacts_evicted.add(gone.len() as u64);
        gone.iter().for_each(|key| drop(fs::remove_file(self.path(key))));
    }

    /// Opens a kept file and notes its use.
    pub(super) fn open(&self, key: &Key) -> Option<(File, u64)> {
        if !self.index().used(key) {
            return None;
        }
        match self.open_file(key) {
            Ok(opened) => Some(opened),
            Err(error) => {
                tracing::warn!(%key, %error, "a kept file can't be read and is forgotten");
                self.remove(key);
                None
            }
        }
    }

    fn open_file(&self, key: &Key) -> io::Result<(File, u64)> {
        let file = File::open(self.path(key))?;
        let data = file.metadata()?;
        let now = self.clock.now();
        if now.since(timestamp(data.modified()?)) >= TOUCH_AFTER {
            // Not allowed to, perhaps: then it only goes a little earlier.
            let _ = file.set_modified(system_time(now));
        }
        Ok((file, data.len()))
    }

    /// Keeps a checked file under its key, then makes room.
    pub(super) fn keep(&self, key: &Key, temporary: Temporary, size: u64) -> io::Result<()> {
        if size > self.limit {
            return Ok(());
        }
        let path = self.path(key);
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        temporary.file.set_modified(system_time(self.clock.now()))?;
        // A power failure after the renaming must not find a name without its bytes.
        temporary.file.sync_data()?;
        fs::rename(&temporary.path, path)?;
        // From here on it counts as kept.
        drop(temporary);
        let mut index = self.index();
        index.add(*key, size);
        let gone = index.shrink(self.limit.saturating_sub(self.arriving.load(Ordering::Relaxed)));
        drop(index);
        self.counters.artifacts_kept.add(1);
        self.evicted(&gone);
        Ok(())
    }

    /// Removes a file.
    pub(super) fn remove(&self, key: &Key) {
        self.index().remove(key);
        // Not there: as wanted.
        let _ = fs::remove_file(self.path(key));
    }

    /// Bytes that are kept, with those that arrive.
    pub(super) fn size(&self) -> u64 {
        self.index().total().saturating_add(self.arriving.load(Ordering::Relaxed))
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        let index = self.index.get_or_init(|| Mutex::new(self.scan()));
        // A panic while it was held leaves it whole enough: what it does not know is downloaded again.
        index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks through the folder once, what was used longest ago first; removes what no process finished.
    fn scan(&self) -> Index {
        let _ = fs::remove_dir_all(self.temporaries());
        let mut found = Vec::new();
        for folder in entries(&self.root.join("files")) {
            found.extend(entries(&folder.path()).filter_map(|file| {
                let data = file.metadata().ok().filter(fs::Metadata::is_file)?;
                let key = Key::parse(file.file_name().to_str()?)?;
                Some((data.modified().ok()?, key, data.len()))
            }));
        }
        found.sort_unstable();
        let mut index = Index::default();
        found.into_iter().for_each(|(_, key, size)| index.add(key, size));
        let gone = index.shrink(self.limit);
        gone.iter().for_each(|key| drop(fs::remove_file(self.path(key))));
        index
    }

    fn temporaries(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.root.join("files").join(key.path())
    }
}

/// A file that is not kept yet.
pub(super) struct Temporary {
    path: PathBuf,
    pub(super) file: Arc<File>,
    /// Its part of what arrives.
    pub(super) expected: Arc<AtomicU64>,
    arriving: Arc<AtomicU64>,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already if it was kept. Who reads it still has it open.
        let _ = fs::remove_file(&self.path);
        self.arriving.fetch_sub(self.expected.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

fn system_time(moment: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(moment.0).unwrap_or(0))
}

fn timestamp(moment: SystemTime) -> Timestamp {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
