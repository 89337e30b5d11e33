//! How the checkpoint itself does: its advisories, and how much of the metadata it answers from memory. Whoever has a key
//! here relies on both.

use std::time::Duration;

use sekisho_core::Timestamp;

use super::super::plot::{Caption, Meter, percent};
use super::super::text::Say;
use crate::app::App;
use crate::config::ArtifactMode;
use crate::gate::Knowledge;

/// What the page says of it.
pub(super) struct Health {
    /// Advisories in a sentence, and the class of its colour.
    pub(super) feed: (String, &'static str),
    /// When all sources were last looked at: for machines and for readers.
    pub(super) looked: Option<(String, String)>,
    /// How many advisories are in force.
    pub(super) records: String,
    /// The meter of the cache, as HTML; none before anybody asked.
    pub(super) cache: Option<String>,
}

impl Health {
    pub(super) fn of(app: &App, say: Say) -> Result<Health, askama::Error> {
        let (state, guard, now) = (app.feed_health.state(), app.gate.current(), app.clock.now());
        let looked = state.last_success.filter(|_| guard.knowledge != Knowledge::OwnEntriesOnly);
        let feed = match (guard.knowledge, looked) {
            (Knowledge::OwnEntriesOnly, _) => (say.t("overview-feed-none"), "mixed"),
            (Knowledge::NothingLoaded, _) => (say.t("overview-feed-nothing"), "bad"),
            (Knowledge::Loaded, _) if state.failing => (say.t("overview-feed-failing"), "mixed"),
            (Knowledge::Loaded, Some(at)) => (ago(say, now.since(at)), "good"),
            (Knowledge::Loaded, None) => (say.t("overview-feed-unknown"), "mixed"),
        };
        let records = i64::try_from(guard.blocklist.records()).unwrap_or(i64::MAX);
        Ok(Health {
            feed,
            looked: looked.map(|at: Timestamp| (at.to_string(), say.moment(at))),
            records: say.number(records),
            cache: cache(app, say).map(|meter| meter.draw()).transpose()?,
        })
    }
}

/// How long ago, in the largest unit that tells something.
fn ago(say: Say, time: Duration) -> String {
    let minutes = i64::try_from(time.as_secs() / 60).unwrap_or(i64::MAX);
    match minutes {
        0..120 => say.a("overview-feed-minutes", "minutes", minutes),
        120..2880 => say.a("overview-feed-hours", "hours", minutes / 60),
        _ => say.a("overview-feed-days", "days", minutes / 1440),
    }
}

fn cache(app: &App, say: Say) -> Option<Meter> {
    let counters = &app.counters;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (hits, misses) = (count(counters.hits.get()), count(counters.misses.get()));
    let whole = hits.saturating_add(misses);
    let row = |text, number: u64| (say.t(text), say.number(count(number)));
    let mut rows = vec![
        row("overview-cache-hits", counters.hits.get()),
        row("overview-cache-misses", counters.misses.get()),
        row("overview-cache-stale", counters.stale.get()),
        row("overview-cache-upstream", counters.upstream_requests.get()),
    ];
    if app.settings.artifacts.mode == ArtifactMode::Cache {
        rows.push(row("overview-cache-files", counters.artifacts_hit.get()));
        rows.push(row("overview-cache-downloads", counters.artifacts_downloaded.get()));
    }
    let says = say.count("overview-cache-says", whole);
    (whole > 0).then(|| Meter {
        caption: Caption { id: "cache", title: say.t("overview-cache"), says },
        part: hits,
        whole,
        share: say.a("overview-percent", "number", percent(hits, whole)),
        opens: say.t("overview-numbers"),
        rows,
    })
}
