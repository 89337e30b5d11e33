//! The gate: holds the current blocklist and policies, and hands out what may pass as a value that only it can make.

mod own;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use sekisho_core::blocklist::Blocklist;
use sekisho_core::policy::{NameView, Policies, Policy, Refusal};
use sekisho_core::{Clock, PackageName, Release, Timestamp};

use self::own::Organisations;
use crate::callers::Caller;
use crate::http::{Code, Problem};

pub use self::own::Entries;

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
#[derive(Clone, Debug)]
pub struct Guard {
    /// What is known.
    pub knowledge: Knowledge,
    /// The advisories.
    pub blocklist: Arc<Blocklist>,
    /// The operator's own entries.
    pub policy: Arc<Policy>,
    /// Those of the caller's organisation, if it has any.
    pub own: Option<Own>,
    /// Differs between any two states of what all callers share; part of the keys of what was derived from that alone.
    pub shared_generation: u64,
}

/// An organisation's own entries.
#[derive(Clone, Debug)]
pub struct Own {
    /// The entries.
    pub policy: Arc<Policy>,
    /// Differs from every other generation of this process, shared or an organisation's.
    generation: u64,
}

impl Guard {
    /// Everything known about one name at a moment, for documents with many versions of it.
    pub fn view(&self, name: &PackageName, now: Timestamp) -> NameView<'_> {
        NameView::new(name, &self.blocklist, self.policies(), now)
    }

    /// The entries that count for the caller.
    pub fn policies(&self) -> Policies<'_> {
        Policies { operator: &self.policy, organisation: self.own.as_ref().map(|own| &*own.policy) }
    }

    /// The same without anything that is said about any name.
    pub fn about_nothing(&self) -> Guard {
        let own = self.own.as_ref().map(|own| Own { policy: Arc::default(), generation: own.generation });
        Guard { blocklist: Arc::default(), policy: Arc::default(), own, ..self.clone() }
    }

    /// Part of the keys of what was derived from this state about one name. Of a name that the caller's organisation says
    /// nothing about, it is what everybody has, so that it is made once for all.
    pub fn generation(&self, name: &PackageName) -> u64 {
        match &self.own {
            Some(own) if !own.policy.entries(name).is_empty() => own.generation,
            _ => self.shared_generation,
        }
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
    current: ArcSwap<State>,
    generations: AtomicU64,
    clock: Arc<dyn Clock>,
}

/// What everybody shares, and the organisations that have entries of their own.
struct State {
    shared: Arc<Guard>,
    organisations: Organisations,
}

impl Gate {
    /// A gate that knows what it starts with. Of organisations it knows nothing until it is [told](Gate::set_entries), and
    /// lets nobody of any through before.
    pub fn new(knowledge: Knowledge, blocklist: Arc<Blocklist>, policy: Arc<Policy>, clock: Arc<dyn Clock>) -> Gate {
        let guard = Guard { knowledge, blocklist, policy, own: None, shared_generation: 0 };
        let state = State { shared: Arc::new(guard), organisations: Organisations::default() };
        Gate { current: ArcSwap::from_pointee(state), generations: AtomicU64::new(1), clock }
    }

    /// Puts new advisories in force.
    pub fn set_blocklist(&self, blocklist: Arc<Blocklist>) {
        self.swap(|old| Guard { knowledge: Knowledge::Loaded, blocklist: blocklist.clone(), ..old.clone() });
    }

    /// Puts the operator's entries in force.
    pub fn set_policy(&self, policy: Arc<Policy>) {
        self.swap(|old| Guard { policy: policy.clone(), ..old.clone() });
    }

    /// The current state that all share, whatever it knows.
    pub fn current(&self) -> Arc<Guard> {
        self.current.load().shared.clone()
    }

    /// The current state for a caller, for deciding; a problem if nothing can be decided.
    pub fn guard(&self, caller: &Caller) -> Result<Arc<Guard>, Problem> {
        let state = self.current.load();
        let guard = match caller.org() {
            None => state.shared.clone(),
            Some(org) => state.organisations.guard(org).ok_or_else(own::unread)?.unwrap_or(&state.shared).clone(),
        };
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

    fn swap(&self, change: impl Fn(&Guard) -> Guard) {
        self.current.rcu(|old| {
            let shared = Arc::new(Guard { shared_generation: self.next_generation(), ..change(&old.shared) });
            let organisations = old.organisations.over(&shared, || self.next_generation());
            Arc::new(State { shared, organisations })
        });
    }

    fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed)
    }
}
