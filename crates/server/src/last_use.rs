//! When tokens were last used: noted in memory, written down in batches. Losing a few seconds of it loses nothing that
//! anybody relies on; what was taken is in the ledger.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sekisho_core::Timestamp;
use sekisho_core::id::{AccountId, TokenId};
use sekisho_store::{LastUse, Store, StoreError};

/// Uses that are not written down yet.
#[derive(Default)]
pub(crate) struct LastUses {
    pending: Mutex<HashMap<TokenId, (AccountId, Timestamp)>>,
}

impl LastUses {
    /// Notes a use.
    pub(crate) fn note(&self, token: TokenId, account: AccountId, at: Timestamp) {
        self.lock().insert(token, (account, at));
    }

    /// Writes down what is noted; on failure it stays noted.
    pub(crate) async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let taken = std::mem::take(&mut *self.lock());
        if taken.is_empty() {
            return Ok(());
        }
        let uses: Vec<LastUse> =
            taken.iter().map(|(token, (account, at))| LastUse { token: *token, account: *account, at: *at }).collect();
        let written = store.tokens().touch_last_used(&uses).await;
        if written.is_err() {
            let mut pending = self.lock();
            for (token, noted) in taken {
                pending.entry(token).or_insert(noted);
            }
        }
        written
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TokenId, (AccountId, Timestamp)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
