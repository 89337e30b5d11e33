//! A folder of files by key that is bounded: what was used longest ago goes first. Files appear whole or not at all, and
//! nobody but the server's own user reads them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

const TEMPORARY: &str = "tmp-";

/// A bounded folder. All its calls block; none is made before the first use.
pub struct Folder {
    folder: PathBuf,
    limit: u64,
    index: OnceLock<Mutex<Index>>,
    temporary: AtomicU64,
    complained: AtomicBool,
}

/// What lies in the folder: size and a number that grows with each use.
#[derive(Default)]
struct Index {
    files: HashMap<PathBuf, (u64, u64)>,
    total: u64,
    uses: u64,
}

impl Index {
    fn set(&mut self, path: PathBuf, size: u64) {
        self.uses += 1;
        let before = self.files.insert(path, (size, self.uses)).map_or(0, |(size, _)| size);
        self.total = self.total.saturating_sub(before).saturating_add(size);
    }

    fn forget(&mut self, path: &Path) {
        if let Some((size, _)) = self.files.remove(path) {
            self.total = self.total.saturating_sub(size);
        }
    }

    fn used(&mut self, path: &Path) {
        self.uses += 1;
        if let Some((_, use_number)) = self.files.get_mut(path) {
            *use_number = self.uses;
        }
    }
}

impl Folder {
    /// The folder at `folder`, at most `limit` bytes of files.
    pub fn new(folder: PathBuf, limit: u64) -> Folder {
        Folder {
            folder,
            limit,
            index: OnceLock::new(),
            temporary: AtomicU64::new(0),
            complained: AtomicBool::new(false),
        }
    }

    /// Opens the file of a key, for reading.
    pub fn open(&self, key: &str) -> Option<File> {
        File::open(self.path(key)).ok()
    }

    /// Notes that a key's file was of use.
    pub fn used(&self, key: &str) {
        self.index().used(&self.path(key));
    }

    /// Opens the file of a key in order to change its times.
    pub fn open_for_times(&self, key: &str) -> io::Result<File> {
        File::options().append(true).open(self.path(key))
    }

    /// Writes the file of a key: `fill` fills a new one, which then takes the place of the old one. The first failure
    /// (a full disk) of several in a row is logged.
    pub fn write(&self, key: &str, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let path = self.path(key);
        // Before the new file is there, or the first look at the folder would count it twice.
        drop(self.index());
        match self.write_file(&path, fill) {
            Ok(size) => {
                self.complained.store(false, Ordering::Relaxed);
                let mut index = self.index();
                index.set(path, size);
                self.make_room(&mut index);
                Ok(())
            }
            Err(error) => {
                if !self.complained.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "metadata can't be stored on disk; it is kept in memory only");
                }
                Err(error)
            }
        }
    }

    fn write_file(&self, path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<u64> {
        own_folder(path.parent().unwrap_or(&self.folder))?;
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(format!("{TEMPORARY}{}-{number}", std::process::id()));
        let done = own_file(&temporary).and_then(|mut file| {
            fill(&mut file)?;
            let size = file.metadata()?.len();
            fs::rename(&temporary, path)?;
            Ok(size)
        });
        if done.is_err() {
            // Best effort: what is left is removed at the next start.
            let _ = fs::remove_file(&temporary);
        }
        done
    }

    /// Removes the file of a key.
    pub fn remove(&self, key: &str) {
        let path = self.path(key);
        // Not there: as wanted.
        let _ = fs::remove_file(&path);
        self.index().forget(&path);
    }

    /// Removes what was used longest ago, down to nine tenths, so that not each write has to look again.
    fn make_room(&self, index: &mut Index) {
        if index.total <= self.limit {
            return;
        }
        let mut by_use: Vec<(u64, PathBuf)> = index.files.iter().map(|(path, (_, n))| (*n, path.clone())).collect();
        by_use.sort_unstable();
        for (_, path) in by_use {
            if index.total <= self.limit / 10 * 9 {
                break;
            }
            let _ = fs::remove_file(&path);
            index.forget(&path);
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        let index = self.index.get_or_init(|| Mutex::new(scan(&self.folder)));
        index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &str) -> PathBuf {
        let hash = Sha256::digest(key.as_bytes());
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(hex.get(..2).unwrap_or_default()).join(hex)
    }
}

/// Makes a folder that only we may look into.
fn own_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a new file that only we may read.
fn own_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Looks through the folder once, oldest first; removes what an interrupted write left.
fn scan(folder: &Path) -> Index {
    let mut found = Vec::new();
    for entry in entries(folder) {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            let _ = fs::remove_file(path);
        } else {
            found.extend(entries(&path).filter_map(|file| {
                let data = file.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((data.modified().ok()?, file.path(), data.len()))
            }));
        }
    }
    found.sort_unstable();
    let mut index = Index::default();
    for (_, path, size) in found {
        index.set(path, size);
    }
    index
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}
