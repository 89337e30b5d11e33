//! Answers to calls that carried an `Idempotency-Key`: whoever repeats the call gets the same one, for a day.
//!
//! A row is written in the transaction of the call's effect, so of two at once one has the effect and the other finds the
//! row. What is in it was sealed by the caller of this file: some answers hold a secret, and the key to it is not here.

use std::time::Duration;

use sekisho_core::Timestamp;

use crate::db::{Db, Tx, sql};
use crate::error::StoreError;

/// How long an answer is kept.
pub const REPEAT_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

statements! {
    DROP_OLD = "DELETE FROM repeats WHERE scope = $1 AND created_at <= $2";
    CLAIM = "INSERT INTO repeats (scope, request, sealed, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (scope) DO NOTHING";
    FIND = "SELECT request, sealed FROM repeats WHERE scope = $1 AND created_at > $2";
}

/// An answer to be kept, beside the effect that it tells of.
#[derive(Clone, Debug)]
pub struct NewRepeat {
    /// Who called, with which key; not to be guessed from here.
    pub scope: [u8; 32],
    /// What was asked for.
    pub request: [u8; 32],
    /// The answer, sealed.
    pub sealed: Vec<u8>,
}

/// An answer that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// What was asked for.
    pub request: [u8; 32],
    /// The answer, sealed.
    pub sealed: Vec<u8>,
}

/// The answers that are kept.
pub struct Repeats<'a> {
    pub(crate) db: &'a Db,
}

impl Repeats<'_> {
    /// The answer of an earlier call, if there was one within the last day.
    pub async fn find(&self, scope: &[u8; 32], now: Timestamp) -> Result<Option<Repeat>, StoreError> {
        let row = self.db.optional(sql(FIND).bind(scope).bind(now.minus(REPEAT_LIFETIME))).await?;
        row.map(|row| Ok(Repeat { request: row.hash(0)?.0, sealed: row.get(1)? })).transpose()
    }
}

/// Keeps an answer in the transaction of its effect; `false` if there is one already, and the effect with it.
pub(crate) async fn claim(tx: &mut Tx, new: Option<&NewRepeat>, now: Timestamp) -> Result<bool, StoreError> {
    let Some(new) = new else { return Ok(true) };
    tx.run(sql(DROP_OLD).bind(&new.scope).bind(now.minus(REPEAT_LIFETIME))).await?;
    let claim = sql(CLAIM).bind(&new.scope).bind(&new.request).bind(new.sealed.as_slice()).bind(now);
    Ok(tx.run(claim).await? != 0)
}
