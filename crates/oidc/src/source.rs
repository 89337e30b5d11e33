//! One issuer's keys: cached, refreshed by one request at a time and not too often, served stale while the issuer is down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_core::Clock;
use sekisho_core::outgoing::{Ask, Form, NoAnswer, Outgoing};
use tokio::sync::{OwnedMutexGuard, Semaphore};
use url::Url;

use crate::algorithm::Algorithm;
use crate::issuer::{Issuer, MAX_DOCUMENT, Metadata};
use crate::issuers::Timing;
use crate::keys::{KeySet, MAX_SET};
use crate::refused::Refused;

/// Callers that wait for one issuer's answer at once; more are told to come back.
const MAX_WAITING: usize = 256;

/// An issuer and what is known of it.
pub(crate) struct Source {
    issuer: Issuer,
    out: Arc<dyn Outgoing>,
    clock: Arc<dyn Clock>,
    timing: Timing,
    state: Mutex<State>,
    /// Held while the issuer is asked.
    flight: Arc<tokio::sync::Mutex<()>>,
    waiting: Semaphore,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    /// When it was last asked, whatever came of it.
    tried: Option<Duration>,
    /// Why the last time failed.
    failure: Option<NoAnswer>,
}

/// What an issuer told at one time.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) keys: Arc<KeySet>,
    at: Duration,
}

impl Source {
    pub(crate) fn new(issuer: Issuer, out: Arc<dyn Outgoing>, clock: Arc<dyn Clock>, timing: Timing) -> Source {
        let (state, flight, waiting) = (Mutex::default(), Arc::default(), Semaphore::new(MAX_WAITING));
        Source { issuer, out, clock, timing, state, flight, waiting }
    }

    /// The key set that has this key, asked for if the key is not known.
    pub(crate) async fn keys(self: &Arc<Self>, kid: &str, algorithm: Algorithm) -> Result<Arc<KeySet>, Refused> {
        let has = |known: &Known| known.keys.find(kid, algorithm).is_some();
        self.known(has).await.map(|known| known.keys)
    }

    /// What the issuer says of itself.
    pub(crate) async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, Refused> {
        self.known(|_| true).await.map(|known| known.metadata)
    }

    /// Posts a form to the issuer, for a person who signs in.
    pub(crate) async fn post(&self, url: Url, form: Form) -> Result<Vec<u8>, NoAnswer> {
        let (own, within) = (self.issuer.own(), self.timing.within);
        self.out.send(Ask { url, own, cap: MAX_DOCUMENT, within, form: Some(form) }).await
    }

    async fn known(self: &Arc<Self>, serves: impl Fn(&Known) -> bool) -> Result<Known, Refused> {
        if let Some(known) = self.held(self.timing.max_age).filter(&serves) {
            return Ok(known);
        }
        let busy = |_| Refused::Unavailable(NoAnswer("too many callers wait for this issuer".into()));
        let _waiting = self.waiting.try_acquire().map_err(busy)?;
        let flight = Arc::clone(&self.flight).lock_owned().await;
        // Whoever was before us may have asked for us too.
        if self.held(self.timing.max_age).filter(&serves).is_none() && !self.is_cooling() {
            self.refresh(flight).await;
        }
        // What is stale by now is so because the issuer could not be asked.
        let held = self.held(self.timing.max_stale);
        let failure = self.state().failure.clone();
        held.filter(&serves).ok_or_else(|| failure.map_or(Refused::UnknownKey, Refused::Unavailable))
    }

    /// In a task of its own: a caller who leaves does not end it. Otherwise a stranger could ask, leave, and so keep a new
    /// key from being seen for as long as the cool-down lasts, again and again.
    async fn refresh(self: &Arc<Self>, flight: OwnedMutexGuard<()>) {
        self.state().tried = Some(self.clock.monotonic());
        let source = Arc::clone(self);
        let task = tokio::spawn(async move {
            let asked = tokio::time::timeout(source.timing.within, source.ask());
            let outcome = asked.await.unwrap_or_else(|_| Err(NoAnswer("no answer in time".into())));
            source.keep(outcome);
            drop(flight);
        });
        if task.await.is_err() {
            self.keep(Err(NoAnswer("a fault of our own while asking".into())));
        }
    }

    async fn ask(&self) -> Result<(Metadata, KeySet), NoAnswer> {
        let ours = |e: &dyn std::error::Error| NoAnswer(e.to_string());
        let address = self.issuer.discovery().ok_or_else(|| NoAnswer("the issuer has no usable address".into()))?;
        let document = self.get(address, MAX_DOCUMENT).await?;
        let metadata = Metadata::parse(&document, &self.issuer).map_err(|e| ours(&e))?;
        let set = self.get(metadata.jwks_uri.clone(), MAX_SET).await?;
        let keys = KeySet::parse(&set).map_err(|e| ours(&e))?;
        Ok((metadata, keys))
    }

    async fn get(&self, url: Url, cap: u64) -> Result<Vec<u8>, NoAnswer> {
        self.out.send(Ask { url, own: self.issuer.own(), cap, within: self.timing.within, form: None }).await
    }

    fn keep(&self, outcome: Result<(Metadata, KeySet), NoAnswer>) {
        let at = self.clock.monotonic();
        let mut state = self.state();
        match outcome {
            Ok((metadata, keys)) => {
                state.known = Some(Known { metadata: metadata.into(), keys: keys.into(), at });
                state.failure = None;
            }
            Err(failure) => {
                tracing::warn!(issuer = self.issuer.name(), %failure, "an identity provider's keys can't be had");
                state.failure = Some(failure);
            }
        }
    }

    fn held(&self, longest: Duration) -> Option<Known> {
        let now = self.clock.monotonic();
        self.state().known.clone().filter(|known| now.saturating_sub(known.at) <= longest)
    }

    fn is_cooling(&self) -> bool {
        let now = self.clock.monotonic();
        self.state().tried.is_some_and(|tried| now.saturating_sub(tried) < self.timing.cool_down)
    }

    /// What is inserted is whole, so a panic elsewhere leaves it right.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
