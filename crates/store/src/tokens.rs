//! Tokens: hashes and hints, never the plain text.

use sekisho_core::Language;
use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, TokenId};
use sekisho_core::token::{PlainToken, TokenHash, TokenKind};

use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;

statements! {
    FIND_BY_HASH = "SELECT t.id, t.account_id, t.kind, t.hint, t.created_at, t.last_used_at, t.revoked_at, \
                    a.email, a.language FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.hash = $1";
    OF_ACCOUNT = "SELECT t.id, t.account_id, t.kind, t.hint, t.created_at, t.last_used_at, t.revoked_at, \
                  a.email, a.language FROM tokens t JOIN accounts a ON a.id = t.account_id \
                  WHERE t.account_id = $1 ORDER BY t.created_at, t.id";
    ACCOUNT_OF = "SELECT account_id FROM tokens WHERE id = $1";
    INSERT = "INSERT INTO tokens (id, account_id, kind, hash, hint, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    DELETE = "DELETE FROM tokens WHERE id = $1";
    DELETE_OF_ACCOUNT = "DELETE FROM tokens WHERE account_id = $1";
    REVOKE = "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id, hash, revoked_at";
    REVOKE_ALL = "UPDATE tokens SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL \
                  RETURNING id, hash, revoked_at";
    LIVE = "SELECT COUNT(*) FROM tokens WHERE account_id = $1 AND revoked_at IS NULL";
    TOUCH_ACCOUNT = "UPDATE accounts SET used_at = COALESCE(used_at, $2) WHERE id = $1";
    TOUCH = "UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
}

/// A token to be stored. It is made from a plain one, which stays with the caller.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    kind: TokenKind,
    hash: TokenHash,
    hint: String,
}

impl NewToken {
    /// What is kept of `token`.
    pub fn of(id: TokenId, token: &PlainToken) -> NewToken {
        NewToken { id, kind: token.kind(), hash: token.hash(), hint: token.hint() }
    }
}

/// A token's row with what is needed of its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is for.
    pub kind: TokenKind,
    /// `tg_anon_Ab3d…`
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last package request, as far as it was written down.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; such a token answers `401`.
    pub revoked_at: Option<Timestamp>,
    /// The account's address; none once it was erased.
    pub email: Option<EmailAddress>,
    /// The language of the account's mails.
    pub language: Language,
}

/// A token that no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its id.
    pub token: TokenId,
    /// What caches know it by.
    pub hash: TokenHash,
    /// Since when.
    pub at: Timestamp,
}

/// A use of a token that is to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// Which token.
    pub token: TokenId,
    /// Whose.
    pub account: AccountId,
    /// When.
    pub at: Timestamp,
}

/// The tokens.
pub struct Tokens<'a> {
    pub(crate) db: &'a Db,
}

impl Tokens<'_> {
    /// The token with this hash, revoked ones too (for 30 days).
    pub async fn find_by_hash(&self, hash: &TokenHash) -> Result<Option<TokenRow>, StoreError> {
        self.db.optional(sql(FIND_BY_HASH).bind(hash)).await?.as_ref().map(read).transpose()
    }

    /// An account's tokens, oldest first, revoked ones too.
    pub async fn of_account(&self, account: AccountId) -> Result<Vec<TokenRow>, StoreError> {
        self.db.all(sql(OF_ACCOUNT).bind(account)).await?.iter().map(read).collect()
    }

    /// Writes down when tokens were last used, all in one transaction. An older moment never replaces a later one.
    pub async fn touch_last_used(&self, uses: &[LastUse]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        // Accounts before tokens, both in order: the order in which everybody locks.
        let mut uses = uses.to_vec();
        uses.sort_by_key(|u| (u.account, u.token, u.at));
        let mut tx = self.db.begin().await?;
        for first in uses.chunk_by(|a, b| a.account == b.account).filter_map(<[LastUse]>::first) {
            tx.run(sql(TOUCH_ACCOUNT).bind(first.account).bind(first.at)).await?;
        }
        for last in uses.chunk_by(|a, b| a.token == b.token).filter_map(<[LastUse]>::last) {
            tx.run(sql(TOUCH).bind(last.token).bind(last.at)).await?;
        }
        tx.commit().await
    }
}

pub(crate) async fn insert(
    tx: &mut Tx,
    account: AccountId,
    token: &NewToken,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert = sql(INSERT).bind(token.id).bind(account).bind(kind_text(token.kind));
    tx.run(insert.bind(&token.hash).bind(token.hint.as_str()).bind(now)).await.map(drop)
}

pub(crate) async fn account_of(tx: &mut Tx, token: TokenId) -> Result<Option<AccountId>, StoreError> {
    let row = tx.optional(sql(ACCOUNT_OF).bind(token)).await?;
    row.map(|row| row.get(0).map(AccountId)).transpose()
}

/// Revokes one token; none if it was revoked before, or never was.
pub(crate) async fn revoke(tx: &mut Tx, token: TokenId, now: Timestamp) -> Result<Option<Revocation>, StoreError> {
    tx.optional(sql(REVOKE).bind(token).bind(now)).await?.as_ref().map(read_revocation).transpose()
}

pub(crate) async fn revoke_all(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
    tx.all(sql(REVOKE_ALL).bind(account).bind(now)).await?.iter().map(read_revocation).collect()
}

/// How many of an account's tokens count.
pub(crate) async fn live(tx: &mut Tx, account: AccountId) -> Result<i64, StoreError> {
    match tx.optional(sql(LIVE).bind(account)).await? {
        Some(row) => row.get(0),
        None => Ok(0),
    }
}

pub(crate) async fn delete(tx: &mut Tx, token: TokenId) -> Result<bool, StoreError> {
    Ok(tx.run(sql(DELETE).bind(token)).await? == 1)
}

pub(crate) async fn delete_of_account(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    tx.run(sql(DELETE_OF_ACCOUNT).bind(account)).await.map(drop)
}

fn kind_text(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Personal => "personal",
        TokenKind::Organisation => "organisation",
        TokenKind::BotKey => "bot_key",
    }
}

fn read(row: &Row) -> Result<TokenRow, StoreError> {
    let kind: String = row.get(2)?;
    Ok(TokenRow {
        id: TokenId(row.get(0)?),
        account: AccountId(row.get(1)?),
        kind: TokenKind::ALL
            .into_iter()
            .find(|k| kind_text(*k) == kind)
            .ok_or(StoreError::unreadable("kind of token"))?,
        hint: row.get(3)?,
        created_at: row.time(4)?,
        last_used_at: row.maybe_time(5)?,
        revoked_at: row.maybe_time(6)?,
        email: row.maybe_email(7)?,
        language: row.language(8)?,
    })
}

fn read_revocation(row: &Row) -> Result<Revocation, StoreError> {
    Ok(Revocation { token: TokenId(row.get(0)?), hash: row.hash(1)?, at: row.time(2)? })
}
