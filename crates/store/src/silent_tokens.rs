//! Tokens of organisations that count and that nobody uses: perhaps their holders go around the checkpoint.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;

use crate::db::sql;
use crate::error::StoreError;
use crate::org_tokens::{OrgTokenRow, OrgTokens, read};

/// A token that was not seen for this time is silent.
pub const SILENT_AFTER: Duration = Duration::from_secs(14 * 24 * 60 * 60);

// A token that another one came instead of is expected to fall silent, and counts as none. No index by the last use: it
// would be written anew every few seconds for each token in use, and reading an organisation's tokens costs a few
// milliseconds for ten thousand.
statements! {
    SEEN = "SELECT COUNT(*), COUNT(CASE WHEN COALESCE(last_used_at, created_at) <= $3 THEN 1 END) FROM org_tokens \
            WHERE org_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) AND replaced_by IS NULL";
    SILENT = "SELECT t.id, t.org_id, t.identifier, t.hint, t.created_at, t.expires_at, t.last_used_at, \
              t.revoked_at, t.replaces, t.replaced_by, o.guard FROM org_tokens t \
              JOIN organisations o ON o.id = t.org_id WHERE t.org_id = $1 AND (t.identifier, t.id) > ($4, $5) \
              AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2) AND t.replaced_by IS NULL \
              AND COALESCE(t.last_used_at, t.created_at) <= $3 ORDER BY t.identifier, t.id LIMIT $6";
}

/// How many of an organisation's tokens are in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Tokens that count, without those that another one came instead of.
    pub active: i64,
    /// Those of them that were not seen for [`SILENT_AFTER`]; never used ones too, once they are that old.
    pub silent: i64,
}

impl OrgTokens<'_> {
    /// Counts an organisation's tokens.
    pub async fn seen(&self, org: OrgId, now: Timestamp) -> Result<Seen, StoreError> {
        let row = self.db.optional(sql(SEEN).bind(org).bind(now).bind(now.minus(SILENT_AFTER))).await?;
        let row = row.ok_or(StoreError::unreadable("count"))?;
        Ok(Seen { active: row.get(0)?, silent: row.get(1)? })
    }

    /// The silent ones by identifier, then by age, after one of them.
    pub async fn silent(
        &self,
        org: OrgId,
        after: Option<&(UserIdentifier, OrgTokenId)>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<OrgTokenRow>, StoreError> {
        let (after, id) = after.map_or(("", OrgTokenId(uuid::Uuid::nil())), |(after, id)| (after.as_str(), *id));
        let statement = sql(SILENT).bind(org).bind(now).bind(now.minus(SILENT_AFTER)).bind(after).bind(id);
        self.db.all(statement.bind(i64::from(limit))).await?.iter().map(read).collect()
    }
}
