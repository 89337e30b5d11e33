//! What the server counts, in the text form that Prometheus reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use sekisho_core::{Ecosystem, Timestamp};

use crate::app::App;
use crate::config::ArtifactMode;

/// Answers by front (npm, PyPI, everything else) and class of status (1xx to 5xx). Plain numbers on the request's path.
#[derive(Debug, Default)]
pub struct Metrics {
    answers: [[AtomicU64; 5]; 3],
}

const FRONTS: [&str; 3] = ["npm", "pypi", "pages"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, front: Option<Ecosystem>, status: StatusCode) {
        let front = match front {
            Some(Ecosystem::Npm) => 0,
            Some(Ecosystem::Pypi) => 1,
            None => 2,
        };
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.answers[front][class].fetch_add(1, Ordering::Relaxed);
    }
}

/// Everything that is counted, as text.
pub async fn render(app: &Arc<App>) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("sekisho");
    let answers = Family::<[(&str, &str); 2], Counter>::default();
    for (front, classes) in FRONTS.iter().zip(&app.metrics.answers) {
        for (class, count) in CLASSES.iter().zip(classes) {
            answers.get_or_create(&[("front", front), ("class", class)]).inc_by(count.load(Ordering::Relaxed));
        }
    }
    registry.register("answers", "Answers by front and class of status", answers);
    let counters = &app.counters;
    for (name, help, value) in [
        ("cache_hits", "Metadata answered from memory, fresh", counters.hits.get()),
        ("cache_misses", "Metadata not in memory or expired", counters.misses.get()),
        ("cache_stale", "Metadata answered stale", counters.stale.get()),
        ("cache_shelved", "Metadata answered from disk before its document was read", counters.shelved.get()),
        ("cache_disk_reads", "Metadata read back from disk", counters.disk_reads.get()),
        ("documents_compiled", "Upstream documents compiled", counters.compiled.get()),
        ("upstream_requests", "Requests to upstreams", counters.upstream_requests.get()),
        ("artifacts_hit", "Files found in the artifact store", counters.artifacts_hit.get()),
        ("artifacts_downloaded", "Downloads of files to be kept", counters.artifacts_downloaded.get()),
        ("artifacts_kept", "Files kept", counters.artifacts_kept.get()),
        ("artifacts_evicted", "Files removed from the artifact store", counters.artifacts_evicted.get()),
        ("artifacts_not_kept", "Files that could not be kept", counters.artifacts_not_kept.get()),
        ("artifacts_mismatched", "Files with another hash than promised", counters.artifacts_mismatched.get()),
        ("upstream_errors", "Requests to upstreams that failed", counters.upstream_errors.get()),
    ] {
        registry.register(name, help, ConstCounter::new(value));
    }
    feed(&mut registry, app);
    let guard = app.gate.current();
    let gauge = |value: u64| ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register("advisory_records", "Advisory records in force", gauge(guard.blocklist.records()));
    registry.register("policy_entries", "The operator's own entries", gauge(guard.policy.len() as u64));
    let (organisations, entries, unread) = app.gate.own_entries();
    registry.register(
        "organisations_with_entries",
        "Organisations with entries of their own in force",
        gauge(organisations),
    );
    registry.register("organisation_entries", "Organisations' own entries in force", gauge(entries));
    let help = "Organisations whose own entries can't be read: they get no packages";
    registry.register("organisation_entries_unread", help, gauge(unread));
    if app.settings.artifacts.mode == ArtifactMode::Cache {
        let artifacts = app.artifacts.clone();
        // The first look at a folder blocks.
        let size = tokio::task::spawn_blocking(move || artifacts.size()).await.unwrap_or_default();
        registry.register("artifacts_bytes", "Bytes in the artifact store", gauge(size));
    }
    let help = "Bytes of answers that lie in files without names and are sent out of these";
    registry.register("body_files_bytes", help, gauge(app.body_files.bytes()));
    if let Ok(backlog) = app.store.outbox().backlog().await {
        registry.register("mails_waiting", "Mails that wait to be sent", ConstGauge::new(backlog.waiting));
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// How the advisories' sources do; nothing where there are none.
fn feed(registry: &mut Registry, app: &App) {
    let sources = &app.settings.feed.sources;
    if sources.is_empty() {
        return;
    }
    let state = app.feed_health.state();
    let seconds = |at: Timestamp| at.0.div_euclid(1000);
    let help = "When all sources were last looked at and in force; 0: never";
    let success = ConstGauge::new(state.last_success.map_or(0, seconds));
    registry.register("feed_last_success_timestamp_seconds", help, success);
    registry.register(
        "feed_failing",
        "1: the last look at the sources failed",
        ConstGauge::new(i64::from(state.failing)),
    );
    let last = state.failures.iter().map(|failure| seconds(failure.at)).max();
    let help = "When a source last failed; 0: never since the start";
    registry.register("feed_last_failure_timestamp_seconds", help, ConstGauge::new(last.unwrap_or(0)));
}
