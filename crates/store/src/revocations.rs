//! Which credentials ended lately, of every sort, by whichever node or command: each node looks again and again.

use sekisho_core::Timestamp;
use sekisho_core::token::TokenHash;

use crate::db::{Db, sql};
use crate::error::StoreError;

statements! {
    // A token that was rotated with an overlap has not ended, but ends sooner than a node may think.
    SINCE = "SELECT hash FROM tokens WHERE revoked_at >= $1 \
             UNION ALL SELECT hash FROM org_tokens WHERE revoked_at >= $1 \
             UNION ALL SELECT old.hash FROM org_tokens new JOIN org_tokens old ON old.id = new.replaces \
             WHERE new.replaces IS NOT NULL AND new.created_at >= $1 \
             UNION ALL SELECT hash FROM bot_keys WHERE revoked_at >= $1 \
             UNION ALL SELECT k.hash FROM bots b JOIN bot_keys k ON k.bot_id = b.id WHERE b.removed_at >= $1";
}

/// The credentials that ended.
pub struct Revocations<'a> {
    pub(crate) db: &'a Db,
}

impl Revocations<'_> {
    /// What caches know those by that were revoked or replaced at or after `since`, or whose bot was removed.
    pub async fn since(&self, since: Timestamp) -> Result<Vec<TokenHash>, StoreError> {
        self.db.all(sql(SINCE).bind(since)).await?.iter().map(|row| row.hash(0)).collect()
    }
}
