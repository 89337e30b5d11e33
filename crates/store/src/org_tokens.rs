//! Tokens that an organisation gives to people and machines: hashes and hints, never the plain text.

use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_core::token::{PlainToken, TokenHash};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::repeats::{self, NewRepeat};

statements! {
    INSERT = "INSERT INTO org_tokens (id, org_id, identifier, hash, hint, made_by, created_at, expires_at, replaces) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND_BY_HASH = "SELECT t.id, t.org_id, t.identifier, t.hint, t.created_at, t.expires_at, t.last_used_at, \
                    t.revoked_at, t.replaces, t.replaced_by, o.guard FROM org_tokens t \
                    JOIN organisations o ON o.id = t.org_id WHERE t.hash = $1";
    FIND = "SELECT t.id, t.org_id, t.identifier, t.hint, t.created_at, t.expires_at, t.last_used_at, \
            t.revoked_at, t.replaces, t.replaced_by, o.guard FROM org_tokens t \
            JOIN organisations o ON o.id = t.org_id WHERE t.org_id = $1 AND t.id = $2";
    CARRYING = "SELECT t.id, t.org_id, t.identifier, t.hint, t.created_at, t.expires_at, t.last_used_at, \
                t.revoked_at, t.replaces, t.replaced_by, o.guard, o.name, o.self_rotate FROM org_tokens t \
                JOIN organisations o ON o.id = t.org_id \
                WHERE t.identifier = $1 AND t.id < $2 AND t.revoked_at IS NULL AND o.removed_at IS NULL \
                ORDER BY t.id DESC LIMIT $3";
    CARRIED = "SELECT t.id, t.org_id, t.identifier, t.hint, t.created_at, t.expires_at, t.last_used_at, \
               t.revoked_at, t.replaces, t.replaced_by, o.guard, o.name, o.self_rotate FROM org_tokens t \
               JOIN organisations o ON o.id = t.org_id \
               WHERE t.identifier = $1 AND t.id = $2 AND t.revoked_at IS NULL AND o.removed_at IS NULL";
    // A row value is compared by its first part, then by its second: the page after a row, whatever was added since.
    PAGE = "SELECT t.id, t.org_id, t.identifier, t.hint, t.created_at, t.expires_at, t.last_used_at, \
            t.revoked_at, t.replaces, t.replaced_by, o.guard FROM org_tokens t \
            JOIN organisations o ON o.id = t.org_id \
            WHERE t.org_id = $1 AND (t.identifier, t.id) > ($2, $3) AND t.identifier < $4 AND ($5 = 'any' \
            OR ($5 = 'revoked' AND t.revoked_at IS NOT NULL) \
            OR ($5 = 'expired' AND t.revoked_at IS NULL AND t.expires_at <= $6) \
            OR ($5 = 'active' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $6))) \
            ORDER BY t.identifier, t.id LIMIT $7";
    PAGE_BEFORE = "SELECT t.id, t.org_id, t.identifier, t.hint, t.created_at, t.expires_at, t.last_used_at, \
            t.revoked_at, t.replaces, t.replaced_by, o.guard FROM org_tokens t \
            JOIN organisations o ON o.id = t.org_id \
            WHERE t.org_id = $1 AND (t.identifier, t.id) < ($2, $3) AND t.identifier >= $4 AND ($5 = 'any' \
            OR ($5 = 'revoked' AND t.revoked_at IS NOT NULL) \
            OR ($5 = 'expired' AND t.revoked_at IS NULL AND t.expires_at <= $6) \
            OR ($5 = 'active' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $6))) \
            ORDER BY t.identifier DESC, t.id DESC LIMIT $7";
    REVOKE = "UPDATE org_tokens SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL \
              RETURNING hash";
    REVOKE_ALL = "UPDATE org_tokens SET revoked_at = $2 WHERE org_id = $1 AND revoked_at IS NULL";
    // Of two rotations at once one finds the row as it was.
    REPLACE = "UPDATE org_tokens SET replaced_by = $3, expires_at = $4, revoked_at = $5 \
               WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL AND replaced_by IS NULL \
               RETURNING hash";
    TOUCH = "UPDATE org_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
}

/// A token to be stored. It is made from a plain one, which stays with the caller.
#[derive(Clone, Debug)]
pub struct NewOrgToken {
    /// Its id.
    pub id: OrgTokenId,
    /// Whom it is for.
    pub identifier: UserIdentifier,
    /// Who made it, as the audit log writes it.
    pub made_by: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    hash: TokenHash,
    hint: String,
}

impl NewOrgToken {
    /// What is kept of `token`.
    pub fn of(
        id: OrgTokenId,
        token: &PlainToken,
        identifier: UserIdentifier,
        made_by: &str,
        expires_at: Option<Timestamp>,
    ) -> NewOrgToken {
        NewOrgToken { id, identifier, made_by: made_by.to_owned(), expires_at, hash: token.hash(), hint: token.hint() }
    }
}

/// A token's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgTokenRow {
    /// Its id.
    pub id: OrgTokenId,
    /// Its organisation.
    pub org: OrgId,
    /// Whom it is for.
    pub identifier: UserIdentifier,
    /// `tg_org_Ab3d…`
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The last package request, as far as it was written down.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The token that it came instead of.
    pub replaces: Option<OrgTokenId>,
    /// The token that came instead of it.
    pub replaced_by: Option<OrgTokenId>,
    /// Its organisation has Guard enabled.
    pub guard: bool,
}

/// A token with what the person whom it was given to needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedToken {
    /// The token.
    pub row: OrgTokenRow,
    /// What the organisation is called.
    pub org_name: String,
    /// The organisation lets people rotate what carries their address.
    pub self_rotate: bool,
}

/// Whether a token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    /// It counts.
    Active,
    /// It was revoked.
    Revoked,
    /// It ended by itself.
    Expired,
}

impl TokenStatus {
    /// Every status.
    pub const ALL: [TokenStatus; 3] = [TokenStatus::Active, TokenStatus::Revoked, TokenStatus::Expired];

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenStatus::Active => "active",
            TokenStatus::Revoked => "revoked",
            TokenStatus::Expired => "expired",
        }
    }
}

impl OrgTokenRow {
    /// Whether it counts at `now`.
    pub fn status(&self, now: Timestamp) -> TokenStatus {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => TokenStatus::Revoked,
            (None, Some(end)) if end <= now => TokenStatus::Expired,
            _ => TokenStatus::Active,
        }
    }
}

/// Which tokens, and after which one.
#[derive(Clone, Debug)]
pub struct OrgTokenPage {
    /// Whose identifiers begin so.
    pub prefix: IdentifierPrefix,
    /// Of this status; `None`: of any.
    pub status: Option<TokenStatus>,
    /// After this identifier and id.
    pub after: Option<(UserIdentifier, OrgTokenId)>,
    /// At most so many.
    pub limit: u32,
}

impl OrgTokenPage {
    fn place(&self) -> Option<(String, OrgTokenId)> {
        self.after.as_ref().map(|(identifier, id)| (identifier.to_string(), *id))
    }
}

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The new token counts. With no overlap the old one does not any more.
    Done {
        /// What caches know the old one by: it ended, or ends sooner than they think.
        old: TokenHash,
    },
    /// It was rotated before.
    Before,
    /// The call is a repeated one, and the token of the first is there.
    Repeated,
    /// It does not count, or the organisation has no such token.
    Absent,
}

/// The organisations' tokens.
pub struct OrgTokens<'a> {
    pub(crate) db: &'a Db,
}

impl OrgTokens<'_> {
    /// Stores a token; `false` if the call is a repeated one, and the token of the first is there.
    pub async fn issue(
        &self,
        org: OrgId,
        token: &NewOrgToken,
        audit: &NewAudit,
        once: Option<&NewRepeat>,
    ) -> Result<bool, StoreError> {
        self.issue_all(org, &[(token, audit)], once).await
    }

    /// Stores many tokens, or none of them; all were made by one caller with one right. `false` as above.
    pub async fn issue_all(
        &self,
        org: OrgId,
        tokens: &[(&NewOrgToken, &NewAudit)],
        once: Option<&NewRepeat>,
    ) -> Result<bool, StoreError> {
        let Some(((_, first), rest)) = tokens.split_first() else { return Ok(true) };
        let mut tx = self.db.begin().await?;
        audit::insert(&mut tx, org, first).await?;
        if !repeats::claim(&mut tx, once, first.at).await? {
            return Ok(false);
        }
        for (_, audit) in rest {
            // The right is held since the first one.
            audit::append(&mut tx, org, audit).await?;
        }
        for (token, audit) in tokens {
            insert(&mut tx, org, token, None, audit.at).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The token with this hash, dead ones too.
    pub async fn find_by_hash(&self, hash: &TokenHash) -> Result<Option<OrgTokenRow>, StoreError> {
        self.db.optional(sql(FIND_BY_HASH).bind(hash)).await?.as_ref().map(read).transpose()
    }

    /// An organisation's token, dead ones too.
    pub async fn find(&self, org: OrgId, id: OrgTokenId) -> Result<Option<OrgTokenRow>, StoreError> {
        self.db.optional(sql(FIND).bind(org).bind(id)).await?.as_ref().map(read).transpose()
    }

    /// Tokens of every organisation that carry exactly this identifier and were not revoked, newest first, from before
    /// `before` on.
    pub async fn carrying(
        &self,
        identifier: &str,
        before: Option<OrgTokenId>,
        limit: u32,
    ) -> Result<Vec<CarriedToken>, StoreError> {
        let place = before.unwrap_or(OrgTokenId(uuid::Uuid::max()));
        let page = sql(CARRYING).bind(identifier).bind(place).bind(i64::from(limit));
        self.db.all(page).await?.iter().map(read_carried).collect()
    }

    /// The one of them with this id.
    pub async fn carried(&self, identifier: &str, id: OrgTokenId) -> Result<Option<CarriedToken>, StoreError> {
        self.db.optional(sql(CARRIED).bind(identifier).bind(id)).await?.as_ref().map(read_carried).transpose()
    }

    /// Tokens by identifier, then by age. Rows that come meanwhile move none from one page to another.
    pub async fn page(&self, org: OrgId, page: &OrgTokenPage, now: Timestamp) -> Result<Vec<OrgTokenRow>, StoreError> {
        let start = || (page.prefix.first().to_owned(), OrgTokenId(uuid::Uuid::nil()));
        self.rows(PAGE, org, page, page.place().unwrap_or_else(start), page.prefix.end(), now).await
    }

    /// The rows that stand before `page.after` in the same order, the nearest ones; without a place the last ones.
    pub async fn page_before(
        &self,
        org: OrgId,
        page: &OrgTokenPage,
        now: Timestamp,
    ) -> Result<Vec<OrgTokenRow>, StoreError> {
        let end = || (page.prefix.end(), OrgTokenId(uuid::Uuid::max()));
        let (place, first) = (page.place().unwrap_or_else(end), page.prefix.first().to_owned());
        let mut rows = self.rows(PAGE_BEFORE, org, page, place, first, now).await?;
        rows.reverse();
        Ok(rows)
    }

    async fn rows(
        &self,
        statement: &'static str,
        org: OrgId,
        page: &OrgTokenPage,
        (identifier, id): (String, OrgTokenId),
        bound: String,
        now: Timestamp,
    ) -> Result<Vec<OrgTokenRow>, StoreError> {
        let status = page.status.map_or("any", TokenStatus::as_str);
        let statement = sql(statement).bind(org).bind(identifier).bind(id).bind(bound).bind(status).bind(now);
        self.db.all(statement.bind(i64::from(page.limit))).await?.iter().map(read).collect()
    }

    /// Ends a token, and says what caches know it by; none if it was ended before, or the organisation has no such token.
    pub async fn revoke(&self, org: OrgId, id: OrgTokenId, audit: &NewAudit) -> Result<Option<TokenHash>, StoreError> {
        let mut tx = self.db.begin().await?;
        audit::insert(&mut tx, org, audit).await?;
        let row = tx.optional(sql(REVOKE).bind(org).bind(id).bind(audit.at)).await?;
        let Some(hash) = row.map(|row| row.hash(0)).transpose()? else { return Ok(None) };
        tx.commit().await?;
        Ok(Some(hash))
    }

    /// Puts a new token in an old one's place, which ends at `old_ends`, or at once. The audit's moment is now.
    pub async fn rotate(
        &self,
        org: OrgId,
        old: OrgTokenId,
        new: &NewOrgToken,
        old_ends: Option<Timestamp>,
        audit: &NewAudit,
        once: Option<&NewRepeat>,
    ) -> Result<Rotated, StoreError> {
        let mut tx = self.db.begin().await?;
        audit::insert(&mut tx, org, audit).await?;
        if !repeats::claim(&mut tx, once, audit.at).await? {
            return Ok(Rotated::Repeated);
        }
        let before = tx.optional(sql(FIND).bind(org).bind(old)).await?.as_ref().map(read).transpose()?;
        let Some(before) = before else { return Ok(Rotated::Absent) };
        if before.replaced_by.is_some() {
            return Ok(Rotated::Before);
        }
        if before.status(audit.at) != TokenStatus::Active {
            return Ok(Rotated::Absent);
        }
        insert(&mut tx, org, new, Some(old), audit.at).await?;
        // An overlap never makes the old one live longer than it would have.
        let ends = old_ends.map(|end| before.expires_at.map_or(end, |own| own.min(end))).or(before.expires_at);
        let revoked_at = old_ends.is_none().then_some(audit.at);
        let row = tx.optional(sql(REPLACE).bind(org).bind(old).bind(new.id).bind(ends).bind(revoked_at)).await?;
        let Some(row) = row else { return Ok(Rotated::Before) };
        tx.commit().await?;
        Ok(Rotated::Done { old: row.hash(0)? })
    }

    /// Writes down when tokens were last used, in one transaction. An older moment never replaces a later one.
    pub async fn touch_last_used(&self, uses: &[(OrgTokenId, Timestamp)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        // In order: the order in which everybody locks.
        let mut uses = uses.to_vec();
        uses.sort_unstable();
        let mut tx = self.db.begin().await?;
        for (token, at) in uses {
            tx.run(sql(TOUCH).bind(token).bind(at)).await?;
        }
        tx.commit().await
    }
}

pub(crate) async fn revoke_all(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(REVOKE_ALL).bind(org).bind(now)).await.map(drop)
}

async fn insert(
    tx: &mut Tx,
    org: OrgId,
    token: &NewOrgToken,
    replaces: Option<OrgTokenId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert = sql(INSERT).bind(token.id).bind(org).bind(token.identifier.as_str()).bind(&token.hash);
    let insert = insert.bind(token.hint.as_str()).bind(token.made_by.as_str()).bind(now).bind(token.expires_at);
    tx.run(insert.bind(replaces)).await.map(drop)
}

fn read_carried(row: &Row) -> Result<CarriedToken, StoreError> {
    Ok(CarriedToken { row: read(row)?, org_name: row.get(11)?, self_rotate: row.get::<i64>(12)? != 0 })
}

pub(crate) fn read(row: &Row) -> Result<OrgTokenRow, StoreError> {
    let identifier: String = row.get(2)?;
    Ok(OrgTokenRow {
        id: OrgTokenId(row.get(0)?),
        org: OrgId(row.get(1)?),
        identifier: UserIdentifier::parse(&identifier).map_err(|_| StoreError::unreadable("user identifier"))?,
        hint: row.get(3)?,
        created_at: row.time(4)?,
        expires_at: row.maybe_time(5)?,
        last_used_at: row.maybe_time(6)?,
        revoked_at: row.maybe_time(7)?,
        replaces: row.get::<Option<uuid::Uuid>>(8)?.map(OrgTokenId),
        replaced_by: row.get::<Option<uuid::Uuid>>(9)?.map(OrgTokenId),
        guard: row.get::<i64>(10)? != 0,
    })
}
