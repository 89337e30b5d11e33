//! The gate: holds the current blocklist and policy, and hands out what may pass as a value that only it can make.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use sekisho_core::blocklist::Blocklist;
use sekisho_core::policy::{NameView, Policy, Refusal};
use sekisho_core::{Clock, PackageName, Release, Timestamp};

use crate::http::{Code, Problem};

/// What is known about advisories right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// No source is configured: the operator's own entries and the canaries only.
    OwnEntriesOnly,
    /// A source is configured, and nothing was ever loaded: nothing passes.
    NothingLoaded,
    /// Advisories are in force.
    Loaded,
}

/// One immutable state of the gate. A request takes it once, so that all its answers rest on the same knowledge.
#[derive(Debug)]
pub struct Guard {
    /// What is known.
    pub knowledge: Knowledge,
    /// The advisories.
    pub blocklist: Arc<Blocklist>,
    /// The operator's own entries.
    pub policy: Arc<Policy>,
    /// Differs between any two states of this process; part of the keys of what was derived from it.
    pub generation: u64,
}

impl Guard {
    /// Everything known about one name at a moment, for documents with many versions of it.
    pub fn view(&self, name: &PackageName, now: Timestamp) -> NameView<'_> {
        NameView::new(name, &self.blocklist, &self.policy, now)
    }
}

/// A release that was decided on and may be taken; the ledger wants one. Only [`judge`] makes it.
#[derive(Debug)]
pub struct Cleared {
    release: Release,
}

impl Cleared {
    /// The release.
    pub fn release(&self) -> &Release {
        &self.release
    }
}

/// A release that may not be taken, and why.
#[derive(Debug)]
pub struct Refused {
    /// The release.
    pub release: Release,
    /// The decision's reason.
    pub refusal: Refusal,
}

/// Turns what a view says about a release into a value that says whether it may be taken. Views hold the decision's
/// verdicts, so metadata and artifacts can't disagree.
pub fn judge(release: Release, refusal: Option<&Refusal>) -> Result<Cleared, Refused> {
    match refusal {
        None => Ok(Cleared { release }),
        Some(refusal) => Err(Refused { release, refusal: refusal.clone() }),
    }
}

/// The current state, swapped whole; a look-up takes no lock.
pub struct Gate {
    current: ArcSwap<Guard>,
    generations: AtomicU64,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// A gate that knows what it starts with.
    pub fn new(knowledge: Knowledge, blocklist: Arc<Blocklist>, policy: Arc<Policy>, clock: Arc<dyn Clock>) -> Gate {
        let guard = Guard { knowledge, blocklist, policy, generation: 0 };
        Gate { current: ArcSwap::from_pointee(guard), generations: AtomicU64::new(1), clock }
    }

    /// Puts new advisories in force.
    pub fn set_blocklist(&self, blocklist: Arc<Blocklist>) {
        self.swap(|old| (Knowledge::Loaded, blocklist.clone(), old.policy.clone()));
    }

    /// Puts the operator's entries in force.
    pub fn set_policy(&self, policy: Arc<Policy>) {
        self.swap(|old| (old.knowledge, old.blocklist.clone(), policy.clone()));
    }

    /// The current state, whatever it knows.
    pub fn current(&self) -> Arc<Guard> {
        self.current.load_full()
    }

    /// The current state, for deciding; a problem if nothing can be decided.
    pub fn guard(&self) -> Result<Arc<Guard>, Problem> {
        let guard = self.current();
        match guard.knowledge {
            Knowledge::NothingLoaded => Err(Problem::new(
                Code::NothingLoaded,
                "Advisories are configured but none could be loaded yet, and nothing is let through unchecked.",
            )
            .retry_after(10)),
            Knowledge::OwnEntriesOnly | Knowledge::Loaded => Ok(guard),
        }
    }

    /// Everything known about one name now.
    pub fn view<'a>(&self, guard: &'a Guard, name: &PackageName) -> NameView<'a> {
        guard.view(name, self.now())
    }

    /// The moment that decisions are made at.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn swap(&self, parts: impl Fn(&Guard) -> (Knowledge, Arc<Blocklist>, Arc<Policy>)) {
        self.current.rcu(|old| {
            let (knowledge, blocklist, policy) = parts(old);
            let generation = self.generations.fetch_add(1, Ordering::Relaxed);
            Arc::new(Guard { knowledge, blocklist, policy, generation })
        });
    }
}
