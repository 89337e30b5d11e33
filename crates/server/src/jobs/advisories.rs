//! Keeps advisories and the operator's own entries in force: sources are watched, compiled beside the requests and
//! swapped in whole. What can't be read changes nothing: the last good state stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sekisho_core::policy::Policy;
use sekisho_feed::policy_file::{self, PolicyFileError};
use sekisho_feed::{Feed, Refresh, Stamp};

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
            Ok(Refresh::Unchanged) => {
                failing = None;
                if feed.is_configured() {
                    app.feed_health.succeeded(app.clock.now());
                }
            }
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
                app.feed_health.succeeded(app.clock.now());
                failing = None;
            }
            Err(error) => {
                // The same failure is said once, not every five seconds.
                let text = error.to_string();
                app.feed_health.failed(error.source_name(), &text, app.clock.now());
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

impl PolicyWatch {
    /// Reads the list. A file that is not there is an empty list; one that can't be read is an error.
    pub fn start(path: PathBuf) -> Result<(PolicyWatch, Policy), PolicyFileError> {
        let stamp = Stamp::of(&path).ok();
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
        let now = Stamp::of(&self.path).ok();
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

#[cfg(test)]
mod tests {
    use sekisho_core::{Clock, Ecosystem, PackageName};

    use super::*;
    use crate::ambient::SystemClock;

    fn entries(gate: &Gate, name: &str) -> usize {
        let name = PackageName::parse(Ecosystem::Npm, name).unwrap();
        gate.current().policy.entries(&name).len()
    }

    fn block(name: &str) -> String {
        format!("[[block]]\npackage = \"pkg:npm/{name}\"\n")
    }

    #[test]
    fn a_list_that_is_replaced_by_one_of_the_same_length_and_time_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        std::fs::write(&path, block("one")).unwrap();
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        let (mut watch, policy) = PolicyWatch::start(path.clone()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let gate = Gate::new(Knowledge::OwnEntriesOnly, Arc::default(), Arc::new(policy), clock);
        assert_eq!((entries(&gate, "one"), entries(&gate, "two")), (1, 0));
        // As `cp --preserve` or a restored backup leaves it.
        let copy = folder.path().join("copy");
        std::fs::write(&copy, block("two")).unwrap();
        std::fs::File::options().write(true).open(&copy).unwrap().set_modified(written).unwrap();
        std::fs::rename(&copy, &path).unwrap();
        watch.look(&gate);
        assert_eq!(entries(&gate, "two"), 0, "it may still be being written");
        watch.look(&gate);
        assert_eq!((entries(&gate, "one"), entries(&gate, "two")), (0, 1));
    }
}
