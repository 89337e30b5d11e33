//! A person's rows under another name, in the index.

use uuid::Uuid;

use super::Index;
use crate::db::sql;
use crate::error::StoreError;

const ADD: &str = "INSERT OR IGNORE INTO keys (kind, owner, a, b, c) \
    SELECT 3, owner, $3, '', '' FROM keys WHERE kind = 3 AND owner = $1 AND a = $2";
const MOVE: &str = "INSERT OR IGNORE INTO runs (key, id) SELECT new.key, r.id FROM keys old \
    JOIN keys new ON new.kind = 3 AND new.owner = $1 AND new.a = $3 AND new.b = '' AND new.c = '' \
    JOIN runs r ON r.key = old.key WHERE old.kind = 3 AND old.owner = $1 AND old.a = $2 AND old.b = '' AND old.c = ''";
const EMPTY: &str = "DELETE FROM runs WHERE key IN (SELECT key FROM keys WHERE kind = 3 AND owner = $1 AND a = $2)";
const FORGET: &str = "DELETE FROM keys WHERE kind = 3 AND owner = $1 AND a = $2";

impl Index {
    /// Moves what is found by `old` to `new`. PostgreSQL's indexes follow by themselves.
    pub(in crate::ledger) async fn rename(&self, owner: Uuid, old: &str, new: &str) -> Result<(), StoreError> {
        let Index::Sqlite(file) = self else { return Ok(()) };
        let mut tx = file.begin().await?;
        tx.run(sql(ADD).bind(owner).bind(old).bind(new)).await?;
        tx.run(sql(MOVE).bind(owner).bind(old).bind(new)).await?;
        tx.run(sql(EMPTY).bind(owner).bind(old)).await?;
        tx.run(sql(FORGET).bind(owner).bind(old)).await?;
        tx.commit().await
    }
}
