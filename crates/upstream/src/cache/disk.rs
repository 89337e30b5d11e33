//! Raw documents on disk, so that after a restart there is something to serve while the upstream is down.
//!
//! One file per document: a line of JSON, then the body as gzip (whose checksum finds damage). The file's
//! modification time is the moment of the last good answer, so that a revalidation costs no rewriting.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sekisho_core::{PackageName, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::RawDocument;
use super::entry::revision;
use crate::client::Validators;
use crate::metrics::Counters;
use crate::source::Upstream;

/// Longest header line that is read.
const MAX_HEADER: u64 = 32 * 1024;
/// The form of the files. Another number is a miss.
const FORM: u32 = 1;
const TEMPORARY: &str = "tmp-";

/// A document with what is stored beside it.
pub(super) struct Stored {
    pub(super) raw: RawDocument,
    pub(super) validators: Validators,
    pub(super) fetched_at: Timestamp,
    pub(super) fresh_for: Duration,
    pub(super) revision: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    form: u32,
    name: String,
    upstream: String,
    url: String,
    content_type: String,
    etag: Option<String>,
    last_modified: Option<String>,
    fresh_for_ms: u64,
    length: u64,
    revision: u64,
}

/// The stored documents of one ecosystem.
pub(super) struct Disk {
    folder: PathBuf,
    limit: u64,
    max_body: u64,
    index: OnceLock<Mutex<Index>>,
    temporary: AtomicU64,
    complained: AtomicBool,
    counters: Arc<Counters>,
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

impl Disk {
    pub(super) fn new(folder: PathBuf, limit: u64, max_body: u64, counters: Arc<Counters>) -> Disk {
        Disk {
            folder,
            limit,
            max_body,
            index: OnceLock::new(),
            temporary: AtomicU64::new(0),
            complained: AtomicBool::new(false),
            counters,
        }
    }

    /// Reads a document, if it is there, whole, and of this upstream. A damaged file is removed.
    pub(super) fn read(&self, name: &PackageName, upstream: &Upstream) -> Option<Stored> {
        let path = self.path(name);
        let file = File::open(&path).ok()?;
        match self.parse(file, name, upstream) {
            Ok(stored) => {
                self.counters.disk_reads.add(1);
                self.index().used(&path);
                stored
            }
            Err(error) => {
                tracing::warn!(package = ?name, %error, "a stored document is damaged and is removed");
                self.counters.disk_damaged.add(1);
                self.remove(name);
                None
            }
        }
    }

    /// `Ok(None)`: a whole file, but of another upstream.
    fn parse(&self, file: File, name: &PackageName, upstream: &Upstream) -> io::Result<Option<Stored>> {
        let modified = file.metadata()?.modified()?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        reader.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line)?;
        let header: Header = serde_json::from_slice(&line)?;
        if header.form != FORM || header.name != name.as_str() || header.length > self.max_body {
            return Err(io::Error::other("not the file of this document"));
        }
        if header.upstream != upstream.base().as_str() {
            return Ok(None);
        }
        let mut body = Vec::new();
        GzDecoder::new(reader).take(header.length.saturating_add(1)).read_to_end(&mut body)?;
        let url = Url::parse(&header.url).map_err(io::Error::other)?;
        let raw = RawDocument { body: body.into(), content_type: header.content_type, url };
        if raw.body.len() as u64 != header.length || revision(name, &raw) != header.revision {
            return Err(io::Error::other("not the content that was stored"));
        }
        Ok(Some(Stored {
            raw,
            validators: Validators { etag: header.etag, last_modified: header.last_modified },
            fetched_at: timestamp(modified),
            fresh_for: Duration::from_millis(header.fresh_for_ms),
            revision: header.revision,
        }))
    }

    /// Stores a document. A failure (a full disk) is logged once; serving goes on without.
    pub(super) fn write(&self, name: &PackageName, upstream: &Upstream, stored: &Stored) {
        let path = self.path(name);
        // Before the new file is there, or the first look at the folder would count it twice.
        drop(self.index());
        match self.write_file(&path, name, upstream, stored) {
            Ok(size) => {
                self.complained.store(false, Ordering::Relaxed);
                let mut index = self.index();
                index.set(path, size);
                self.make_room(&mut index);
            }
            Err(error) => {
                self.counters.disk_skipped.add(1);
                if !self.complained.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "metadata can't be stored on disk; it is kept in memory only");
                }
            }
        }
    }

    fn write_file(&self, path: &Path, name: &PackageName, upstream: &Upstream, stored: &Stored) -> io::Result<u64> {
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(format!("{TEMPORARY}{}-{number}", std::process::id()));
        let done = write_temporary(&temporary, name, upstream, stored).and_then(|size| {
            fs::rename(&temporary, path)?;
            Ok(size)
        });
        if done.is_err() {
            // Best effort: what is left is removed at the next start.
            let _ = fs::remove_file(&temporary);
        }
        done
    }

    /// Notes that the stored document was still right at `now`.
    pub(super) fn touch(&self, name: &PackageName, now: Timestamp) {
        let path = self.path(name);
        // Not there or not writable: it only ages a little earlier.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(system_time(now)));
        self.index().used(&path);
    }

    /// Removes a document.
    pub(super) fn remove(&self, name: &PackageName) {
        let path = self.path(name);
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

    fn path(&self, name: &PackageName) -> PathBuf {
        let hash = Sha256::digest(name.as_str().as_bytes());
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(hex.get(..2).unwrap_or_default()).join(hex)
    }
}

fn write_temporary(path: &Path, name: &PackageName, upstream: &Upstream, stored: &Stored) -> io::Result<u64> {
    let header = Header {
        form: FORM,
        name: name.as_str().to_owned(),
        upstream: upstream.base().to_string(),
        url: stored.raw.url.to_string(),
        content_type: stored.raw.content_type.clone(),
        etag: stored.validators.etag.clone(),
        last_modified: stored.validators.last_modified.clone(),
        fresh_for_ms: u64::try_from(stored.fresh_for.as_millis()).unwrap_or(u64::MAX),
        length: stored.raw.body.len() as u64,
        revision: stored.revision,
    };
    let mut out = BufWriter::new(File::create(path)?);
    serde_json::to_writer(&mut out, &header)?;
    out.write_all(b"\n")?;
    let mut gzip = GzEncoder::new(out, Compression::fast());
    gzip.write_all(&stored.raw.body)?;
    let file = gzip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.set_modified(system_time(stored.fetched_at))?;
    Ok(file.metadata()?.len())
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

fn system_time(moment: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(moment.0).unwrap_or(0))
}

fn timestamp(moment: SystemTime) -> Timestamp {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
