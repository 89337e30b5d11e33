//! Puts the application together from what the outside world gives: used at start and by the test kit, so that tests
//! run what operators run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use sekisho_core::outgoing::Outgoing;
use sekisho_core::secret::ServerSecret;
use sekisho_core::{Clock, Ecosystem, Random};
use sekisho_store::Store;
use sekisho_upstream::artifacts::{Place, S3};
use sekisho_upstream::{ArtifactConfig, Artifacts, CacheConfig, CacheParts, Client, Counters, Document, MetadataCache};
use tokio::sync::{Notify, Semaphore};
use url::Url;

use crate::api::exports::Exports;
use crate::api::leaks::keys::ReportKeys;
use crate::app::App;
use crate::callers::Callers;
use crate::config::{Secret, Settings};
use crate::feed_health::FeedHealth;
use crate::gate::Gate;
use crate::handle;
use crate::http::{Origins, PostedBodies};
use crate::limits::Limiter;
use crate::metrics::Metrics;
use crate::own_entries::OwnEntries;
use crate::pipelines::{self, KeyRing, Pipelines};
use crate::record::Recorder;
use crate::registry::bodies::Bodies;
use crate::registry::metadata::Renders;
use crate::registry::npm::{Asides, NpmFront};
use crate::registry::pypi::PypiFront;
use crate::registry::shares::Shares;
use crate::registry::views::Views;
use crate::serve::BodyFiles;
use crate::sources::Sources;

/// How long a download of a file goes on after everybody who asked has gone: package managers try again within seconds.
const LINGER: Duration = Duration::from_secs(30);

/// What the application stands on.
pub struct Assembly {
    /// The settings.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Keys one-time codes.
    pub secret: ServerSecret,
    /// The database.
    pub store: Store,
    /// Where the server listens.
    pub bound: SocketAddr,
    /// What decides.
    pub gate: Gate,
    /// The outgoing client.
    pub client: Client,
    /// Files, passed on and kept.
    pub artifacts: Artifacts,
    /// What it counts into.
    pub counters: Arc<Counters>,
    /// The upstreams, of which the common ones may become known later.
    pub sources: Sources,
}

/// Makes the application.
pub fn assemble(parts: Assembly) -> Arc<App> {
    let Assembly { settings, clock, random, secret, store, bound, gate, client, artifacts, counters, sources } = parts;
    let pages = handle::pages(settings.console.enabled);
    let origins = Origins::new(
        &settings.public_urls,
        settings.npm_host.as_deref(),
        settings.pypi_host.as_deref(),
        bound,
        settings.serves_tls(),
    );
    let documents = Documents { settings: &settings, client: &client, clock: &clock, counters: &counters };
    let npm_front = NpmFront {
        documents: documents.cache(&sources, Ecosystem::Npm),
        views: Views::new(),
        renders: Renders::new(quarter(&settings), bodies(&settings, Ecosystem::Npm)),
        asides: Asides::default(),
    };
    let pypi_front = PypiFront {
        documents: documents.cache(&sources, Ecosystem::Pypi),
        views: Views::new(),
        renders: Renders::new(quarter(&settings), bodies(&settings, Ecosystem::Pypi)),
    };
    let store = Arc::new(store);
    let keys = KeyRing::new(store.clone(), secret.clone(), clock.clone(), random.clone(), &origins.primary().api);
    let keys = Arc::new(keys);
    let out = Arc::new(client.clone()) as Arc<dyn Outgoing>;
    let issuers = pipelines::issuers(&settings, &out, &clock).expect("the settings were checked");
    let provider = pipelines::provider(&settings, &out, &clock).expect("the settings were checked");
    Arc::new(App {
        sign_in_issuers: provider,
        callers: Callers::new(store.clone(), keys.clone(), clock.clone()),
        pipelines: Pipelines::new(&settings, issuers, keys, &origins.primary().api),
        limiter: Limiter::new(&settings.limits, clock.clone()),
        recorder: Recorder::new(store.clone(), clock.clone(), random.clone()),
        npm: npm_front,
        pypi: pypi_front,
        sources,
        osv_names: Cache::new(10_000),
        osv_walks: Semaphore::new(1),
        shares: Shares::new(settings.artifacts.connections, settings.patience()),
        exports: Arc::new(Exports::new(settings.limits.exports, clock.clone())),
        posted: PostedBodies::default(),
        leak_keys: settings.leaks.github_keys_url.as_deref().and_then(|url| Url::parse(url).ok()).map(ReportKeys::new),
        body_files: Arc::new(BodyFiles::within(settings.data_dir.clone())),
        settings: Arc::new(settings),
        metrics: Metrics::default(),
        own_entries: OwnEntries::default(),
        feed_health: FeedHealth::default(),
        mail_waits: Notify::new(),
        pages,
        clock,
        random,
        secret,
        store,
        origins,
        gate,
        client,
        artifacts,
        counters,
    })
}

/// Files, passed on and kept as the settings say. The error names a setting.
pub fn artifacts(
    settings: &Settings,
    client: &Client,
    clock: &Arc<dyn Clock>,
    counters: &Arc<Counters>,
) -> Result<Artifacts, (&'static str, String)> {
    let (folder, place) = place(settings)?;
    let wanted = &settings.artifacts;
    let (max_kept, max_file) = (wanted.max_gb << 30, wanted.max_file_mb << 20);
    let config = ArtifactConfig { folder, place, max_kept, max_file, linger: LINGER };
    Ok(Artifacts::new(client.clone(), config, clock.clone(), counters.clone()))
}

/// Where files are kept, and the folder for what arrives. The error names a setting.
pub(crate) fn place(settings: &Settings) -> Result<(PathBuf, Place), (&'static str, String)> {
    let wanted = &settings.artifacts;
    let default = settings.data_dir.join("artifacts");
    Ok(match wanted.store.as_deref().map(|store| (store, store.strip_prefix("s3://"))) {
        None => (default, Place::Folder),
        Some((folder, None)) => (PathBuf::from(folder), Place::Folder),
        Some((_, Some(bucket))) => {
            let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
            let exposed = |key: &Option<Secret>| key.as_ref().map(|key| key.expose().to_owned()).unwrap_or_default();
            let s3 = S3 {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
                endpoint: wanted.s3.endpoint.clone(),
                region: wanted.s3.region.clone(),
                access_key: exposed(&wanted.s3.access_key),
                secret_key: exposed(&wanted.s3.secret_key),
                patience: settings.patience(),
            };
            (default, Place::s3(s3).map_err(|why| ("artifacts.store", why))?)
        }
    })
}

struct Documents<'a> {
    settings: &'a Settings,
    client: &'a Client,
    clock: &'a Arc<dyn Clock>,
    counters: &'a Arc<Counters>,
}

impl Documents<'_> {
    fn cache<D: Document>(&self, sources: &Sources, ecosystem: Ecosystem) -> MetadataCache<D> {
        let cache = &self.settings.cache;
        MetadataCache::new(CacheParts {
            ecosystem,
            routes: sources.routes(ecosystem).clone(),
            patience: self.settings.patience(),
            client: self.client.clone(),
            clock: self.clock.clone(),
            folder: Some(cache_folder(self.settings)).filter(|_| cache.disk_mb > 0),
            config: CacheConfig {
                fresh_min: Duration::from_secs(cache.min_seconds),
                fresh_max: Duration::from_secs(cache.max_seconds),
                max_stale: Duration::from_secs(cache.max_stale_hours * 3600),
                memory: quarter(self.settings),
                disk: disk_quarter(self.settings),
                max_body: self.settings.upstream.max_document_mb << 20,
                ..CacheConfig::default()
            },
            counters: self.counters.clone(),
        })
    }
}

/// The memory for metadata is shared by two fronts, each with compiled documents and rendered answers.
fn quarter(settings: &Settings) -> u64 {
    settings.cache.memory_mb.saturating_mul(1 << 20) / 4
}

/// The disk for metadata is shared in the same way.
fn disk_quarter(settings: &Settings) -> u64 {
    settings.cache.disk_mb.saturating_mul(1 << 20) / 4
}

fn bodies(settings: &Settings, ecosystem: Ecosystem) -> Option<Arc<Bodies>> {
    let folder = cache_folder(settings).join("answers").join(ecosystem.as_str());
    (settings.cache.disk_mb > 0).then(|| Arc::new(Bodies::new(folder, disk_quarter(settings))))
}

fn cache_folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("cache")
}
