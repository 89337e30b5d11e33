//! What is thrown away, and when. Small batches, so that nothing a caller waits for waits long.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::AccountId;

use crate::attempts::ATTEMPT_WINDOW;
use crate::db::{Db, sql};
use crate::error::StoreError;
use crate::repeats::REPEAT_LIFETIME;
use crate::{accounts, codes, tokens};

/// A login that is over is known as such for this time: its page then says what became of it.
const ENDED_LOGINS: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// An account none of whose keys was used is erased after this time.
const UNUSED_ACCOUNTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A revoked token is known as such for this time; afterwards it is unknown, which answers the same.
const REVOKED_TOKENS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

statements! {
    UNUSED = "SELECT id FROM accounts WHERE used_at IS NULL AND created_at <= $1 \
        AND NOT EXISTS (SELECT 1 FROM tokens WHERE account_id = accounts.id AND created_at > $1) \
        AND NOT EXISTS (SELECT 1 FROM codes WHERE account_id = accounts.id AND expires_at > $2) \
        ORDER BY created_at LIMIT $3";
    REVOKED = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE revoked_at <= $1 LIMIT $2)";
    CODES = "DELETE FROM codes WHERE id IN (SELECT id FROM codes WHERE expires_at <= $1 LIMIT $2)";
    ATTEMPTS = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE at <= $1 LIMIT $2)";
    LOGINS = "DELETE FROM logins WHERE id IN (SELECT id FROM logins WHERE expires_at <= $1 LIMIT $2)";
    REPEATS = "DELETE FROM repeats WHERE scope IN (SELECT scope FROM repeats WHERE created_at <= $1 LIMIT $2)";
    SESSIONS = "DELETE FROM ci_sessions WHERE id IN (SELECT id FROM ci_sessions WHERE keep_until <= $1 LIMIT $2)";
    SIGNING_KEYS = "DELETE FROM signing_keys WHERE number IN (SELECT number FROM signing_keys WHERE until <= $1 LIMIT $2)";
    TOLD = "DELETE FROM told WHERE (token_id, what, number) IN \
        (SELECT token_id, what, number FROM told WHERE what = 'used' AND at <= $1 LIMIT $2)";
    SIGN_INS = "DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE expires_at <= $1 LIMIT $2)";
    CONSOLE = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 OR idle_at <= $1 LIMIT $2)";
    OWNER_CODES = "DELETE FROM owner_codes WHERE id IN (SELECT id FROM owner_codes WHERE expires_at <= $1 LIMIT $2)";
    MESSAGES = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE finished_at <= $1 LIMIT $2)";
}

/// How many rows a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Accounts none of whose keys was ever used, with their keys.
    pub accounts: u64,
    /// Revoked tokens.
    pub tokens: u64,
    /// Ended codes.
    pub codes: u64,
    /// Tries at codes.
    pub attempts: u64,
    /// Logins that are over, with their codes.
    pub logins: u64,
    /// Sign-ins to the console that are over, with their codes.
    pub sign_ins: u64,
    /// Sessions of the console that are over.
    pub console: u64,
    /// Codes for first owners.
    pub owner_codes: u64,
    /// Answers to calls that may be repeated.
    pub repeats: u64,
    /// Sessions of pipelines that are over, with what was remembered of their ID tokens.
    pub sessions: u64,
    /// Signing keys whose last token has ended.
    pub signing_keys: u64,
    /// Notes that a token was used after its end.
    pub told: u64,
    /// Messages that were sent, dropped or given up.
    pub messages: u64,
}

/// Throwing away.
pub struct Maintenance<'a> {
    pub(crate) db: &'a Db,
}

impl Maintenance<'_> {
    /// Removes up to `batch` rows of each sort. Called again until nothing [is left](Swept::is_empty).
    pub async fn sweep(&self, now: Timestamp, batch: u32) -> Result<Swept, StoreError> {
        Ok(Swept {
            accounts: self.unused_accounts(now, batch).await?,
            tokens: self.delete(REVOKED, now.minus(REVOKED_TOKENS), batch).await?,
            codes: self.delete(CODES, now.minus(DAY), batch).await?,
            attempts: self.delete(ATTEMPTS, now.minus(ATTEMPT_WINDOW), batch).await?,
            logins: self.delete(LOGINS, now.minus(ENDED_LOGINS), batch).await?,
            sign_ins: self.delete(SIGN_INS, now, batch).await?,
            console: self.delete(CONSOLE, now, batch).await?,
            owner_codes: self.delete(OWNER_CODES, now, batch).await?,
            repeats: self.delete(REPEATS, now.minus(REPEAT_LIFETIME), batch).await?,
            sessions: self.delete(SESSIONS, now, batch).await?,
            signing_keys: self.delete(SIGNING_KEYS, now, batch).await?,
            told: self.delete(TOLD, now.minus(2 * DAY), batch).await?,
            messages: self.delete(MESSAGES, now.minus(DAY), batch).await?,
        })
    }

    async fn delete(&self, text: &'static str, until: Timestamp, batch: u32) -> Result<u64, StoreError> {
        self.db.write(sql(text).bind(until).bind(i64::from(batch))).await
    }

    async fn unused_accounts(&self, now: Timestamp, batch: u32) -> Result<u64, StoreError> {
        let unused = sql(UNUSED).bind(now.minus(UNUSED_ACCOUNTS)).bind(now).bind(i64::from(batch));
        let mut erased = 0;
        for row in self.db.all(unused).await? {
            erased += u64::from(self.erase_unused(AccountId(row.get(0)?)).await?);
        }
        Ok(erased)
    }

    /// Looks again under the account's lock: its key may have been used meanwhile.
    async fn erase_unused(&self, id: AccountId) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        match accounts::lock(&mut tx, id).await? {
            Some(locked) if locked.account.used_at.is_none() => {}
            _ => return Ok(false),
        }
        codes::delete_all(&mut tx, id).await?;
        tokens::delete_of_account(&mut tx, id).await?;
        accounts::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Swept {
    /// Nothing was left to remove.
    pub fn is_empty(&self) -> bool {
        *self == Swept::default()
    }
}
