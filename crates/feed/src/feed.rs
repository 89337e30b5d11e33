//! The feed: its settings, its snapshot, and its refresh.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_core::blocklist::Blocklist;
use sekisho_core::{Clock, Timestamp};

use crate::download::{self, Place};
use crate::fetch::Fetch;
use crate::fingerprint;
use crate::report::{FeedError, Report};
use crate::snapshot::{self, Header, Snapshot};
use crate::source::Source;

/// How the feed is configured.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    /// Where records come from. Empty: nothing but the operator's own entries.
    pub sources: Vec<Source>,
    /// A record blocks if its id or an alias begins with one of these. The default is `MAL-`.
    pub prefixes: Vec<String>,
    /// The program's data folder; the feed keeps its files in `feed` below it.
    pub data_dir: PathBuf,
}

impl FeedSettings {
    /// Settings with the default prefix.
    pub fn new(sources: Vec<Source>, data_dir: impl Into<PathBuf>) -> FeedSettings {
        FeedSettings { sources, prefixes: vec!["MAL-".to_owned()], data_dir: data_dir.into() }
    }

    /// A snapshot belongs to the settings that it was compiled by: with others it would not be what was asked for.
    fn identity(&self) -> String {
        let sources = self.sources.iter().map(|source| match source {
            Source::Path(path) => format!("path {}", path.display()),
            Source::Address(url) => format!("address {url}"),
        });
        let prefixes = self.prefixes.iter().map(|prefix| format!("prefix {prefix}"));
        fingerprint::of_text(
            &sources.chain(prefixes).map(|line| format!("{}:{line}\n", line.len())).collect::<String>(),
        )
    }
}

/// The configured sources and the blocklist that was compiled from them last.
pub struct Feed {
    settings: FeedSettings,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    /// What the newest snapshot was compiled from.
    known: Mutex<Option<Known>>,
    /// One refresh at a time.
    refreshing: tokio::sync::Mutex<()>,
}

struct Known {
    fingerprints: Vec<String>,
    report: Report,
}

/// What a refresh did.
#[derive(Clone, Debug)]
pub enum Refresh {
    /// The sources are what they were; so is the blocklist.
    Unchanged,
    /// A new blocklist, already stored for the next start.
    Compiled(Snapshot),
}

impl Feed {
    /// A feed; nothing is read yet.
    pub fn new(settings: FeedSettings, clock: Arc<dyn Clock>) -> Feed {
        let folder = settings.data_dir.join("feed");
        Feed { settings, folder, clock, known: Mutex::default(), refreshing: tokio::sync::Mutex::default() }
    }

    /// There is a source. Then a release may only be decided once a snapshot was loaded or compiled.
    pub fn is_configured(&self) -> bool {
        !self.settings.sources.is_empty()
    }

    /// The snapshot of an earlier run by the same settings. `None`: nothing was ever loaded. Blocks for a few tens of
    /// milliseconds.
    pub fn load_snapshot(&self) -> Option<Snapshot> {
        let (header, blocklist) = snapshot::load(&self.snapshot_path())?;
        if header.settings != self.settings.identity() || !self.is_configured() {
            return None;
        }
        self.remember(&header);
        Some(Snapshot { blocklist, compiled_at: Timestamp(header.compiled_at), report: header.report })
    }

    /// Looks whether a source changed; if so, compiles all of them and stores the snapshot. Compiling runs on a thread
    /// for blocking work. On an error nothing changes: the last good blocklist stays valid.
    pub async fn refresh(&self, fetch: &impl Fetch) -> Result<Refresh, FeedError> {
        let _one_at_a_time = self.refreshing.lock().await;
        if !self.is_configured() {
            return Ok(Refresh::Unchanged);
        }
        let begun = self.clock.monotonic();
        let compiled_at = self.clock.now();
        let folder = self.folder.clone();
        blocking(move || Ok(fs::create_dir_all(folder)?)).await?;
        let fingerprints = self.fingerprints(fetch).await?;
        if self.known().as_ref().is_some_and(|known| known.fingerprints == fingerprints) {
            return Ok(Refresh::Unchanged);
        }

        let (settings, folder) = (self.settings.clone(), self.folder.clone());
        let compiled = move || crate::compile::all(&settings.sources, &folder, &settings.prefixes);
        let (blocklist, mut report) = blocking(compiled).await?;
        self.check_not_empty(&report)?;
        let took = self.clock.monotonic().saturating_sub(begun);
        report.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);

        let header = Header { compiled_at: compiled_at.0, settings: self.settings.identity(), fingerprints, report };
        let header = self.store(header, blocklist.clone()).await?;
        self.remember(&header);
        Ok(Refresh::Compiled(Snapshot { blocklist, compiled_at, report: header.report }))
    }

    /// Stores a blocklist. One that can't be stored still protects, so that is only noted: the next start is slower.
    async fn store(&self, mut header: Header, blocklist: Blocklist) -> Result<Header, FeedError> {
        let path = self.snapshot_path();
        blocking(move || {
            if let Err(problem) = snapshot::store(&path, &header, &blocklist) {
                tracing::warn!(%problem, "the compiled blocklist could not be stored");
                header.report.notes.push(format!("the compiled blocklist could not be stored: {problem}"));
            }
            Ok(header)
        })
        .await
    }

    /// One fingerprint for each source, taken before the source is read: what changes in between is seen next time.
    async fn fingerprints(&self, fetch: &impl Fetch) -> Result<Vec<String>, FeedError> {
        let mut all = Vec::with_capacity(self.settings.sources.len());
        for source in &self.settings.sources {
            all.push(match source {
                Source::Address(url) => {
                    let place = Place::new(&self.folder, url);
                    download::refresh(fetch, url, &place).await.map_err(|problem| problem.of(source))?
                }
                Source::Path(path) => {
                    let (path, source) = (path.clone(), source.clone());
                    blocking(move || fingerprint::of_path(&path).map_err(|problem| problem.of(&source))).await?
                }
            });
        }
        Ok(all)
    }

    /// An empty source would let everything through that it stands for.
    fn check_not_empty(&self, report: &Report) -> Result<(), FeedError> {
        let Some(empty) = report.sources.iter().find(|source| source.read == 0) else { return Ok(()) };
        let known = self.known();
        let before = known.iter().flat_map(|known| &known.report.sources).find(|old| old.source == empty.source);
        Err(FeedError::Empty { from: empty.source.clone(), before: before.map_or(0, |old| old.read) })
    }

    fn snapshot_path(&self) -> PathBuf {
        self.folder.join("snapshot")
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, header: &Header) {
        *self.known() = Some(Known { fingerprints: header.fingerprints.clone(), report: header.report.clone() });
    }
}

/// Runs what reads and parses on a thread where nobody waits for the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FeedError> + Send + 'static,
) -> Result<T, FeedError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(died) => Err(FeedError::Folder(std::io::Error::other(died))),
    }
}
