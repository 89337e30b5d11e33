//! What may be said of a stored document before it is read: after a restart, an answer that was made from it before can
//! be given at once, while it is read and compiled behind it.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::{PackageName, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use super::disk::Standing;
use super::entry::is_fresh;
use super::flight::Progress;
use super::{Document, Inner, Joined};
use crate::client::Hops;

/// A document that lies on disk, and may be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shelved {
    /// The document's revision.
    pub revision: u64,
    /// When the upstream last said that this is what it has.
    pub fetched_at: Timestamp,
    /// The upstream should have been asked again, and could not be (in time).
    pub stale: bool,
}

/// What a flight knows of the stored document.
#[derive(Clone, Copy)]
pub(super) enum Shelf {
    /// Nobody has looked yet.
    Unknown,
    /// There is none, or none that may be answered with.
    Nothing,
    /// The upstream is being asked whether it holds.
    Asking(Shelved),
    /// It holds.
    Fresh(Shelved),
    /// The upstream could not be asked.
    Stale(Shelved),
}

impl Standing {
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.fetched_at, self.fresh_for, now)
    }

    pub(super) fn is_servable(&self, now: Timestamp, max_stale: Duration) -> bool {
        now.since(self.fetched_at) <= max_stale
    }

    pub(super) fn shelved(&self, stale: bool) -> Shelved {
        Shelved { revision: self.revision, fetched_at: self.fetched_at, stale }
    }
}

impl<D: Document> Inner<D> {
    /// The stored document, where an answer need not wait until it is read: in memory there is none, and the upstream
    /// said that it holds, or does not say anything in time.
    pub(super) async fn shelved(self: &Arc<Self>, name: &PackageName, hops: &Hops) -> Option<Shelved> {
        if self.memory.contains_key(name) || self.disk.is_none() {
            return None;
        }
        let Joined::Flight(mut progress) = self.join(name, hops) else { return None };
        let until = Instant::now() + self.parts.config.stale_wait;
        loop {
            let (shelf, done) = {
                let Progress { shelf, done, .. } = &*progress.borrow_and_update();
                (*shelf, done.is_some())
            };
            match shelf {
                Shelf::Fresh(shelved) | Shelf::Stale(shelved) => return Some(shelved),
                Shelf::Nothing => return None,
                _ if done => return None,
                // The wait for an upstream that is not known yet belongs to `get`, which has our patience for it.
                Shelf::Unknown => in_time(until, &mut progress).await?.ok()?,
                Shelf::Asking(shelved) => match in_time(until, &mut progress).await {
                    Some(changed) => changed.ok()?,
                    None => return Some(shelved),
                },
            }
        }
    }
}

/// `None` once the time has passed.
async fn in_time<T>(until: Instant, progress: &mut watch::Receiver<T>) -> Option<Result<(), watch::error::RecvError>> {
    tokio::time::timeout_at(until, progress.changed()).await.ok()
}
