//! One-time codes, kept as a MAC.

use std::time::Duration;

use sekisho_core::Language;
use sekisho_core::Timestamp;
use sekisho_core::code::CodeMac;
use sekisho_core::id::{AccountId, CodeId};

use crate::accounts;
use crate::db::{Db, Tx, sql};
use crate::error::StoreError;

/// How long a code can be used.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60 * 60);

statements! {
    INSERT = "INSERT INTO codes (id, account_id, mac, language, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    // The code that fits, if it can still be used.
    CHECK = "SELECT language FROM codes WHERE account_id = $1 AND mac = $2 AND used_at IS NULL AND expires_at > $3";
    USE_ALL = "UPDATE codes SET used_at = $2 WHERE account_id = $1 AND used_at IS NULL";
    DELETE_OF_ACCOUNT = "DELETE FROM codes WHERE account_id = $1";
}

/// A code to be stored, before its mail leaves.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Its id.
    pub id: CodeId,
    /// The account that it can reset.
    pub account: AccountId,
    /// What is kept of it.
    pub mac: CodeMac,
    /// The language of the request; the account takes it over once the code was used.
    pub language: Language,
}

/// The one-time codes.
pub struct Codes<'a> {
    pub(crate) db: &'a Db,
}

impl Codes<'_> {
    /// Stores a code. It lives [`CODE_LIFETIME`] and ends no earlier one. `false` if the account has gone meanwhile.
    pub async fn add(&self, code: &NewCode, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        match accounts::lock(&mut tx, code.account).await? {
            Some(locked) if locked.account.email.is_some() => {}
            _ => return Ok(false),
        }
        let insert = sql(INSERT).bind(code.id).bind(code.account).bind(&code.mac.0).bind(code.language);
        tx.run(insert.bind(now).bind(now.plus(CODE_LIFETIME))).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The language of the code that fits; none if there is none that can be used.
pub(crate) async fn check(
    tx: &mut Tx,
    account: AccountId,
    mac: &CodeMac,
    now: Timestamp,
) -> Result<Option<Language>, StoreError> {
    let row = tx.optional(sql(CHECK).bind(account).bind(&mac.0).bind(now)).await?;
    row.map(|row| row.language(0)).transpose()
}

/// Ends every code of an account.
pub(crate) async fn use_all(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(USE_ALL).bind(account).bind(now)).await.map(drop)
}

pub(crate) async fn delete_all(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    tx.run(sql(DELETE_OF_ACCOUNT).bind(account)).await.map(drop)
}
