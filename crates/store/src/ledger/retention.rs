//! Forgetting rows that have had their time: a small batch, a pause, a small batch, so that no install waits for it.

use std::collections::HashSet;
use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::OrgId;
use uuid::Uuid;

use super::Ledger;
use super::index::Index;
use super::question::id_at;
use crate::db::{Db, sql};
use crate::error::StoreError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Any number that is ours: of the nodes of one PostgreSQL only one forgets at a time.
const TURN: &str = "SELECT pg_try_advisory_xact_lock(7354047461)";
const OLD: &str = "SELECT id, owner_id FROM entries WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
const DELETE_POSTGRES: &str =
    "DELETE FROM entries WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb))";
const DELETE_SQLITE: &str = "DELETE FROM entries WHERE id IN (SELECT unhex(value) FROM json_each($1))";

/// How long rows are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Personal rows, and those of organisations that have no time of their own.
    pub days: u32,
    /// Organisations that have.
    pub own: Vec<(OrgId, u32)>,
}

impl Retention {
    /// The longest time that any rows are kept.
    pub(super) fn longest(&self) -> u32 {
        self.own.iter().map(|(_, days)| *days).chain([self.days]).max().unwrap_or(self.days)
    }
}

/// The first id that is kept.
pub(super) fn kept_from(days: u32, now: Timestamp) -> Uuid {
    id_at(now.minus(DAY * days))
}

/// A round of forgetting: what is still to be looked at.
#[derive(Debug)]
pub struct Round {
    rest: Vec<Part>,
    own: HashSet<Uuid>,
}

#[derive(Debug)]
enum Part {
    /// Rows of an organisation with a time of its own.
    Own { owner: Uuid, until: Uuid },
    /// All others, after this id.
    Others { after: Uuid, until: Uuid },
}

impl Round {
    /// What is to be forgotten at `now`.
    pub fn new(retention: &Retention, now: Timestamp) -> Round {
        let own = retention.own.iter().map(|(org, days)| Part::Own { owner: org.0, until: kept_from(*days, now) });
        let others = Part::Others { after: Uuid::nil(), until: kept_from(retention.days, now) };
        let names = retention.own.iter().map(|(org, _)| org.0).collect();
        Round { rest: own.chain([others]).collect(), own: names }
    }
}

impl Ledger {
    /// Forgets up to `batch` rows; how many it forgot, and none when the round is over.
    pub async fn forget(&self, round: &mut Round, batch: u32) -> Result<Option<u64>, StoreError> {
        let Some(part) = round.rest.last_mut() else {
            self.index.tidy().await?;
            return Ok(None);
        };
        let (ids, over) = match part {
            Part::Own { owner, until } => {
                let ids = self.index.oldest(*owner, *until, batch).await?;
                let over = ids.len() < batch as usize;
                (ids, over)
            }
            Part::Others { after, until } => {
                let rows = self.db.all(sql(OLD).bind(*after).bind(*until).bind(i64::from(batch))).await?;
                let over = rows.len() < batch as usize;
                let mut ids = Vec::with_capacity(rows.len());
                for row in rows {
                    *after = row.get(0)?;
                    if !round.own.contains(&row.get(1)?) {
                        ids.push(*after);
                    }
                }
                (ids, over)
            }
        };
        let forgotten = if ids.is_empty() { 0 } else { self.delete(&ids).await? };
        if over {
            round.rest.pop();
        }
        Ok(Some(forgotten))
    }

    async fn delete(&self, ids: &[Uuid]) -> Result<u64, StoreError> {
        match &self.index {
            Index::Postgres(db) => delete_on_postgres(db, ids).await,
            Index::Sqlite(file) => {
                // The index first: if only this is done, the rows are gone for questions, and the next round finds them.
                file.forget(ids).await?;
                self.db.write(sql(DELETE_SQLITE).bind(list(ids))).await
            }
        }
    }
}

async fn delete_on_postgres(db: &Db, ids: &[Uuid]) -> Result<u64, StoreError> {
    let mut tx = db.begin().await?;
    let turn = tx.optional(sql(TURN)).await?;
    if !turn.map_or(Ok(false), |row| row.get(0))? {
        return Ok(0);
    }
    let deleted = tx.run(sql(DELETE_POSTGRES).bind(list(ids))).await?;
    tx.commit().await?;
    Ok(deleted)
}

/// Ids as one value, in hexadecimal digits, which both engines read.
pub(super) fn list(ids: &[Uuid]) -> String {
    super::index::list(ids.iter().map(|id| id.simple().to_string()))
}
