//! Taking out of the SQLite index what retention took out of the ledger. A key's ids lie in the order of time, so what goes is
//! the beginning of each: nothing has to be known of the rows themselves, which are gone by then.

use uuid::Uuid;

use super::Index;
use crate::db::sql;
use crate::error::StoreError;

/// Keys that are looked at in one step.
const KEYS: i64 = 1000;
/// Most ids that are taken out in one transaction; whoever puts in waits meanwhile.
const IDS: u64 = 5000;

const OLDEST: &str = "SELECT k.key, k.owner, (SELECT MIN(id) FROM idx.runs WHERE runs.key = k.key) FROM idx.keys AS k \
    WHERE k.key >= $1 ORDER BY k.key LIMIT $2";
const FORGET: &str = "DELETE FROM runs WHERE key = $1 AND id < $2 AND id <= COALESCE(\
    (SELECT id FROM runs WHERE key = $1 ORDER BY id LIMIT 1 OFFSET $3 - 1), $2)";
const FORGET_KEY: &str = "DELETE FROM keys WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.key = $1)";

impl Index {
    /// Takes out, from some keys on, the ids below the first one that is kept of an owner, and keys that have none left; from
    /// which key on it goes on. PostgreSQL's indexes follow by themselves.
    pub(in crate::ledger) async fn forget(
        &self,
        from: i64,
        kept_from: impl Fn(Uuid) -> Uuid,
    ) -> Result<Option<i64>, StoreError> {
        let Index::Sqlite(file) = self else { return Ok(None) };
        let rows = file.db.all(sql(OLDEST).bind(from).bind(KEYS)).await?;
        let (mut old, mut last) = (Vec::new(), from);
        for row in &rows {
            let (key, kept, oldest) = (row.get::<i64>(0)?, kept_from(row.get(1)?), row.get::<Option<Uuid>>(2)?);
            if oldest.is_none_or(|oldest| oldest < kept) {
                old.push((key, kept));
            }
            last = key;
        }
        if !old.is_empty() {
            let (mut tx, mut gone) = (file.begin().await?, 0);
            for (key, kept) in old {
                gone += tx.run(sql(FORGET).bind(key).bind(kept).bind((IDS - gone) as i64)).await?;
                if gone >= IDS {
                    tx.commit().await?;
                    return Ok(Some(key));
                }
                tx.run(sql(FORGET_KEY).bind(key)).await?;
            }
            tx.commit().await?;
        }
        Ok((rows.len() as i64 == KEYS).then_some(last + 1))
    }
}
