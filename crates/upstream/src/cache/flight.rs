//! A flight: what is done once for a name, however many ask for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_core::{PackageName, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use super::disk::{Standing, Stored};
use super::entry::{Entry, revision};
use super::freshness::fresh_for;
use super::shelf::Shelf;
use super::{Document, Failure, Inner, RawDocument, tells};
use crate::client::{Fetched, FetchedBody, Hops, Validators};
use crate::error::{FetchError, Unavailable};
use crate::source::Upstream;

/// Bodies that wait to be written, in KiB.
pub(super) const WRITE_QUEUE_KIB: usize = 64 * 1024;

/// How far a flight is.
pub(super) struct Progress<D> {
    /// What may be said of the stored document before it is read.
    pub(super) shelf: Shelf,
    /// A document that may be served if the upstream takes long, marked stale.
    pub(super) stale: Option<Arc<Entry<D>>>,
    /// The end.
    pub(super) done: Option<Result<Arc<Entry<D>>, FetchError>>,
}

impl<D> Default for Progress<D> {
    fn default() -> Self {
        Progress { shelf: Shelf::Unknown, stale: None, done: None }
    }
}

impl<D> Clone for Progress<D> {
    fn clone(&self) -> Self {
        Progress { shelf: self.shelf, stale: self.stale.clone(), done: self.done.clone() }
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

/// How long a document waits whose storing takes a while: compressing it must not hold up the answers that are made of it.
const BEFORE_STORING: Duration = Duration::from_millis(250);

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
    /// It was still right then.
    Touch(Timestamp),
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
        let until = self.patient_until();
        let upstream = self.parts.routes.known(name, until).await?;
        if let Some(prior) = self.memory.get(name) {
            progress.send_modify(|p| p.shelf = Shelf::Nothing);
            if prior.is_fresh(self.now()) {
                return Ok((prior, Keep::Nothing));
            }
            self.offer(name, &prior, progress);
            let fetched = self.fetch(name, &upstream, prior.validators.clone(), hops, until).await?;
            return self.settle(name, upstream, Some(prior), fetched).await;
        }
        let Some(standing) = self.standing(name, &upstream).await else {
            progress.send_modify(|p| p.shelf = Shelf::Nothing);
            let fetched = self.fetch(name, &upstream, Validators::default(), hops, until).await?;
            return self.settle(name, upstream, None, fetched).await;
        };
        if standing.is_fresh(self.now()) {
            progress.send_modify(|p| p.shelf = Shelf::Fresh(standing.shelved(false)));
            if let Some(prior) = self.read_back(name, &upstream).await {
                return Ok((prior, Keep::Nothing));
            }
            progress.send_modify(|p| p.shelf = Shelf::Nothing);
            let fetched = self.fetch(name, &upstream, Validators::default(), hops, until).await?;
            return self.settle(name, upstream, None, fetched).await;
        }
        self.revalidate_stored(name, hops, until, (upstream, standing), progress).await
    }

    /// Asks whether the stored document still holds, and reads it meanwhile.
    async fn revalidate_stored(
        self: &Arc<Self>,
        name: &PackageName,
        hops: &Hops,
        until: Instant,
        (upstream, standing): (Arc<Upstream>, Standing),
        progress: &watch::Sender<Progress<D>>,
    ) -> Result<Refreshed<D>, FetchError> {
        let servable = standing.is_servable(self.now(), self.parts.config.max_stale);
        let asking = if servable { Shelf::Asking(standing.shelved(true)) } else { Shelf::Nothing };
        progress.send_modify(|p| p.shelf = asking);
        let asking = async {
            let fetched = self.fetch(name, &upstream, standing.validators.clone(), hops, until).await;
            progress.send_modify(|p| {
                p.shelf = match &fetched {
                    Ok(Fetched::NotModified { .. }) => Shelf::Fresh(standing.shelved(false)),
                    Ok(Fetched::Body(_)) => Shelf::Nothing,
                    Err(error) if servable && !tells(error) => Shelf::Stale(standing.shelved(true)),
                    Err(_) => Shelf::Nothing,
                }
            });
            fetched
        };
        let reading = async {
            let prior = self.read_back(name, &upstream).await;
            if let Some(prior) = &prior {
                self.offer(name, prior, progress);
            }
            prior
        };
        let (fetched, prior) = tokio::join!(asking, reading);
        let fetched = match (fetched?, &prior) {
            // It holds, but what was stored turned out to be damaged.
            (Fetched::NotModified { .. }, None) => {
                progress.send_modify(|p| p.shelf = Shelf::Nothing);
                self.fetch(name, &upstream, Validators::default(), hops, until).await?
            }
            (fetched, _) => fetched,
        };
        self.settle(name, upstream, prior, fetched).await
    }

    /// Lets askers have a document that is not fresh any more, if the upstream takes long or fails.
    fn offer(&self, name: &PackageName, prior: &Arc<Entry<D>>, progress: &watch::Sender<Progress<D>>) {
        if prior.is_servable(self.now(), self.parts.config.max_stale) {
            // In memory too, if it came from disk: a failure falls back to what is there.
            self.memory.insert(name.clone(), Arc::clone(prior));
            progress.send_modify(|p| p.stale = Some(prior.as_stale()));
        }
    }

    async fn fetch(
        &self,
        name: &PackageName,
        upstream: &Upstream,
        validators: Validators,
        hops: &Hops,
        until: Instant,
    ) -> Result<Fetched, FetchError> {
        let url = upstream.metadata_url(name);
        self.parts.client.fetch_until(until, upstream, &url, upstream.accept(), &validators, hops).await
    }

    /// What the upstream's answer makes of what we had.
    async fn settle(
        self: &Arc<Self>,
        name: &PackageName,
        upstream: Arc<Upstream>,
        prior: Option<Arc<Entry<D>>>,
        fetched: Fetched,
    ) -> Result<Refreshed<D>, FetchError> {
        match fetched {
            Fetched::NotModified { cache_control } => {
                // Asked with conditions only where there is a prior document.
                let prior = prior.ok_or(FetchError::Unavailable(Unavailable::Internal))?;
                let fresh_for = fresh_for(cache_control.as_deref(), &self.parts.config);
                self.parts.counters.revalidated.add(1);
                let (now, validators) = (self.now(), prior.validators.clone());
                Ok((prior.renewed(now, fresh_for, validators), Keep::Touch(now)))
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
        let FetchedBody { bytes, packed, digest, content_type, validators, cache_control, final_url, charge } = body;
        let fresh_for = fresh_for(cache_control.as_deref(), &self.parts.config);
        let raw = RawDocument { body: bytes, content_type, url: final_url };
        let now = self.now();
        let (cache, name) = (Arc::clone(self), name.clone());
        self.blocking(move || {
            let revision = revision(&name, &raw, packed.is_some(), &digest);
            if let Some(same) = prior.filter(|prior| prior.revision == revision) {
                return Ok((same.renewed(now, fresh_for, validators), Keep::Touch(now)));
            }
            let document = cache.compiled(&name, &raw)?;
            drop(charge);
            let (body_length, stale) = (raw.body.len() as u64, false);
            let standing = Standing { validators: validators.clone(), fetched_at: now, fresh_for, revision };
            let entry = Entry { document, revision, body_length, fetched_at: now, stale, fresh_for, validators };
            let stored = Stored::new(raw, packed, standing);
            Ok((Arc::new(entry), Keep::Write(upstream, Box::new(stored))))
        })
        .await
    }

    fn compiled(&self, name: &PackageName, raw: &RawDocument) -> Result<Arc<D>, FetchError> {
        self.parts.counters.compiled.add(1);
        D::compile(name, raw).map(Arc::new).map_err(FetchError::Invalid)
    }

    /// What is known of the stored document of this upstream without reading it.
    async fn standing(&self, name: &PackageName, upstream: &Arc<Upstream>) -> Option<Standing> {
        let disk = Arc::clone(self.disk.as_ref()?);
        let (name, upstream) = (name.clone(), Arc::clone(upstream));
        tokio::task::spawn_blocking(move || disk.standing(&name, &upstream)).await.ok().flatten()
    }

    /// The stored document of this upstream, compiled. Its age decides later what it is good for.
    async fn read_back(self: &Arc<Self>, name: &PackageName, upstream: &Arc<Upstream>) -> Option<Arc<Entry<D>>> {
        let disk = Arc::clone(self.disk.as_ref()?);
        let (cache, name, upstream) = (Arc::clone(self), name.clone(), Arc::clone(upstream));
        let read = self.blocking(move || {
            let Some((raw, standing)) = disk.read(&name, &upstream) else { return Ok(None) };
            let Ok(document) = cache.compiled(&name, &raw) else {
                // Written by another version of this program, perhaps: as good as damaged.
                disk.remove(&name);
                return Ok(None);
            };
            let Standing { validators, fetched_at, fresh_for, revision } = standing;
            let (body_length, stale) = (raw.body.len() as u64, false);
            Ok(Some(Arc::new(Entry { document, revision, body_length, fetched_at, stale, fresh_for, validators })))
        });
        read.await.ok().flatten()
    }

    async fn keep(&self, name: PackageName, keep: Keep) {
        let Some(disk) = self.disk.clone() else { return };
        let waiting = match &keep {
            Keep::Write(_, stored) => stored.held() / 1024 + 1,
            _ => 0,
        };
        let waiting = u32::try_from(waiting.min(WRITE_QUEUE_KIB)).unwrap_or(u32::MAX);
        // A slow disk must not pile up bodies in memory: what finds no place is not stored, this time.
        let Ok(_place) = self.writes.try_acquire_many(waiting) else {
            self.parts.counters.disk_skipped.add(1);
            return;
        };
        if matches!(&keep, Keep::Write(_, stored) if stored.has_to_be_compressed()) {
            tokio::time::sleep(BEFORE_STORING).await;
        }
        let done = tokio::task::spawn_blocking(move || match keep {
            Keep::Nothing => {}
            Keep::Touch(at) => disk.touch(&name, at),
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
