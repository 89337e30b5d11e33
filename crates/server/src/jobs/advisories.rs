//! Keeps advisories and the operator's own entries in force: sources are watched, compiled beside the requests and
//! swapped in whole. What can't be read changes nothing: the last good state stays.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sekisho_core::policy::Policy;
use sekisho_feed::policy_file::{self, PolicyFileError};
use sekisho_feed::{Feed, Refresh};

use crate::app::App;
use crate::feed_fetch::FeedFetch;
use crate::gate::{Gate, Knowledge};

/// How often files and folders are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How often the operator's own list is looked at.
const LOOK_AT_POLICY: Duration = Duration::from_secs(1);

/// Watches the sources until it is dropped.
pub async fn run(app: Arc<App>, feed: Arc<Feed>) {
    let interval = Duration::from_secs(app.settings.feed.interval_seconds);
    let fetch = FeedFetch::new(app.client.clone(), app.clock.clone(), interval);
    let mut failing: Option<String> = None;
    loop {
        let began = app.clock.monotonic();
        match feed.refresh(&fetch).await {
            Ok(Refresh::Unchanged) => failing = None,
            Ok(Refresh::Compiled(snapshot)) => {
                let report = &snapshot.report;
                tracing::info!(
                    records = report.records,
                    names = report.names,
                    took_ms = report.took_ms,
                    "advisories are in force"
                );
                for note in &report.notes {
                    tracing::info!("advisories: {note}");
                }
                app.gate.set_blocklist(Arc::new(snapshot.blocklist));
                failing = None;
            }
            Err(error) => {
                // The same failure is said once, not every five seconds.
                let text = error.to_string();
                if failing.as_ref() != Some(&text) {
                    let state = match app.gate.current().knowledge {
                        Knowledge::NothingLoaded => "nothing is let through until they are",
                        Knowledge::Loaded | Knowledge::OwnEntriesOnly => "the last good ones stay",
                    };
                    tracing::error!("advisories could not be loaded, {state}: {text}");
                }
                failing = Some(text);
            }
        }
        // Looking through a folder of many thousand files takes seconds: it may cost a twentieth of a core, not more.
        let took = app.clock.monotonic().saturating_sub(began);
        tokio::time::sleep(LOOK.max(took * 20)).await;
    }
}

/// The operator's block and allow list, and what its file looked like when it was read.
pub struct PolicyWatch {
    path: PathBuf,
    stamp: Option<Stamp>,
    /// What the file looked like when it was last seen to differ.
    changing: Option<Option<Stamp>>,
}

type Stamp = (SystemTime, u64);

impl PolicyWatch {
    /// Reads the list. A file that is not there is an empty list; one that can't be read is an error.
    pub fn start(path: PathBuf) -> Result<(PolicyWatch, Policy), PolicyFileError> {
        let stamp = stamp(&path);
        let policy = match stamp {
            Some(_) => policy_file::read(&path)?,
            None => Policy::default(),
        };
        Ok((PolicyWatch { path, stamp, changing: None }, policy))
    }

    /// Follows the file until it is dropped.
    pub async fn run(mut self, app: Arc<App>) {
        loop {
            tokio::time::sleep(LOOK_AT_POLICY).await;
            self.look(&app.gate);
        }
    }

    /// Puts the list in force if the file changed. A list that can't be read, or a file that went away, changes nothing:
    /// an operator's block must not end by accident.
    pub fn look(&mut self, gate: &Gate) {
        let now = stamp(&self.path);
        if now == self.stamp {
            self.changing = None;
            return;
        }
        // A file that is just being written may be read half: it counts once it has been the same for two looks.
        if self.changing != Some(now) {
            self.changing = Some(now);
            return;
        }
        self.changing = None;
        self.stamp = now;
        let path = self.path.display();
        if now.is_none() {
            tracing::error!("{path} is gone: its entries stay in force until the server starts again");
            return;
        }
        match policy_file::read(&self.path) {
            Ok(policy) => {
                tracing::info!(entries = policy.len(), "the operator's entries are in force");
                gate.set_policy(Arc::new(policy));
            }
            Err(error) => tracing::error!("{path} can't be used, the last good entries stay: {error}"),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
