//! Kept files in S3-compatible storage, which several nodes may share.
//!
//! `files/<key>` are the files; `used/<key>` are empty, and the moment at which one was written says when the file was
//! last used, to a day. So every node finds the same order, and none has to ask another.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use sekisho_core::{Clock, Timestamp};

use super::index::Index;
use super::key::Key;
use super::pieces::{self, Buffers};
use crate::error::{FetchError, Unavailable};
use crate::metrics::Counters;

/// A use is written down when the last one is this long ago.
const MARK_AFTER: Duration = Duration::from_secs(24 * 3600);
/// After a failure nothing is asked of the storage for so long.
const REST: Duration = Duration::from_secs(10);
/// Larger files are sent in parts of this size. The storage wants 5 MiB at least, and 10,000 parts at most.
const PART: usize = 16 << 20;
/// Parts on their way at once.
const PARTS_AT_ONCE: usize = 2;

/// The bucket, or the part of it below a prefix.
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    limit: u64,
    known: Mutex<Known>,
    complained: AtomicBool,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Known {
    index: Index,
    /// When the last use of each was written down.
    marked: HashMap<Key, Timestamp>,
    rests_until: Option<Timestamp>,
}

/// A file of the bucket, opened.
pub(super) struct Object {
    /// The whole file's length.
    pub(super) length: u64,
    stream: futures_util::stream::BoxStream<'static, object_store::Result<Bytes>>,
}

impl Object {
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, FetchError>> + Send + Unpin + 'static {
        self.stream.map_err(|_| FetchError::Unavailable(Unavailable::Truncated))
    }
}

impl Bucket {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        limit: u64,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
    ) -> Bucket {
        let prefix = Path::from(prefix);
        let complained = AtomicBool::new(false);
        Bucket { store, prefix, limit, known: Mutex::default(), complained, clock, counters }
    }

    /// Opens a kept file, or a part of it. A storage that fails is one that has nothing.
    pub(super) async fn open(self: &Arc<Self>, key: &Key, range: Option<std::ops::Range<u64>>) -> Option<Object> {
        if self.rests() {
            return None;
        }
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        match self.store.get_opts(&self.file(key), options).await {
            Ok(found) => {
                self.note_use(key);
                Some(Object { length: found.meta.size, stream: found.into_stream() })
            }
            Err(Error::NotFound { .. }) => None,
            Err(error) => {
                self.failed("read", &error);
                None
            }
        }
    }

    /// The length of a kept file.
    pub(super) async fn length(&self, key: &Key) -> Option<u64> {
        if self.rests() {
            return None;
        }
        match self.store.head(&self.file(key)).await {
            Ok(found) => Some(found.size),
            Err(Error::NotFound { .. }) => None,
            Err(error) => {
                self.failed("read", &error);
                None
            }
        }
    }

    /// Sends a checked file. It is there whole or not at all: the storage sees to that.
    pub(super) async fn keep(&self, key: &Key, file: Arc<File>, size: u64) {
        if size > self.limit || self.rests() {
            return;
        }
        if let Err(error) = self.send(key, file, size).await {
            self.counters.artifacts_not_kept.add(1);
            return self.failed("written", &error);
        }
        self.complained.store(false, Ordering::Relaxed);
        self.counters.artifacts_kept.add(1);
        let gone = {
            let mut known = self.known();
            known.index.add(*key, size);
            known.marked.insert(*key, self.clock.now());
            known.index.shrink(self.limit)
        };
        self.remove(gone).await;
    }

    async fn send(&self, key: &Key, file: Arc<File>, size: u64) -> object_store::Result<()> {
        let (path, buffers) = (self.file(key), Arc::new(Buffers::default()));
        let failed = |source: std::io::Error| Error::Generic { store: "spool", source: source.into() };
        if size <= PART as u64 {
            let mut payload = Vec::new();
            let mut at = 0;
            while at < size {
                let piece = pieces::read(file.clone(), at, size, buffers.clone()).await.map_err(failed)?;
                at += piece.len() as u64;
                payload.push(piece);
            }
            self.store.put(&path, PutPayload::from_iter(payload)).await?;
            return Ok(());
        }
        let mut upload = WriteMultipart::new_with_chunk_size(self.store.put_multipart(&path).await?, PART);
        let mut at = 0;
        while at < size {
            let ready = upload.wait_for_capacity(PARTS_AT_ONCE).await;
            let piece = match ready {
                Ok(()) => pieces::read(file.clone(), at, size, buffers.clone()).await.map_err(failed),
                Err(error) => Err(error),
            };
            match piece {
                Ok(piece) => {
                    at += piece.len() as u64;
                    upload.write(&piece);
                }
                Err(error) => {
                    // Best effort: a rule of the bucket's own removes parts that nobody finished.
                    let _ = upload.abort().await;
                    return Err(error);
                }
            }
        }
        upload.finish().await.map(drop)
    }

    /// Removes what turned out to be wrong.
    pub(super) async fn forget(&self, key: Key) {
        self.known().index.remove(&key);
        self.remove(vec![key]).await;
    }

    async fn remove(&self, gone: Vec<Key>) {
        for key in gone {
            self.counters.artifacts_evicted.add(1);
            self.known().marked.remove(&key);
            // Not there, or not now: the next survey finds what is left.
            let _ = self.store.delete(&self.file(&key)).await;
            let _ = self.store.delete(&self.mark(&key)).await;
        }
    }

    /// Looks through the bucket, orders what is there by its last use, and makes room. Other nodes write there too.
    pub(super) async fn survey(&self) {
        match self.look().await {
            Ok(mut found) => {
                found.sort_unstable();
                let gone = {
                    let mut known = self.known();
                    known.index = Index::default();
                    known.marked = found.iter().map(|(at, key, _)| (*key, *at)).collect();
                    found.into_iter().for_each(|(_, key, size)| known.index.add(key, size));
                    known.index.shrink(self.limit)
                };
                self.remove(gone).await;
            }
            Err(error) => self.failed("listed", &error),
        }
    }

    async fn look(&self) -> object_store::Result<Vec<(Timestamp, Key, u64)>> {
        let mut uses: HashMap<Key, Timestamp> = HashMap::new();
        let key_of = |path: &Path| path.filename().and_then(Key::parse);
        let mut marks = self.store.list(Some(&self.prefix.clone().join("used")));
        while let Some(mark) = marks.try_next().await? {
            if let Some(key) = key_of(&mark.location) {
                uses.insert(key, Timestamp(mark.last_modified.timestamp_millis()));
            }
        }
        let mut found = Vec::new();
        let mut files = self.store.list(Some(&self.prefix.clone().join("files")));
        while let Some(file) = files.try_next().await? {
            if let Some(key) = key_of(&file.location) {
                let written = Timestamp(file.last_modified.timestamp_millis());
                found.push((uses.get(&key).copied().unwrap_or(written).max(written), key, file.size));
            }
        }
        Ok(found)
    }

    /// Bytes that are kept, as far as this node knows.
    pub(super) fn size(&self) -> u64 {
        self.known().index.total()
    }

    fn note_use(self: &Arc<Self>, key: &Key) {
        let now = self.clock.now();
        {
            let mut known = self.known();
            known.index.used(key);
            if known.marked.get(key).is_some_and(|marked| now.since(*marked) < MARK_AFTER) {
                return;
            }
            known.marked.insert(*key, now);
        }
        let (bucket, mark) = (Arc::clone(self), self.mark(key));
        // Failing, it only goes a little earlier.
        tokio::spawn(async move { drop(bucket.store.put(&mark, PutPayload::default()).await) });
    }

    fn rests(&self) -> bool {
        let now = self.clock.now();
        self.known().rests_until.is_some_and(|until| now < until)
    }

    /// Says it once, until the storage was written to again. The error's own text may hold addresses, but no key.
    fn failed(&self, what: &str, error: &Error) {
        self.known().rests_until = Some(self.clock.now().plus(REST));
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "artifacts.store can't be {what}; files come from the upstream and are not kept");
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, key: &Key) -> Path {
        let at = self.prefix.clone().join("files");
        key.path().split('/').fold(at, |path, part| path.join(part))
    }

    fn mark(&self, key: &Key) -> Path {
        self.prefix.clone().join("used").join(key.to_string())
    }
}
