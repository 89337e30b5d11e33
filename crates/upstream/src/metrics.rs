//! Counters that the server exports. Plain numbers, only ever growing.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The present value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the client and the caches count.
#[derive(Debug, Default)]
pub struct Counters {
    /// Answered from memory, fresh.
    pub hits: Counter,
    /// Not in memory, or expired: a flight was joined or started.
    pub misses: Counter,
    /// After a restart, answered from disk before the document was read.
    pub shelved: Counter,
    /// Answered with a stale document.
    pub stale: Counter,
    /// Answered from a remembered failure or absence.
    pub remembered: Counter,
    /// Documents read back from disk.
    pub disk_reads: Counter,
    /// Stored files that were damaged and removed.
    pub disk_damaged: Counter,
    /// Documents that could not be stored (disk full, or too much waiting to be written).
    pub disk_skipped: Counter,
    /// Upstream said that nothing changed.
    pub revalidated: Counter,
    /// Documents compiled.
    pub compiled: Counter,
    /// Requests sent to upstreams, retries and redirects included.
    pub upstream_requests: Counter,
    /// Requests to upstreams that failed (a 404 is none).
    pub upstream_errors: Counter,
    /// Files that were found in the artifact store.
    pub artifacts_hit: Counter,
    /// Downloads of files to be kept.
    pub artifacts_downloaded: Counter,
    /// Files kept.
    pub artifacts_kept: Counter,
    /// Files removed from the artifact store, to make room or because they were wrong.
    pub artifacts_evicted: Counter,
    /// Files that could not be kept: a full disk, or storage that does not answer.
    pub artifacts_not_kept: Counter,
    /// Files whose bytes were not what their document says.
    pub artifacts_mismatched: Counter,
}
