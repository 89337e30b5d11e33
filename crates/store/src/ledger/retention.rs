//! Forgetting rows that have had their time: a small batch, a pause, a small batch, so that no install waits for it.
//!
//! Rows go from the ledger first and from the index on SQLite at the end of the round, by their age alone. A round that was
//! killed in between leaves ids without rows: questions pass over them, and the next round takes them out.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::OrgId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Ledger;
use super::question::id_at;
use crate::db::{Db, sql};
use crate::error::StoreError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Rows that are looked at in one step; far more than are removed in one.
const STEP: i64 = 2000;

/// Any number that is ours: of the nodes of one PostgreSQL only one forgets at a time. The connection holds it, so a node
/// that is killed gives it back.
const TURN: &str = "SELECT pg_try_advisory_lock(7354047461)";
const OLD: &str = "SELECT id, owner_id FROM entries WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
// Each by the index that the engine has.
const OWN_POSTGRES: &str = "SELECT id FROM entries WHERE owner_id = $1 AND id < $2 ORDER BY id LIMIT $3";
const OWN_SQLITE: &str = "SELECT id FROM entries WHERE owner_id = $1 AND at < $2 ORDER BY at LIMIT $3";
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

    /// The first moment of an organisation's rows that is kept.
    pub(crate) fn kept_since(&self, org: OrgId, now: Timestamp) -> Timestamp {
        let own = self.own.iter().find(|(id, _)| *id == org).map(|(_, days)| *days);
        kept_since(own.unwrap_or(self.days), now)
    }
}

/// The first moment that is kept.
fn kept_since(days: u32, now: Timestamp) -> Timestamp {
    now.minus(DAY * days)
}

/// The first id that is kept.
pub(super) fn kept_from(days: u32, now: Timestamp) -> Uuid {
    id_at(kept_since(days, now))
}

/// A round of forgetting: what is still to be looked at, and the turn of this node.
#[derive(Debug)]
pub struct Round {
    rest: Vec<Part>,
    /// Rows that were found and are to go.
    found: VecDeque<Uuid>,
    until: Uuid,
    own: HashMap<Uuid, Uuid>,
    _turn: Option<PgConnection>,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// Rows of an organisation with a time of its own.
    Own { owner: Uuid, until: Timestamp },
    /// All others, after this id.
    Others { after: Uuid },
    /// What the index still has, from this key on.
    Index { from: i64 },
}

impl Ledger {
    /// Begins to forget what has had its time at `now`; none while another node does.
    pub async fn begin_forgetting(&self, retention: &Retention, now: Timestamp) -> Result<Option<Round>, StoreError> {
        let Some(turn) = self.turn().await? else { return Ok(None) };
        let own = retention.own.iter();
        let parts = own.clone().map(|(org, days)| Part::Own { owner: org.0, until: kept_since(*days, now) });
        Ok(Some(Round {
            // The last comes first.
            rest: [Part::Index { from: 0 }, Part::Others { after: Uuid::nil() }].into_iter().chain(parts).collect(),
            found: VecDeque::new(),
            until: kept_from(retention.days, now),
            own: own.map(|(org, days)| (org.0, kept_from(*days, now))).collect(),
            _turn: turn,
        }))
    }

    /// The turn of this node. SQLite has one node.
    async fn turn(&self) -> Result<Option<Option<PgConnection>>, StoreError> {
        let Db::Postgres(pool) = &self.db else { return Ok(Some(None)) };
        // A connection of its own, which is closed when the round is dropped: in the pool it would keep the turn.
        let mut connection = pool.acquire().await?.detach();
        let rows = sql(TURN).rows_postgres(&mut connection).await?;
        let ours = rows.first().map_or(Ok(false), |row| row.get(0))?;
        Ok(ours.then_some(Some(connection)))
    }

    /// Forgets up to `batch` rows; how many it forgot, and none when the round is over. After an error the same call goes on
    /// where it stood.
    pub async fn forget(&self, round: &mut Round, batch: u32) -> Result<Option<u64>, StoreError> {
        if round.found.is_empty() {
            let Some(part) = round.rest.last().copied() else { return Ok(None) };
            let rest = self.look(part, round).await?;
            round.rest.pop();
            round.rest.extend(rest);
        }
        let some = round.found.len().min(batch as usize);
        if some == 0 {
            return Ok(Some(0));
        }
        let ids = super::index::list(round.found.iter().take(some).map(|id| id.simple().to_string()));
        let delete = match &self.db {
            Db::Sqlite { .. } => DELETE_SQLITE,
            Db::Postgres(_) => DELETE_POSTGRES,
        };
        let forgotten = self.db.write(sql(delete).bind(ids)).await?;
        round.found.drain(..some);
        Ok(Some(forgotten))
    }

    /// Finds rows of a part; what is left of it.
    async fn look(&self, part: Part, round: &mut Round) -> Result<Option<Part>, StoreError> {
        Ok(match part {
            Part::Own { owner, until } => {
                let old = match &self.db {
                    Db::Sqlite { .. } => sql(OWN_SQLITE).bind(owner).bind(until),
                    Db::Postgres(_) => sql(OWN_POSTGRES).bind(owner).bind(id_at(until)),
                };
                for row in self.db.all(old.bind(STEP)).await? {
                    round.found.push_back(row.get(0)?);
                }
                (round.found.len() as i64 >= STEP).then_some(part)
            }
            Part::Others { mut after } => {
                let rows = self.db.all(sql(OLD).bind(after).bind(round.until).bind(STEP)).await?;
                for row in &rows {
                    after = row.get(0)?;
                    if !round.own.contains_key(&row.get(1)?) {
                        round.found.push_back(after);
                    }
                }
                (rows.len() as i64 >= STEP).then_some(Part::Others { after })
            }
            Part::Index { from } => {
                let kept_from = |owner| round.own.get(&owner).copied().unwrap_or(round.until);
                self.index.forget(from, kept_from).await?.map(|from| Part::Index { from })
            }
        })
    }
}
