//! What is told of tokens that end: soon, and to whom; and that one was used after its end. Each once, whichever node does
//! it: a row of `told` goes with the mails in one transaction.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, OrgTokenId};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::leaks::{Manager, managers};
use crate::outbox::{self, NewMessage};

statements! {
    // A token that was made to live no longer than the step is not told of: whoever made it knows.
    DUE = "SELECT t.id, t.org_id, o.name, t.identifier, t.hint, t.expires_at FROM org_tokens t \
           JOIN organisations o ON o.id = t.org_id WHERE t.expires_at > $1 AND t.expires_at <= $2 \
           AND t.expires_at - t.created_at > $3 AND t.revoked_at IS NULL AND t.replaced_by IS NULL AND o.guard = 1 \
           AND NOT EXISTS (SELECT 1 FROM told WHERE told.token_id = t.id AND told.what = 'ending' AND told.number = $4) \
           ORDER BY t.org_id, t.identifier, t.id LIMIT $5";
    ONE = "SELECT t.id, t.org_id, o.name, t.identifier, t.hint, t.expires_at FROM org_tokens t \
           JOIN organisations o ON o.id = t.org_id WHERE t.id = $1 AND t.expires_at IS NOT NULL";
    TELL = "INSERT INTO told (token_id, what, number, at) VALUES ($1, $2, $3, $4) ON CONFLICT (token_id, what, number) DO NOTHING";
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A token that ends, or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingToken {
    /// Its id.
    pub id: OrgTokenId,
    /// Its organisation.
    pub org: OrgId,
    /// What the operator calls the organisation.
    pub org_name: String,
    /// Whom it was given to.
    pub identifier: String,
    /// `tg_org_Ab3d…`
    pub hint: String,
    /// When it ends.
    pub ends: Timestamp,
}

/// Telling of ends.
pub struct TokenEnds<'a> {
    pub(crate) db: &'a Db,
}

impl TokenEnds<'_> {
    /// Writes a mail to each manager about the tokens that end within `days`, but not within `closer` days; up to `limit`
    /// tokens at once. How many were due: as many as `limit` means that there may be more.
    pub async fn remind(
        &self,
        (days, closer): (i64, i64),
        now: Timestamp,
        limit: u32,
        mail: impl Fn(&[EndingToken], &Manager) -> NewMessage,
    ) -> Result<usize, StoreError> {
        let day = |days: i64| now.plus(Duration::from_millis(u64::try_from(days * DAY_MS).unwrap_or_default()));
        let due = sql(DUE).bind(day(closer)).bind(day(days)).bind(days * DAY_MS).bind(days).bind(i64::from(limit));
        let mut tx = self.db.begin().await?;
        let rows: Vec<EndingToken> = tx.all(due).await?.iter().map(read).collect::<Result<_, StoreError>>()?;
        let mut first = Vec::new();
        for row in &rows {
            if tell(&mut tx, row.id, "ending", days, now).await? {
                first.push(row.clone());
            }
        }
        for tokens in first.chunk_by(|a, b| a.org == b.org) {
            write(&mut tx, tokens, now, &mail).await?;
        }
        tx.commit().await?;
        Ok(rows.len())
    }

    /// Writes down that a token was used after its end, and a mail to each manager; `false` if that was done for this day.
    pub async fn used_after_end(
        &self,
        token: OrgTokenId,
        now: Timestamp,
        audit: impl FnOnce(&EndingToken) -> NewAudit,
        mail: impl Fn(&[EndingToken], &Manager) -> NewMessage,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let Some(row) = tx.optional(sql(ONE).bind(token)).await?.as_ref().map(read).transpose()? else {
            return Ok(false);
        };
        if !tell(&mut tx, token, "used", now.0.div_euclid(DAY_MS), now).await? {
            return Ok(false);
        }
        audit::insert(&mut tx, row.org, &audit(&row)).await?;
        write(&mut tx, std::slice::from_ref(&row), now, &mail).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// True if nobody told of it before. Of two nodes at once, the second waits here for the first.
async fn tell(tx: &mut Tx, token: OrgTokenId, what: &str, number: i64, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.run(sql(TELL).bind(token).bind(what).bind(number).bind(now)).await? != 0)
}

async fn write(
    tx: &mut Tx,
    tokens: &[EndingToken],
    now: Timestamp,
    mail: &impl Fn(&[EndingToken], &Manager) -> NewMessage,
) -> Result<(), StoreError> {
    let Some(token) = tokens.first() else { return Ok(()) };
    for manager in managers(tx, token.org).await? {
        outbox::insert(tx, &mail(tokens, &manager), now).await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<EndingToken, StoreError> {
    Ok(EndingToken {
        id: OrgTokenId(row.get(0)?),
        org: OrgId(row.get(1)?),
        org_name: row.get(2)?,
        identifier: row.get(3)?,
        hint: row.get(4)?,
        ends: row.time(5)?,
    })
}
