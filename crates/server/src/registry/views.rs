//! What the current guard says about a document: made once per upstream revision and state of the gate, and shared by
//! metadata and artifacts, so that the two can't disagree.

use std::sync::Arc;

use moka::sync::Cache;
use sekisho_core::Timestamp;

/// A view with the moment at which it may change by itself.
pub struct View<V> {
    /// What is hidden or refused.
    pub seen: V,
    valid_until: Option<Timestamp>,
}

/// Views in memory, by document revision and the gate's generation.
pub struct Views<V> {
    cache: Cache<(u64, u64), Arc<View<V>>>,
}

/// Views kept; each is small unless a great many releases are hidden.
const CAPACITY: u64 = 50_000;

impl<V: Send + Sync + 'static> Default for Views<V> {
    fn default() -> Views<V> {
        Views::new()
    }
}

impl<V: Send + Sync + 'static> Views<V> {
    /// No views yet.
    pub fn new() -> Views<V> {
        Views { cache: Cache::new(CAPACITY) }
    }

    /// The view for a key, made by `make` where it is not there or has ended.
    pub fn get(&self, key: (u64, u64), now: Timestamp, make: impl FnOnce() -> (V, Option<Timestamp>)) -> Arc<View<V>> {
        if let Some(view) = self.cache.get(&key).filter(|v| v.valid_until.is_none_or(|end| now < end)) {
            return view;
        }
        let (seen, valid_until) = make();
        let view = Arc::new(View { seen, valid_until });
        self.cache.insert(key, view.clone());
        view
    }
}
