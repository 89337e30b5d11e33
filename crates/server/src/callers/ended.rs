//! Tokens that were used after their end: each is told of once a day, however often it is used.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sekisho_core::Timestamp;
use sekisho_core::id::OrgTokenId;

/// The day on which each was last used, and whether that waits to be told.
#[derive(Default)]
pub(super) struct EndedUses(Mutex<HashMap<OrgTokenId, (i64, bool)>>);

impl EndedUses {
    /// Notes a use.
    pub(super) fn note(&self, token: OrgTokenId, now: Timestamp) {
        let day = now.0.div_euclid(24 * 60 * 60 * 1000);
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.get(&token).is_none_or(|(told, _)| *told != day) {
            uses.retain(|_, (told, waits)| *told == day || *waits);
            uses.insert(token, (day, true));
        }
    }

    /// They wait again: the telling failed.
    pub(super) fn put_back(&self, tokens: &[OrgTokenId]) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for token in tokens {
            if let Some((_, waits)) = uses.get_mut(token) {
                *waits = true;
            }
        }
    }

    /// Those that wait to be told.
    pub(super) fn take(&self) -> Vec<OrgTokenId> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.iter_mut().filter_map(|(token, (_, waits))| std::mem::take(waits).then_some(*token)).collect()
    }
}
