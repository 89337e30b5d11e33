//! Tries at one-time codes, counted by address and client network.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::AttemptId;

use crate::db::{Db, sql};
use crate::error::StoreError;

/// How long a wrong try counts.
pub const ATTEMPT_WINDOW: Duration = Duration::from_secs(60 * 60);
/// How many wrong tries an address and network have in the window.
pub const ATTEMPT_LIMIT: i64 = 5;

statements! {
    INSERT = "INSERT INTO attempts (id, email, network, at) VALUES ($1, $2, $3, $4)";
    COUNT = "SELECT COUNT(*) FROM attempts WHERE email = $1 AND network = $2 AND at > $3";
    DELETE = "DELETE FROM attempts WHERE id = $1";
    FORGIVE = "DELETE FROM attempts WHERE email = $1 AND network = $2";
}

/// The tries.
pub struct Attempts<'a> {
    pub(crate) db: &'a Db,
}

impl Attempts<'_> {
    /// Notes a try, before the code is looked at; `false` if this address and network have used theirs up.
    ///
    /// Noting comes first because of parallel guesses: each is counted before any is checked, so that no more than
    /// [`ATTEMPT_LIMIT`] get through. A try that was turned away does not count.
    pub async fn begin(
        &self,
        id: AttemptId,
        email: &EmailAddress,
        network: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.db.write(sql(INSERT).bind(id).bind(email).bind(network).bind(now)).await?;
        let allowed = self.failures_since(email, network, now.minus(ATTEMPT_WINDOW)).await? <= ATTEMPT_LIMIT;
        if !allowed {
            self.db.write(sql(DELETE).bind(id)).await?;
        }
        Ok(allowed)
    }

    /// Forgets the tries, after a right one.
    pub async fn forgive(&self, email: &EmailAddress, network: &str) -> Result<(), StoreError> {
        self.db.write(sql(FORGIVE).bind(email).bind(network)).await.map(drop)
    }

    /// How many tries were noted after `since` and not forgiven.
    pub async fn failures_since(
        &self,
        email: &EmailAddress,
        network: &str,
        since: Timestamp,
    ) -> Result<i64, StoreError> {
        match self.db.optional(sql(COUNT).bind(email).bind(network).bind(since)).await? {
            Some(row) => row.get(0),
            None => Ok(0),
        }
    }
}
