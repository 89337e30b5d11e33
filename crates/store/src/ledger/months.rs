//! The months of the ledger on PostgreSQL: a table each, made ahead, and dropped whole when all their rows have had their
//! time. SQLite has no such parts, and nothing to do here.

use sekisho_core::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::Ledger;
use super::retention::{Retention, kept_from};
use crate::db::{Db, Tx, sql};
use crate::error::StoreError;

/// Nodes take turns.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7354047462)";
/// Whoever reads or writes rows is not kept waiting longer than this; what could not be done is tried again.
const PATIENCE: &str = "SET LOCAL lock_timeout = '100ms'";
/// This month and the two after it: name, first id, and the first id of the next one.
const WANTED: &str = "SELECT to_char(m, '\"entries_\"YYYY_MM'), \
    lpad(to_hex((EXTRACT(EPOCH FROM m) * 1000)::BIGINT), 12, '0') || repeat('0', 20), \
    lpad(to_hex((EXTRACT(EPOCH FROM m + interval '1 month') * 1000)::BIGINT), 12, '0') || repeat('0', 20) \
    FROM generate_series(date_trunc('month', to_timestamp($1 / 1000.0) AT TIME ZONE 'UTC'), \
    date_trunc('month', to_timestamp($1 / 1000.0) AT TIME ZONE 'UTC') + interval '2 months', interval '1 month') AS m";
/// Every part but the one for the rest, with where it ends.
const PARTS: &str = "SELECT c.relname::TEXT, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([0-9a-f-]+)''\\)') \
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'entries'::regclass \
    AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' ORDER BY 2";

impl Ledger {
    /// Makes the tables of this month and the two after it, where they are not there; how many it made.
    pub async fn make_months(&self, now: Timestamp) -> Result<u64, StoreError> {
        let Db::Postgres(_) = &self.db else { return Ok(0) };
        let wanted = self.db.all(sql(WANTED).bind(now)).await?;
        let mut made = 0;
        for row in wanted {
            let (name, from, to): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            made += u64::from(self.make_month(&name, id(&from)?, id(&to)?).await?);
        }
        Ok(made)
    }

    async fn make_month(&self, name: &str, from: Uuid, to: Uuid) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run(sql(LOCK)).await?;
        // Parts follow each other without a gap, so one that ends later has this month.
        if parts(&mut tx).await?.iter().any(|(_, end)| *end > from) {
            return Ok(false);
        }
        tx.run(sql(PATIENCE)).await?;
        // Rows of this month that came while it was not there move over; no more come meanwhile.
        let make = format!(
            "LOCK TABLE entries_rest IN ACCESS EXCLUSIVE MODE; \
             CREATE TABLE {name} (LIKE entries INCLUDING DEFAULTS); \
             WITH moved AS (DELETE FROM entries_rest WHERE id >= '{from}' AND id < '{to}' RETURNING *) \
             INSERT INTO {name} SELECT * FROM moved; \
             ALTER TABLE entries ATTACH PARTITION {name} FOR VALUES FROM ('{from}') TO ('{to}')"
        );
        raw(&mut tx, make).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Drops the tables whose rows have all had their time; how many it dropped.
    pub async fn drop_months(&self, retention: &Retention, now: Timestamp) -> Result<u64, StoreError> {
        let Db::Postgres(_) = &self.db else { return Ok(0) };
        let kept = kept_from(retention.longest(), now);
        let mut dropped = 0;
        loop {
            let mut tx = self.db.begin().await?;
            tx.run(sql(LOCK)).await?;
            let parts = parts(&mut tx).await?;
            // The last one stays: what comes after it is found by its end.
            let old = parts.split_last().and_then(|(_, before)| before.iter().find(|(_, end)| *end <= kept));
            let Some((name, _)) = old else { return Ok(dropped) };
            tx.run(sql(PATIENCE)).await?;
            raw(&mut tx, format!("DROP TABLE {name}")).await?;
            tx.commit().await?;
            dropped += 1;
        }
    }
}

/// The parts and their ends, oldest first.
async fn parts(tx: &mut Tx) -> Result<Vec<(String, Uuid)>, StoreError> {
    tx.all(sql(PARTS)).await?.iter().map(|row| Ok((row.get(0)?, id(&row.get::<String>(1)?)?))).collect()
}

/// Runs statements that are made of the names and ids of our own tables.
async fn raw(tx: &mut Tx, text: String) -> Result<(), StoreError> {
    match tx {
        Tx::Postgres(tx) => Ok(sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **tx).await.map(drop)?),
        Tx::Sqlite(_) => Err(StoreError::unreadable("month")),
    }
}

fn id(text: &str) -> Result<Uuid, StoreError> {
    text.parse().map_err(|_| StoreError::unreadable("bound of a month"))
}
