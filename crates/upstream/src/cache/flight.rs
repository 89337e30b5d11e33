//! A flight: what is done once for a name, however many ask for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sekisho_core::PackageName;
use tokio::sync::watch;

use super::disk::Stored;
use super::entry::{Entry, revision};
use super::freshness::fresh_for;
use super::{Document, Failure, Inner, RawDocument};
use crate::client::{Fetched, FetchedBody, Hops};
use crate::error::{FetchError, Unavailable};
use crate::source::Upstream;

/// Bodies that wait to be written, in KiB.
pub(super) const WRITE_QUEUE_KIB: usize = 64 * 1024;

/// How far a flight is.
pub(super) struct Progress<D> {
    /// A document that may be served if the upstream takes long, marked stale.
    pub(super) stale: Option<Arc<Entry<D>>>,
    /// The end.
    pub(super) done: Option<Result<Arc<Entry<D>>, FetchError>>,
}

impl<D> Default for Progress<D> {
    fn default() -> Self {
        Progress { stale: None, done: None }
    }
}

impl<D> Clone for Progress<D> {
    fn clone(&self) -> Self {
        Progress { stale: self.stale.clone(), done: self.done.clone() }
    }
}

type FlightList<D> = HashMap<PackageName, watch::Receiver<Progress<D>>>;

/// The flights under way.
pub(super) struct Flights<D>(Mutex<FlightList<D>>);

impl<D> Default for Flights<D> {
    fn default() -> Self {
        Flights(Mutex::default())
    }
}

impl<D> Flights<D> {
    /// The list. A panic while it was held leaves it whole: its changes are single steps.
    pub(super) fn lock(&self) -> MutexGuard<'_, FlightList<D>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the flight off the list, even if it panicked: otherwise nobody could ever ask for this name again.
struct Landing<D: Document> {
    cache: Arc<Inner<D>>,
    name: PackageName,
}

impl<D: Document> Drop for Landing<D> {
    fn drop(&mut self) {
        self.cache.flights.lock().remove(&self.name);
    }
}

/// Runs one flight: fetch or revalidate, compile, remember, tell the askers; then, with nobody waiting, store.
pub(super) async fn fly<D: Document>(
    cache: Arc<Inner<D>>,
    name: PackageName,
    hops: Hops,
    progress: watch::Sender<Progress<D>>,
) {
    let landing = Landing { cache: Arc::clone(&cache), name: name.clone() };
    let (outcome, keep) = match cache.refresh(&name, &hops, &progress).await {
        Ok((entry, keep)) => {
            cache.memory.insert(name.clone(), Arc::clone(&entry));
            cache.failures.invalidate(&name);
            (Ok(entry), keep)
        }
        Err(error) => cache.failed(&name, error),
    };
    drop(landing);
    progress.send_modify(|p| p.done = Some(outcome));
    cache.keep(name, keep).await;
}

/// What is left to do on disk.
enum Keep {
    Nothing,
    Write(Arc<Upstream>, Box<Stored>),
    Touch,
    Remove,
}

type Refreshed<D> = (Arc<Entry<D>>, Keep);

impl<D: Document> Inner<D> {
    /// Remembers a failure, and falls back to a stale document where that is right.
    fn failed(&self, name: &PackageName, error: FetchError) -> (Result<Arc<Entry<D>>, FetchError>, Keep) {
        let config = &self.parts.config;
        let absent = error == FetchError::NotFound;
        let lasts = if absent { config.absent_for } else { config.failed_for };
        if absent {
            self.memory.invalidate(name);
        } else {
            tracing::warn!(package = ?name, %error, "upstream metadata could not be had");
        }
        let stale = self.memory.get(name).filter(|entry| self.may_serve_stale(entry, &error));
        self.failures.insert(name.clone(), Failure { error: error.clone(), at: self.now(), lasts });
        let keep = if absent { Keep::Remove } else { Keep::Nothing };
        (stale.map(|entry| entry.as_stale()).ok_or(error), keep)
    }

    async fn refresh(
        self: &Arc<Self>,
        name: &PackageName,
        hops: &Hops,
        progress: &watch::Sender<Progress<D>>,
    ) -> Result<Refreshed<D>, FetchError> {
        let upstream = self.parts.routes.known(name, self.parts.patience).await?;
        let prior = match self.memory.get(name) {
            Some(entry) => Some(entry),
            None => self.read_back(name, &upstream).await,
        };
        if let Some(prior) = &prior {
            if prior.is_fresh(self.now()) {
                return Ok((Arc::clone(prior), Keep::Nothing));
            }
            if prior.is_servable(self.now(), self.parts.config.max_stale) {
                // In memory too, if it came from disk: a failure falls back to what is there.
                self.memory.insert(name.clone(), Arc::clone(prior));
                progress.send_modify(|p| p.stale = Some(prior.as_stale()));
            }
        }
        let validators = prior.as_ref().map(|entry| entry.validators.clone()).unwrap_or_default();
        let url = upstream.metadata_url(name);
        match self.parts.client.fetch(&upstream, &url, upstream.accept(), &validators, hops).await? {
            Fetched::NotModified { cache_control } => {
                // Asked with conditions only where there is a prior document.
                let prior = prior.ok_or(FetchError::Unavailable(Unavailable::Internal))?;
                let fresh_for = fresh_for(cache_control.as_deref(), &self.parts.config);
                self.parts.counters.revalidated.add(1);
                Ok((prior.renewed(self.now(), fresh_for, validators), Keep::Touch))
            }
            Fetched::Body(body) => self.arrived(name, upstream, prior, *body).await,
        }
    }

    /// A body arrived: compiled, unless its content is what we have.
    async fn arrived(
        self: &Arc<Self>,
        name: &PackageName,
        upstream: Arc<Upstream>,
        prior: Option<Arc<Entry<D>>>,
        body: FetchedBody,
    ) -> Result<Refreshed<D>, FetchError> {
        let FetchedBody { bytes, content_type, validators, cache_control, final_url, charge } = body;
        let fresh_for = fresh_for(cache_control.as_deref(), &self.parts.config);
        let raw = RawDocument { body: bytes, content_type, url: final_url };
        let now = self.now();
        let (cache, name) = (Arc::clone(self), name.clone());
        self.blocking(move || {
            let revision = revision(&name, &raw);
            if let Some(same) = prior.filter(|prior| prior.revision == revision) {
                return Ok((same.renewed(now, fresh_for, validators), Keep::Touch));
            }
            let document = cache.compiled(&name, &raw)?;
            drop(charge);
            let (body_length, stale) = (raw.body.len() as u64, false);
            let kept = validators.clone();
            let entry = Entry { document, revision, body_length, fetched_at: now, stale, fresh_for, validators };
            let stored = Stored { raw, validators: kept, fetched_at: now, fresh_for, revision };
            Ok((Arc::new(entry), Keep::Write(upstream, Box::new(stored))))
        })
        .await
    }

    fn compiled(&self, name: &PackageName, raw: &RawDocument) -> Result<Arc<D>, FetchError> {
        self.parts.counters.compiled.add(1);
        D::compile(name, raw).map(Arc::new).map_err(FetchError::Invalid)
    }

    /// The stored document of this upstream, compiled. Its age decides later what it is good for.
    async fn read_back(self: &Arc<Self>, name: &PackageName, upstream: &Arc<Upstream>) -> Option<Arc<Entry<D>>> {
        let disk = Arc::clone(self.disk.as_ref()?);
        let (cache, name, upstream) = (Arc::clone(self), name.clone(), Arc::clone(upstream));
        let read = self.blocking(move || {
            let Some(stored) = disk.read(&name, &upstream) else { return Ok(None) };
            let Ok(document) = cache.compiled(&name, &stored.raw) else {
                // Written by another version of this program, perhaps: as good as damaged.
                disk.remove(&name);
                return Ok(None);
            };
            Ok(Some(Arc::new(Entry {
                document,
                revision: stored.revision,
                body_length: stored.raw.body.len() as u64,
                fetched_at: stored.fetched_at,
                stale: false,
                fresh_for: stored.fresh_for,
                validators: stored.validators,
            })))
        });
        read.await.ok().flatten()
    }

    async fn keep(&self, name: PackageName, keep: Keep) {
        let Some(disk) = self.disk.clone() else { return };
        let now = self.now();
        let waiting = match &keep {
            Keep::Write(_, stored) => stored.raw.body.len() / 1024 + 1,
            _ => 0,
        };
        let waiting = u32::try_from(waiting.min(WRITE_QUEUE_KIB)).unwrap_or(u32::MAX);
        // A slow disk must not pile up bodies in memory: what finds no place is not stored, this time.
        let Ok(_place) = self.writes.try_acquire_many(waiting) else {
            self.parts.counters.disk_skipped.add(1);
            return;
        };
        let done = tokio::task::spawn_blocking(move || match keep {
            Keep::Nothing => {}
            Keep::Touch => disk.touch(&name, now),
            Keep::Remove => disk.remove(&name),
            Keep::Write(upstream, stored) => disk.write(&name, &upstream, &stored),
        });
        if done.await.is_err() {
            tracing::error!("storing a document panicked");
        }
    }

    /// Runs heavy work on a thread for it, a bounded number at once.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
    ) -> Result<T, FetchError> {
        let _turn = self.compilers.acquire().await.map_err(|_| FetchError::Unavailable(Unavailable::Internal))?;
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or(Err(FetchError::Unavailable(Unavailable::Internal)))
    }
}
