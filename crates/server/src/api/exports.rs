//! Places for exports that run at once: each reads the database for minutes, on a connection that questions need too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_core::Clock;
use sekisho_core::id::OrgId;

use crate::http::{Code, Problem};

/// A client that takes nothing for so long loses its place to the next one that asks.
const STALLED: Duration = Duration::from_secs(60);
/// What the log says of one that lost it.
pub(crate) const LOST: &str = "the client took nothing for a minute, and another export has its place";
const RETRY_SECONDS: u64 = 30;

/// The places of this node.
pub struct Exports {
    held: Mutex<Vec<Held>>,
    numbers: AtomicU64,
    most: usize,
    clock: Arc<dyn Clock>,
}

struct Held {
    number: u64,
    org: OrgId,
    /// When its client last took something.
    moved: Duration,
}

/// A place; given back when it is dropped.
pub(crate) struct Place {
    exports: Arc<Exports>,
    number: u64,
}

impl Exports {
    /// As many as the setting `limits.exports` says.
    pub fn new(most: usize, clock: Arc<dyn Clock>) -> Exports {
        Exports { held: Mutex::default(), numbers: AtomicU64::default(), most, clock }
    }

    /// A place for an organisation's export. One organisation gets half of them, so that others get some too.
    pub(crate) fn take(self: &Arc<Exports>, org: OrgId) -> Result<Place, Problem> {
        let now = self.clock.monotonic();
        let mut held = self.held();
        let own = held.iter().filter(|place| place.org == org).count();
        let ours = own >= self.most.div_ceil(2);
        if ours || held.len() >= self.most {
            let stalled = |place: &Held| now.saturating_sub(place.moved) >= STALLED;
            // One of the organisation's own, if those are too many.
            let old = held.iter().position(|place| stalled(place) && (!ours || place.org == org));
            let Some(old) = old else { return Err(busy(ours)) };
            held.remove(old);
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        held.push(Held { number, org, moved: now });
        Ok(Place { exports: Arc::clone(self), number })
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The client took something; `false` if it was so slow that another export has the place.
    pub(crate) fn moves(&self) -> bool {
        let now = self.exports.clock.monotonic();
        let mut held = self.exports.held();
        let own = held.iter_mut().find(|place| place.number == self.number);
        own.map(|place| place.moved = now).is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.exports.held().retain(|place| place.number != self.number);
    }
}

fn busy(ours: bool) -> Problem {
    let whose = if ours { "of this organisation run" } else { "run" };
    let detail = format!("As many exports {whose} as may at once. Try again when one has ended.");
    Problem::new(Code::RateLimited, detail).retry_after(RETRY_SECONDS)
}
