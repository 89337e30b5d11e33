//! The application: everything that a request needs. [`crate::boot`] and the test kit put it together.

use std::sync::Arc;

use axum::Router;
use moka::future::Cache;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::secret::ServerSecret;
use sekisho_core::{Clock, Ecosystem, PackageName, Random};
use sekisho_oidc::Issuers;
use sekisho_store::Store;
use sekisho_upstream::{Artifacts, Client, Counters};
use tokio::sync::{Notify, Semaphore};

use crate::api::exports::Exports;
use crate::api::leaks::keys::ReportKeys;
use crate::callers::Callers;
use crate::config::Settings;
use crate::exchange::Exchange;
use crate::feed_health::FeedHealth;
use crate::gate::{Gate, Guard};
use crate::http::{Origins, PostedBodies};
use crate::limits::Limiter;
use crate::metrics::Metrics;
use crate::own_entries::OwnEntries;
use crate::pipelines::Pipelines;
use crate::record::Recorder;
use crate::registry::npm::NpmFront;
use crate::registry::pypi::PypiFront;
use crate::registry::shares::Shares;
use crate::registry::{npm, pypi};
use crate::serve::BodyFiles;
use crate::sources::{Admitted, Sources};

/// The application. Every part is passed in.
pub struct App {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Keys one-time codes.
    pub secret: ServerSecret,
    /// The database.
    pub store: Arc<Store>,
    /// The addresses under which clients come.
    pub origins: Origins,
    /// The advisories and the operator's entries in force.
    pub gate: Gate,
    /// What was read of organisations' own entries.
    pub own_entries: OwnEntries,
    /// How the advisories' sources do.
    pub feed_health: FeedHealth,
    /// Who is asking.
    pub callers: Callers,
    /// Which pipelines may come, and the keys that sign their tokens.
    pub pipelines: Pipelines,
    /// Where people sign in to the console.
    pub sign_in_issuers: Issuers,
    /// How much they may ask.
    pub limiter: Limiter,
    /// What they took.
    pub recorder: Recorder,
    /// The outgoing client.
    pub client: Client,
    /// Files, passed on and kept.
    pub artifacts: Artifacts,
    /// What the outgoing client and the caches count.
    pub counters: Arc<Counters>,
    /// Each client's part of the places for bytes that pass through.
    pub shares: Shares,
    /// The npm front.
    pub npm: NpmFront,
    /// The Python front.
    pub pypi: PypiFront,
    /// The upstreams and their audiences.
    pub sources: Sources,
    /// Which names records are about, by the gate's generation and the record's id.
    pub osv_names: Cache<(u64, String), Option<PackageName>>,
    /// Walks over all records at once.
    pub osv_walks: Semaphore,
    /// Places for exports.
    pub exports: Arc<Exports>,
    /// Places for large bodies that are posted.
    pub posted: PostedBodies,
    /// The keys of signed reports of found tokens, if such reports are taken.
    pub leak_keys: Option<ReportKeys>,
    /// Where answers that are sent again and again lie in files.
    pub body_files: Arc<BodyFiles>,
    /// What the server counts.
    pub metrics: Metrics,
    /// Wakes the worker that sends mail.
    pub mail_waits: Notify,
    /// The API and the pages.
    pub pages: Router<Arc<App>>,
}

impl App {
    /// Notes that the caller's token was used for a package request.
    pub fn note_use(&self, exchange: &Exchange) {
        self.callers.used(&exchange.caller);
    }

    /// A release that passes the advisories but not its own document: known only where the document is at hand.
    pub fn contradiction(&self, guard: &Guard, name: &Admitted, version: &str) -> Option<Refusal> {
        let contradicts = match name.ecosystem() {
            Ecosystem::Npm => self.npm.documents.fresh(name).is_some_and(|entry| {
                let row = entry.document.0.release(version);
                row.is_some_and(|row| npm::look(self, guard, name, &entry).seen.hidden.refusal(row).is_some())
            }),
            Ecosystem::Pypi => self.pypi.documents.fresh(name).is_some_and(|entry| {
                let view = pypi::look(self, guard, name, &entry);
                let mut files = entry.document.0.files().iter().enumerate();
                files.any(|(index, file)| file.decided_as().any(|v| v == version) && view.seen.get(index).is_some())
            }),
        };
        contradicts.then(|| Refusal::of(Reason::Contradiction))
    }
}
