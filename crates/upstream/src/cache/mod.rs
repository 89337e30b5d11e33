//! Compiled metadata in memory, raw metadata on disk, and one upstream request however many ask.

mod disk;
mod entry;
mod flight;
mod folder;
mod freshness;
mod shelf;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sekisho_core::{Clock, Ecosystem, PackageName, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use url::Url;

pub use entry::Entry;
pub use folder::Folder;
pub use shelf::Shelved;

use crate::client::{Client, Hops};
use crate::error::{FetchError, Unavailable};
use crate::metrics::Counters;
use crate::routes::Routes;
use crate::source::SourceState;

use disk::Disk;
use flight::{Flights, Progress};

/// An upstream's document before it is compiled.
#[derive(Clone, Debug)]
pub struct RawDocument {
    /// The decompressed body.
    pub body: Bytes,
    /// The `Content-Type`, empty if there was none.
    pub content_type: String,
    /// The address that answered: what relative links are relative to.
    pub url: Url,
}

/// What an upstream's document is turned into, once per revision.
pub trait Document: Send + Sync + Sized + 'static {
    /// Reads the document. Runs on a thread for blocking work; the error's text is for the log.
    fn compile(name: &PackageName, fetched: &RawDocument) -> Result<Self, String>;
    /// Bytes of memory held, roughly.
    fn weight(&self) -> usize;
}

/// How long and how much is kept. The default has the documented values.
#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// A document is fresh for at least this long, whatever the upstream says.
    pub fresh_min: Duration,
    /// A document is fresh for at most this long, so that a new release is soon seen.
    pub fresh_max: Duration,
    /// Longest time since the last good answer that a document is still served.
    pub max_stale: Duration,
    /// How long an asker waits for a revalidation before the stale document is served.
    pub stale_wait: Duration,
    /// How long "no such package" is remembered.
    pub absent_for: Duration,
    /// How long another failure is remembered.
    pub failed_for: Duration,
    /// Bytes of compiled documents in memory.
    pub memory: u64,
    /// Bytes on disk; 0 keeps nothing there.
    pub disk: u64,
    /// Largest body read back from disk: the client's cap.
    pub max_body: u64,
}

impl Default for CacheConfig {
    fn default() -> CacheConfig {
        CacheConfig {
            fresh_min: Duration::from_secs(30),
            fresh_max: Duration::from_secs(60),
            max_stale: Duration::from_secs(7 * 24 * 3600),
            stale_wait: Duration::from_millis(500),
            absent_for: Duration::from_secs(10),
            failed_for: Duration::from_secs(1),
            memory: 256 << 20,
            disk: 2 << 30,
            max_body: 128 << 20,
        }
    }
}

/// What a cache stands on.
pub struct CacheParts {
    /// The ecosystem whose documents these are.
    pub ecosystem: Ecosystem,
    /// Where they come from, by name.
    pub routes: Routes,
    /// How long an asker waits where nothing is stored, and a flight for the head of the upstream's answer.
    pub patience: Duration,
    /// The outgoing client.
    pub client: Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The folder `cache` of the data folder; `None` keeps nothing on disk.
    pub folder: Option<PathBuf>,
    /// Limits.
    pub config: CacheConfig,
    /// Where to count.
    pub counters: Arc<Counters>,
}

/// The metadata of one ecosystem. Clones are the same cache.
pub struct MetadataCache<D: Document>(Arc<Inner<D>>);

impl<D: Document> Clone for MetadataCache<D> {
    fn clone(&self) -> Self {
        MetadataCache(Arc::clone(&self.0))
    }
}

/// What an asker waits beyond our patience, so that the flight's own reason is there first.
const GRACE: Duration = Duration::from_millis(50);

/// A failure that is remembered for a moment, so that a dead upstream is not hammered.
#[derive(Clone)]
struct Failure {
    error: FetchError,
    at: Timestamp,
    lasts: Duration,
}

struct Inner<D: Document> {
    memory: moka::sync::Cache<PackageName, Arc<Entry<D>>>,
    failures: moka::sync::Cache<PackageName, Failure>,
    flights: Flights<D>,
    /// Compilations at once: as many as there are cores, so that the runtime's workers keep their share.
    compilers: Semaphore,
    disk: Option<Arc<Disk>>,
    /// KiB of bodies that may wait to be written.
    writes: Semaphore,
    parts: CacheParts,
}

impl<D: Document> MetadataCache<D> {
    /// An empty cache over what lies in the folder. Touches no disk yet.
    pub fn new(parts: CacheParts) -> MetadataCache<D> {
        let memory = moka::sync::Cache::builder()
            .max_capacity(parts.config.memory)
            .weigher(|_: &PackageName, entry: &Arc<Entry<D>>| u32::try_from(entry.weight()).unwrap_or(u32::MAX))
            .eviction_policy(moka::policy::EvictionPolicy::lru())
            .build();
        let failures = moka::sync::Cache::builder().max_capacity(20_000).build();
        let disk = parts.folder.as_ref().filter(|_| parts.config.disk > 0).map(|folder| {
            let folder = folder.join(parts.ecosystem.as_str());
            Arc::new(Disk::new(folder, parts.config.disk, parts.config.max_body, Arc::clone(&parts.counters)))
        });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let compilers = Semaphore::new(cores);
        MetadataCache(Arc::new(Inner {
            memory,
            failures,
            flights: Flights::default(),
            compilers,
            disk,
            writes: Semaphore::new(flight::WRITE_QUEUE_KIB),
            parts,
        }))
    }

    /// The document if it is in memory and fresh. The hot path: no wait, no lock of ours.
    pub fn fresh(&self, name: &PackageName) -> Option<Arc<Entry<D>>> {
        let entry = self.0.fresh(name)?;
        self.0.parts.counters.hits.add(1);
        Some(entry)
    }

    /// A document of this name is in memory, fresh or not.
    pub fn holds(&self, name: &PackageName) -> bool {
        self.0.memory.contains_key(name)
    }

    /// The document: fresh if it can be had, else stale, else why not.
    pub async fn get(&self, name: &PackageName) -> Result<Arc<Entry<D>>, FetchError> {
        self.get_through(name, &Hops::default()).await
    }

    /// As [`MetadataCache::get`], for a request that came through other servers of our kind.
    pub async fn get_through(&self, name: &PackageName, hops: &Hops) -> Result<Arc<Entry<D>>, FetchError> {
        if let Some(entry) = self.fresh(name) {
            return Ok(entry);
        }
        self.0.parts.counters.misses.add(1);
        if let SourceState::Off(message) = self.0.parts.routes.state(name) {
            return Err(FetchError::Off(message));
        }
        let outcome = match self.0.join(name, hops) {
            Joined::Known(outcome) => outcome,
            Joined::Flight(progress) => self.0.landed(progress).await,
        };
        if outcome.as_ref().is_ok_and(|entry| entry.stale) {
            self.0.parts.counters.stale.add(1);
        }
        outcome
    }

    /// The document as it lies on disk, where it may be answered with before it is read. Starts reading it, so that
    /// [`MetadataCache::get`] has it soon; `None` where only that can tell.
    pub async fn shelved(&self, name: &PackageName, hops: &Hops) -> Option<Shelved> {
        let shelved = self.0.shelved(name, hops).await?;
        self.0.parts.counters.shelved.add(1);
        Some(shelved)
    }

    /// Bytes of compiled documents in memory, roughly.
    pub fn memory_used(&self) -> u64 {
        self.0.memory.run_pending_tasks();
        self.0.memory.weighted_size()
    }
}

/// What an asker that missed gets: an answer at once, or a flight to wait for.
enum Joined<D: Document> {
    Known(Result<Arc<Entry<D>>, FetchError>),
    Flight(watch::Receiver<Progress<D>>),
}

impl<D: Document> Inner<D> {
    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn fresh(&self, name: &PackageName) -> Option<Arc<Entry<D>>> {
        self.memory.get(name).filter(|entry| entry.is_fresh(self.now()))
    }

    /// What is known without asking the upstream: a fresh document, or a failure of a moment ago.
    fn known(&self, name: &PackageName) -> Option<Result<Arc<Entry<D>>, FetchError>> {
        if let Some(entry) = self.fresh(name) {
            return Some(Ok(entry));
        }
        let failure = self.failures.get(name)?;
        let now = self.now();
        if failure.at > now || now.since(failure.at) >= failure.lasts {
            return None;
        }
        self.parts.counters.remembered.add(1);
        let stale = self.memory.get(name).filter(|entry| self.may_serve_stale(entry, &failure.error));
        Some(stale.map(|entry| entry.as_stale()).ok_or(failure.error))
    }

    /// Joins the flight for `name`, or starts it. The flight is a task of its own: an asker that goes away does not
    /// end it for the others.
    fn join(self: &Arc<Self>, name: &PackageName, hops: &Hops) -> Joined<D> {
        // Under the lock, because a flight that lands fills the memory before it leaves the list: whoever holds the
        // lock sees the one or the other, and never asks the upstream a second time.
        let mut flights = self.flights.lock();
        if let Some(progress) = flights.get(name) {
            return Joined::Flight(progress.clone());
        }
        if let Some(known) = self.known(name) {
            return Joined::Known(known);
        }
        let (sender, progress) = watch::channel(Progress::default());
        flights.insert(name.clone(), progress.clone());
        drop(flights);
        tokio::spawn(flight::fly(Arc::clone(self), name.clone(), hops.clone(), sender));
        Joined::Flight(progress)
    }

    /// When the patience ends that begins now.
    fn patient_until(&self) -> Instant {
        Instant::now() + self.parts.patience
    }

    /// Waits for a flight: as long as our patience lasts while there is nothing to serve, shortly once there is a stale
    /// document. A flight whose document arrives slowly goes on without its askers: who comes later has it.
    async fn landed(&self, mut progress: watch::Receiver<Progress<D>>) -> Result<Arc<Entry<D>>, FetchError> {
        let until = Instant::now() + self.parts.config.stale_wait;
        let patient_until = self.patient_until() + GRACE;
        loop {
            let Progress { stale, done, .. } = progress.borrow_and_update().clone();
            if let Some(outcome) = done {
                return outcome;
            }
            let changed = match stale {
                None => match tokio::time::timeout_at(patient_until, progress.changed()).await {
                    Ok(changed) => changed,
                    Err(_) => return Err(FetchError::Unavailable(Unavailable::Timeout)),
                },
                Some(stale) => match tokio::time::timeout_at(until, progress.changed()).await {
                    Ok(changed) => changed,
                    Err(_) => return Ok(stale),
                },
            };
            if changed.is_err() {
                return Err(FetchError::Unavailable(Unavailable::Internal));
            }
        }
    }

    /// A document that was good is better than a failure, except where the failure says something about it: the
    /// package is gone, the front is off, or requests run in a circle.
    fn may_serve_stale(&self, entry: &Entry<D>, error: &FetchError) -> bool {
        !tells(error) && entry.is_servable(self.now(), self.parts.config.max_stale)
    }
}

/// A failure that says something about the document, or about us.
fn tells(error: &FetchError) -> bool {
    matches!(error, FetchError::NotFound | FetchError::Off(_) | FetchError::Loop)
}
