//! Accounts: one per verified address.

use sekisho_core::Language;
use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, MessageId};

use crate::codes;
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::tokens::{self, Revocation};

statements! {
    FIND = "SELECT id, email, language, created_at, used_at FROM accounts WHERE id = $1";
    FIND_BY_EMAIL = "SELECT id, email, language, created_at, used_at FROM accounts WHERE email = $1";
    INSERT = "INSERT INTO accounts (id, email, language, made_by, created_at) VALUES ($1, $2, $3, $4, $5) \
              ON CONFLICT (email) DO NOTHING";
    // An update that changes nothing is a row lock that both engines know.
    LOCK = "UPDATE accounts SET language = language WHERE id = $1 \
            RETURNING id, email, language, created_at, used_at, made_by";
    LOCK_BY_EMAIL = "UPDATE accounts SET language = language WHERE email = $1 \
                     RETURNING id, email, language, created_at, used_at, made_by";
    SET_LANGUAGE = "UPDATE accounts SET language = $2 WHERE id = $1";
    FORGET_EMAIL = "UPDATE accounts SET email = NULL WHERE id = $1";
    DELETE = "DELETE FROM accounts WHERE id = $1";
    DELETE_WITHOUT_TOKENS = "DELETE FROM accounts WHERE id = $1 AND used_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM tokens WHERE account_id = accounts.id) \
         AND NOT EXISTS (SELECT 1 FROM codes WHERE account_id = accounts.id)";
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id; ledger rows carry it for ever.
    pub id: AccountId,
    /// Its address; none once it was erased.
    pub email: Option<EmailAddress>,
    /// The language of its mails.
    pub language: Language,
    /// When it was made.
    pub created_at: Timestamp,
    /// When one of its keys was first used.
    pub used_at: Option<Timestamp>,
}

/// A row that is locked until the transaction ends. Whoever changes an account's tokens takes this lock first, so that
/// two changes to one account never run at the same time and never wait for each other in a circle.
pub(crate) struct Locked {
    pub(crate) account: Account,
    pub(crate) made_by: MessageId,
}

/// The account that gets one more key.
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) language: Language,
    pub(crate) is_new: bool,
}

/// The accounts.
pub struct Accounts<'a> {
    pub(crate) db: &'a Db,
}

impl Accounts<'_> {
    /// The account with this id.
    pub async fn find(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.db.optional(sql(FIND).bind(id)).await?.as_ref().map(read).transpose()
    }

    /// The account of this address.
    pub async fn find_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        self.db.optional(sql(FIND_BY_EMAIL).bind(email)).await?.as_ref().map(read).transpose()
    }

    /// Forgets the address and revokes every key. The id stays, for the ledger's rows. Returns what was revoked; none if
    /// there is no such account.
    pub async fn erase(&self, id: AccountId, now: Timestamp) -> Result<Option<Vec<Revocation>>, StoreError> {
        let mut tx = self.db.begin().await?;
        if lock(&mut tx, id).await?.is_none() {
            return Ok(None);
        }
        let revoked = tokens::revoke_all(&mut tx, id, now).await?;
        erase_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(Some(revoked))
    }
}

/// Forgets the address and what hangs on it.
pub(crate) async fn erase_in(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    codes::delete_all(tx, id).await?;
    tx.run(sql(FORGET_EMAIL).bind(id)).await?;
    Ok(())
}

/// Makes an account; `false` if the address has one.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: AccountId,
    email: &EmailAddress,
    language: Language,
    made_by: MessageId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let insert = sql(INSERT).bind(id).bind(email).bind(language).bind(made_by).bind(now);
    Ok(tx.run(insert).await? == 1)
}

/// The account of an address, locked; made where there is none, if it may be: then the language is the given one.
pub(crate) async fn find_or_make(
    tx: &mut Tx,
    email: &EmailAddress,
    new: Option<AccountId>,
    language: Language,
    made_by: MessageId,
    now: Timestamp,
) -> Result<Option<Owner>, StoreError> {
    if let Some(id) = new
        && insert(tx, id, email, language, made_by, now).await?
    {
        return Ok(Some(Owner { account: id, language, is_new: true }));
    }
    match lock_by_email(tx, email).await? {
        Some(Locked { account, .. }) => {
            Ok(Some(Owner { account: account.id, language: account.language, is_new: false }))
        }
        // Erased between the two statements: whoever asks again makes it anew.
        None if new.is_some() => Err(StoreError::busy()),
        None => Ok(None),
    }
}

pub(crate) async fn lock(tx: &mut Tx, id: AccountId) -> Result<Option<Locked>, StoreError> {
    tx.optional(sql(LOCK).bind(id)).await?.as_ref().map(read_locked).transpose()
}

pub(crate) async fn lock_by_email(tx: &mut Tx, email: &EmailAddress) -> Result<Option<Locked>, StoreError> {
    tx.optional(sql(LOCK_BY_EMAIL).bind(email)).await?.as_ref().map(read_locked).transpose()
}

pub(crate) async fn set_language(tx: &mut Tx, id: AccountId, language: Language) -> Result<(), StoreError> {
    tx.run(sql(SET_LANGUAGE).bind(id).bind(language)).await.map(drop)
}

pub(crate) async fn delete(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    tx.run(sql(DELETE).bind(id)).await.map(drop)
}

/// Removes an account that nobody can have a key or a code of.
pub(crate) async fn delete_without_tokens(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    tx.run(sql(DELETE_WITHOUT_TOKENS).bind(id)).await.map(drop)
}

fn read_locked(row: &Row) -> Result<Locked, StoreError> {
    Ok(Locked { account: read(row)?, made_by: MessageId(row.get(5)?) })
}

fn read(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        email: row.maybe_email(1)?,
        language: row.language(2)?,
        created_at: row.time(3)?,
        used_at: row.maybe_time(4)?,
    })
}
