//! Organisations' own entries: who has some gets a guard of its own, made over what all share.

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_core::id::OrgId;
use sekisho_core::policy::Policy;

use super::{Gate, Guard, Own, State};
use crate::http::{Code, Problem};

/// What is known of one organisation's entries.
#[derive(Clone, Debug)]
pub enum Entries {
    /// They are these.
    Read(Arc<Policy>),
    /// There may be some, and they can't be read: nothing is let through to its people.
    Unread,
}

/// The organisations that have entries. Before they were looked for there is no telling which.
#[derive(Default)]
pub(super) struct Organisations(Option<HashMap<OrgId, Option<Arc<Guard>>>>);

impl Organisations {
    /// The guard of an organisation that has entries, inside; none outside if it is not known whether it has any.
    pub(super) fn guard(&self, org: OrgId) -> Option<Option<&Arc<Guard>>> {
        match self.0.as_ref()?.get(&org) {
            None => Some(None),
            Some(Some(guard)) => Some(Some(guard)),
            Some(None) => None,
        }
    }

    /// The same entries over another shared state.
    pub(super) fn over(&self, shared: &Guard, next: impl Fn() -> u64) -> Organisations {
        let anew = |guard: &Arc<Guard>| guard.own.as_ref().map(|own| made(shared, own.policy.clone(), next()));
        let all = self.0.as_ref();
        Organisations(all.map(|all| all.iter().map(|(org, own)| (*org, own.as_ref().and_then(anew))).collect()))
    }
}

fn made(shared: &Guard, policy: Arc<Policy>, generation: u64) -> Arc<Guard> {
    Arc::new(Guard { own: Some(Own { policy, generation }), ..shared.clone() })
}

/// Nothing is let through unchecked.
pub(super) fn unread() -> Problem {
    let detail = "Your organisation's own entries can't be read right now, and nothing is let through unchecked. Try again in a moment.";
    Problem::new(Code::DatabaseUnavailable, detail).retry_after(2)
}

impl Gate {
    /// The current state for an organisation's people, if it has entries and they can be read.
    pub fn own_guard(&self, org: OrgId) -> Option<Arc<Guard>> {
        let state = self.current.load();
        state.organisations.guard(org)?.cloned()
    }

    /// Says which organisations have entries, and puts these in force: all others have none. A guard whose entries are the
    /// very same stays, with everything that was made under it.
    pub fn set_entries<'a>(&self, all: impl Iterator<Item = (OrgId, &'a Entries)> + Clone) {
        self.current.rcu(|old| {
            let before = |org: OrgId| old.organisations.0.as_ref()?.get(&org)?.clone();
            let guard = |(org, entries): (OrgId, &Entries)| {
                let guard = match entries {
                    Entries::Unread => None,
                    Entries::Read(policy) if policy.is_empty() => return None,
                    Entries::Read(policy) => {
                        let same =
                            |guard: &Arc<Guard>| guard.own.as_ref().is_some_and(|own| Arc::ptr_eq(&own.policy, policy));
                        let kept = before(org).filter(same);
                        Some(kept.unwrap_or_else(|| made(&old.shared, policy.clone(), self.next_generation())))
                    }
                };
                Some((org, guard))
            };
            let organisations = Organisations(Some(all.clone().filter_map(guard).collect()));
            Arc::new(State { shared: old.shared.clone(), organisations })
        });
    }

    /// How many organisations have entries in force, how many entries, and of how many organisations they can't be read.
    pub fn own_entries(&self) -> (u64, u64, u64) {
        let state = self.current.load();
        let (mut organisations, mut entries, mut unread) = (0, 0, 0);
        for guard in state.organisations.0.iter().flat_map(HashMap::values) {
            match guard.as_ref().and_then(|guard| guard.own.as_ref()) {
                Some(own) => (organisations, entries) = (organisations + 1, entries + own.policy.len() as u64),
                None => unread += 1,
            }
        }
        (organisations, entries, unread)
    }
}
