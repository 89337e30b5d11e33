//! A download into a temporary file: once, however many ask, and read while it grows.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::folder::Temporary;
use super::integrity::Verifier;
use super::key::Key;
use super::passing::mismatch;
use super::{Inner, Wanted};
use crate::client::Streamed;
use crate::error::{FetchError, Unavailable};

/// Pieces of the network that are written at once.
const BATCH: usize = 64;

/// How far a download is.
#[derive(Clone, Default)]
pub(super) struct Progress {
    /// The beginning, once the upstream answered: its file, or why there is none.
    pub(super) began: Option<Result<Began, Stop>>,
    /// Bytes that may be read. The last byte may not before the whole is known to be right.
    pub(super) available: u64,
    /// The end.
    pub(super) end: Option<Result<(), Stop>>,
}

/// A download that has something to read.
#[derive(Clone)]
pub(super) struct Began {
    pub(super) file: Arc<File>,
    /// The length that the upstream announced.
    pub(super) length: Option<u64>,
}

/// Why a download ended early.
#[derive(Clone)]
pub(super) enum Stop {
    /// The upstream failed, or lied.
    Upstream(FetchError),
    /// Our own disk is full or broken: readers ask the upstream themselves.
    Disk,
    /// Everybody who asked has gone.
    Deserted,
}

type FlightList = HashMap<Key, watch::Receiver<Progress>>;

/// The downloads under way.
#[derive(Default)]
pub(super) struct Flights(Mutex<FlightList>);

impl Flights {
    /// The list. A panic while it was held leaves it whole: its changes are single steps.
    pub(super) fn lock(&self) -> MutexGuard<'_, FlightList> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the download off the list, even if it panicked.
struct Landing {
    inner: Arc<Inner>,
    key: Key,
    /// Since when nobody reads.
    alone_since: Option<Instant>,
    /// It is off the list already.
    off: bool,
}

impl Landing {
    /// Nobody has read for so long that nobody comes back either. It is then off the list: who asks again starts anew.
    fn is_deserted(&mut self, progress: &watch::Sender<Progress>) -> bool {
        // Nobody joins while the list is locked. The list itself holds one receiver.
        let mut flights = self.inner.flights.lock();
        if progress.receiver_count() > 1 {
            self.alone_since = None;
            return false;
        }
        let since = *self.alone_since.get_or_insert_with(Instant::now);
        self.off = since.elapsed() >= self.inner.config.linger;
        if self.off {
            flights.remove(&self.key);
        }
        self.off
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.off {
            self.inner.flights.lock().remove(&self.key);
        }
    }
}

/// Joins the download of this file, or starts it.
pub(super) fn join(inner: &Arc<Inner>, key: Key, wanted: &Wanted, verifier: Verifier) -> watch::Receiver<Progress> {
    let mut flights = inner.flights.lock();
    if let Some(under_way) = flights.get(&key) {
        return under_way.clone();
    }
    let (progress, seen) = watch::channel(Progress::default());
    flights.insert(key, seen.clone());
    drop(flights);
    let landing = Landing { inner: Arc::clone(inner), key, alone_since: None, off: false };
    tokio::spawn(fly(landing, wanted.clone(), verifier, progress));
    seen
}

/// Downloads, checks, tells the readers, and then, with nobody waiting, keeps.
async fn fly(mut landing: Landing, wanted: Wanted, verifier: Verifier, progress: watch::Sender<Progress>) {
    let (inner, key) = (Arc::clone(&landing.inner), landing.key);
    // Who asked before an earlier download ended, and joined after it: the file is here.
    if inner.bucket.is_none()
        && let Some((file, length)) = inner.open(key).await
    {
        drop(landing);
        let began = Some(Ok(Began { file, length: Some(length) }));
        return progress.send_modify(|p| *p = Progress { began, available: length, end: Some(Ok(())) });
    }
    inner.counters.artifacts_downloaded.add(1);
    let opened = inner.client.artifact(&wanted.upstream, &wanted.url, None, inner.config.max_file).await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => {
            drop(landing);
            return progress.send_modify(|p| p.began = Some(Err(Stop::Upstream(error))));
        }
    };
    let temporary = match inner.temporary(opened.length()).await {
        Ok(temporary) => temporary,
        Err(error) => {
            drop(landing);
            inner.not_kept(&error);
            return progress.send_modify(|p| p.began = Some(Err(Stop::Disk)));
        }
    };
    let began = Began { file: temporary.file.clone(), length: opened.length() };
    progress.send_modify(|p| p.began = Some(Ok(began)));
    match write(&mut landing, opened, &temporary, verifier, &progress).await {
        Ok(size) => {
            progress.send_modify(|p| {
                p.available = size;
                p.end = Some(Ok(()));
            });
            inner.keep(&key, temporary, size).await;
        }
        Err(stop) => {
            match &stop {
                Stop::Upstream(error) => {
                    if *error == mismatch() {
                        inner.counters.artifacts_mismatched.add(1);
                    }
                    tracing::warn!(%error, "a file could not be had from the upstream");
                }
                Stop::Deserted => tracing::debug!("a download ends early: everybody who asked has gone"),
                Stop::Disk => {}
            }
            // Off the list first: who asks again after this answer starts a new download.
            drop(landing);
            progress.send_modify(|p| p.end = Some(Err(stop)));
        }
    }
}

/// Writes what arrives; gives the size once the whole is known to be right.
async fn write(
    landing: &mut Landing,
    opened: Streamed,
    temporary: &Temporary,
    mut verifier: Verifier,
    progress: &watch::Sender<Progress>,
) -> Result<u64, Stop> {
    let inner = Arc::clone(&landing.inner);
    let announced = opened.length();
    let mut batches = opened.body.ready_chunks(BATCH);
    let mut written = 0;
    loop {
        let batch = match tokio::time::timeout(inner.config.linger / 4, batches.next()).await {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(_) => Vec::new(),
        };
        if landing.is_deserted(progress) {
            return Err(Stop::Deserted);
        }
        if batch.is_empty() {
            continue;
        }
        let failure = batch.iter().find_map(|piece| piece.as_ref().err().cloned());
        let pieces: Vec<Bytes> = batch.into_iter().map_while(Result::ok).collect();
        let mut file = Arc::clone(&temporary.file);
        // What was not announced is counted as it comes.
        let uncounted = announced.is_none().then(|| (inner.folder.clone(), temporary.expected.clone()));
        // Hashing takes about as long as writing, so both leave the threads that others wait for.
        let done = tokio::task::spawn_blocking(move || {
            let mut length = 0;
            if let Some((folder, expected)) = uncounted {
                folder.expect(&expected, pieces.iter().map(|piece| piece.len() as u64).sum())?;
            }
            for piece in &pieces {
                verifier.update(piece);
                file.write_all(piece)?;
                length += piece.len() as u64;
            }
            Ok::<_, std::io::Error>((verifier, length))
        });
        let length;
        (verifier, length) = match done.await.unwrap_or_else(|e| Err(std::io::Error::other(e))) {
            Ok(done) => done,
            Err(error) => {
                inner.not_kept(&error);
                return Err(Stop::Disk);
            }
        };
        written += length;
        progress.send_modify(|p| p.available = written.saturating_sub(1));
        if let Some(error) = failure {
            return Err(Stop::Upstream(error));
        }
    }
    if announced.is_some_and(|announced| announced != written) {
        return Err(Stop::Upstream(FetchError::Unavailable(Unavailable::Truncated)));
    }
    if verifier.holds() { Ok(written) } else { Err(Stop::Upstream(mismatch())) }
}
