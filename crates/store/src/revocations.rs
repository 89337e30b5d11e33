//! Which credentials ended lately, of every sort, by whichever node or command: each node looks again and again.

use sekisho_core::Timestamp;
use sekisho_core::token::TokenHash;

use crate::db::{Db, sql};
use crate::error::StoreError;

statements! {
    // A token that was rotated with an overlap has not ended, but ends sooner than a node may think.
    SINCE = "SELECT hash, revoked_at FROM tokens WHERE revoked_at >= $1 \
             UNION ALL SELECT hash, revoked_at FROM org_tokens WHERE revoked_at >= $1 \
             UNION ALL SELECT old.hash, new.created_at FROM org_tokens new JOIN org_tokens old ON old.id = new.replaces \
             WHERE new.replaces IS NOT NULL AND new.created_at >= $1 \
             UNION ALL SELECT hash, revoked_at FROM bot_keys WHERE revoked_at >= $1 \
             UNION ALL SELECT k.hash, b.removed_at FROM bots b JOIN bot_keys k ON k.bot_id = b.id WHERE b.removed_at >= $1";
}

/// The credentials that ended.
pub struct Revocations<'a> {
    pub(crate) db: &'a Db,
}

impl Revocations<'_> {
    /// What caches know those by that were revoked or replaced at or after `since`, or whose bot was removed; and when.
    /// One that was replaced and then revoked is there twice.
    pub async fn since(&self, since: Timestamp) -> Result<Vec<(TokenHash, Timestamp)>, StoreError> {
        let rows = self.db.all(sql(SINCE).bind(since)).await?;
        rows.iter().map(|row| Ok((row.hash(0)?, row.time(1)?))).collect()
    }
}
