//! When credentials were last used. Noted in memory by each request and written every few seconds: a crash loses what
//! nobody relies on; what was taken is in the ledger.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use sekisho_core::Timestamp;
use sekisho_core::id::{AccountId, BotKeyId, OrgTokenId, TokenId};
use sekisho_store::{LastUse, Store, StoreError};

/// Uses that are not written down yet.
#[derive(Default)]
pub(crate) struct LastUses {
    personal: Noted<TokenId, (AccountId, Timestamp)>,
    orgs: Noted<OrgTokenId, Timestamp>,
    bots: Noted<BotKeyId, Timestamp>,
}

impl LastUses {
    /// Notes a use of a personal token.
    pub(crate) fn note(&self, token: TokenId, account: AccountId, at: Timestamp) {
        self.personal.note(token, (account, at));
    }

    /// Notes a use of an organisation's token.
    pub(crate) fn note_org(&self, token: OrgTokenId, at: Timestamp) {
        self.orgs.note(token, at);
    }

    /// Notes a use of a bot's key.
    pub(crate) fn note_bot(&self, key: BotKeyId, at: Timestamp) {
        self.bots.note(key, at);
    }

    /// Writes down what is noted; on failure it stays noted.
    pub(crate) async fn write(&self, store: &Store) -> Result<(), StoreError> {
        self.personal
            .write(async |uses| {
                let uses = uses.iter().map(|(token, (account, at))| (*token, *account, *at));
                let uses: Vec<LastUse> = uses.map(|(token, account, at)| LastUse { token, account, at }).collect();
                store.tokens().touch_last_used(&uses).await
            })
            .await?;
        self.orgs.write(async |uses| store.org_tokens().touch_last_used(uses).await).await?;
        self.bots.write(async |uses| store.bots().touch_keys(uses).await).await
    }
}

/// Uses of one sort of credential.
struct Noted<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Noted<K, V> {
    fn default() -> Self {
        Noted(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Noted<K, V> {
    fn note(&self, key: K, value: V) {
        self.lock().insert(key, value);
    }

    async fn write(&self, to: impl AsyncFnOnce(&[(K, V)]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let taken: Vec<(K, V)> = std::mem::take(&mut *self.lock()).into_iter().collect();
        if taken.is_empty() {
            return Ok(());
        }
        let written = to(&taken).await;
        if written.is_err() {
            let mut pending = self.lock();
            for (key, value) in taken {
                pending.entry(key).or_insert(value);
            }
        }
        written
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
