//! Sign-ins to the console by a mailed code: begun by a browser, confirmed by the same one, each step in one statement or
//! one transaction, so that the steps may come to different nodes.

use std::time::Duration;

use sekisho_core::browser::BrowserHash;
use sekisho_core::code::CodeMac;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{CodeId, SignInId};
use sekisho_core::{Language, Timestamp};

use crate::db::{Db, Row, sql};
use crate::error::StoreError;
use crate::outbox::{self, NewMessage};
use crate::sessions::{self, NewConsoleSession};

/// From the question for an address to the last moment at which its code counts.
pub const SIGN_IN_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How many codes may be tried in one sign-in.
pub const SIGN_IN_TRIES: i64 = 5;

statements! {
    INSERT = "INSERT INTO sign_ins (id, browser, email, language, tries, created_at, expires_at) \
              VALUES ($1, $2, $3, $4, 0, $5, $6)";
    FIND = "SELECT id, email, language, tries, created_at, expires_at FROM sign_ins \
            WHERE browser = $1 AND used_at IS NULL AND expires_at > $2";
    // An update that changes nothing locks the row on both engines.
    LOCK = "UPDATE sign_ins SET tries = tries WHERE id = $1 AND email = $2 AND used_at IS NULL AND expires_at > $3";
    INSERT_CODE = "INSERT INTO sign_in_codes (id, sign_in_id, mac) VALUES ($1, $2, $3)";
    // Counted before the code is looked at: of guesses that come at once no more than the limit get through.
    TRY = "UPDATE sign_ins SET tries = tries + 1 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 AND tries < $3 \
           RETURNING tries";
    RIGHT = "SELECT 1 FROM sign_in_codes WHERE sign_in_id = $1 AND mac = $2";
    USE = "UPDATE sign_ins SET used_at = $2 WHERE id = $1";
}

/// A sign-in to be stored.
#[derive(Clone, Debug)]
pub struct NewSignIn {
    /// Its id.
    pub id: SignInId,
    /// The browser that asked.
    pub browser: BrowserHash,
    /// The address that was given.
    pub email: EmailAddress,
    /// The language of the page that asked.
    pub language: Language,
}

/// A sign-in that waits for its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id.
    pub id: SignInId,
    /// The address that was given.
    pub email: EmailAddress,
    /// The language of the page that asked.
    pub language: Language,
    /// How many codes were tried.
    pub tries: i64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It was right: the session is stored.
    SignedIn,
    /// It was wrong. So many more may be tried.
    Wrong(i64),
    /// The sign-in is over: used, too old, or too often tried.
    Over,
}

/// The sign-ins.
pub struct SignIns<'a> {
    pub(crate) db: &'a Db,
}

impl SignIns<'_> {
    /// Stores a sign-in and the message about it: the same two rows for every address.
    pub async fn begin(&self, new: &NewSignIn, message: &NewMessage, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let insert = sql(INSERT).bind(new.id).bind(&new.browser.0).bind(&new.email).bind(new.language);
        tx.run(insert.bind(now).bind(now.plus(SIGN_IN_LIFETIME))).await?;
        outbox::insert(&mut tx, message, now).await?;
        tx.commit().await
    }

    /// What this browser waits for.
    pub async fn find(&self, browser: &BrowserHash, now: Timestamp) -> Result<Option<SignIn>, StoreError> {
        self.db.optional(sql(FIND).bind(&browser.0).bind(now)).await?.as_ref().map(read).transpose()
    }

    /// Stores a code before its mail leaves; it ends no earlier one. `false` if nobody waits for it any more.
    pub async fn add_code(
        &self,
        id: CodeId,
        sign_in: SignInId,
        email: &EmailAddress,
        mac: &CodeMac,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        if tx.run(sql(LOCK).bind(sign_in).bind(email).bind(now)).await? == 0 {
            return Ok(false);
        }
        tx.run(sql(INSERT_CODE).bind(id).bind(sign_in).bind(&mac.0)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Tries a code (none: what was typed can't be one). The right one ends the sign-in and begins the session.
    pub async fn confirm(
        &self,
        sign_in: SignInId,
        mac: Option<&CodeMac>,
        session: &NewConsoleSession,
        now: Timestamp,
    ) -> Result<Confirmed, StoreError> {
        let mut tx = self.db.begin().await?;
        let tried = tx.optional(sql(TRY).bind(sign_in).bind(now).bind(SIGN_IN_TRIES)).await?;
        let Some(tried) = tried else { return Ok(Confirmed::Over) };
        let tries: i64 = tried.get(0)?;
        let right = match mac {
            Some(mac) => tx.optional(sql(RIGHT).bind(sign_in).bind(&mac.0)).await?.is_some(),
            None => false,
        };
        if right {
            tx.run(sql(USE).bind(sign_in).bind(now)).await?;
            sessions::insert(&mut tx, session, now).await?;
        }
        tx.commit().await?;
        Ok(if right { Confirmed::SignedIn } else { Confirmed::Wrong(SIGN_IN_TRIES - tries) })
    }
}

fn read(row: &Row) -> Result<SignIn, StoreError> {
    Ok(SignIn {
        id: SignInId(row.get(0)?),
        email: row.email(1)?,
        language: row.language(2)?,
        tries: row.get(3)?,
        created_at: row.time(4)?,
        expires_at: row.time(5)?,
    })
}
