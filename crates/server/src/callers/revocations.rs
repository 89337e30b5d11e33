//! What others end: other nodes, the command line, and organisations that change. It is looked for by time, again and
//! again; nothing relies on being told.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::OrgId;
use sekisho_core::token::TokenHash;
use sekisho_store::StoreError;

use super::Callers;

/// Each look goes back so far, so that a slow commit and clocks that differ a little are no way past it.
const LOOK_BACK: Duration = Duration::from_secs(60);

/// What was found by the last look, and which organisations changed when.
#[derive(Default)]
pub(super) struct Followed {
    last: Mutex<Last>,
    changed: RwLock<HashMap<OrgId, Duration>>,
}

#[derive(Default)]
struct Last {
    /// With the moment: one that was replaced may be revoked soon after.
    ended: HashSet<(TokenHash, Timestamp)>,
    orgs: HashSet<(OrgId, Timestamp)>,
}

impl Followed {
    /// True if the organisation is known to have changed since what was read at `read_at`.
    pub(super) fn changed_after(&self, org: OrgId, read_at: Duration) -> bool {
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        changed.get(&org).is_some_and(|at| *at >= read_at)
    }
}

impl Callers {
    /// Looks for what others ended since the last look, and forgets it.
    pub async fn follow_revocations(&self) -> Result<(), StoreError> {
        let since = self.clock.now().minus(LOOK_BACK);
        let ended: HashSet<(TokenHash, Timestamp)> = self.store.revocations().since(since).await?.into_iter().collect();
        let orgs: HashSet<(OrgId, Timestamp)> =
            self.store.organisations().changed_since(since).await?.into_iter().collect();
        let mut last = self.followed.last.lock().unwrap_or_else(PoisonError::into_inner);
        let changed: Vec<OrgId> = orgs.difference(&last.orgs).map(|(org, _)| *org).collect();
        if !changed.is_empty() {
            self.org_changed(changed);
        }
        self.forget(ended.difference(&last.ended).map(|(hash, _)| *hash));
        *last = Last { ended, orgs };
        Ok(())
    }

    /// What is known of these organisations' credentials is read again from now on.
    fn org_changed(&self, orgs: Vec<OrgId>) {
        let now = self.clock.monotonic();
        let mut changed = self.followed.changed.write().unwrap_or_else(PoisonError::into_inner);
        // What was read so long ago is read again anyway.
        changed.retain(|_, at| now.saturating_sub(*at) < LOOK_BACK * 2);
        changed.extend(orgs.into_iter().map(|org| (org, now)));
    }
}
