//! What finds rows on SQLite: `ledger-index.db` beside the ledger. It holds a list of ids for each owner, release, person, bot
//! and repository, and lags a little behind; what it lacks is read from the ledger's end, so that answers are exact.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

use crate::db::{Db, Row, Tx, sql, switch_to_wal};
use crate::error::{StoreError, Unavailability};

/// The file's name.
pub(crate) const FILE: &str = "ledger-index.db";
/// Connections that answer questions.
const READERS: u32 = 3;

const SCHEMA: &str = "
-- What rows are found by. kind 1: an owner; 2: a release of an owner's (ecosystem, name, version); 3: a person or a bot;
-- 4: a repository; 5: an owner's refusals.
CREATE TABLE IF NOT EXISTS keys (
    key   INTEGER NOT NULL PRIMARY KEY,
    kind  INTEGER NOT NULL,
    owner BLOB    NOT NULL,
    a     TEXT    NOT NULL,
    b     TEXT    NOT NULL,
    c     TEXT    NOT NULL,
    UNIQUE (kind, owner, a, b, c)
) STRICT;
CREATE INDEX IF NOT EXISTS keys_release ON keys (a, b, c) WHERE kind = 2;
-- The rows of each key, oldest first.
CREATE TABLE IF NOT EXISTS runs (
    key INTEGER NOT NULL,
    id  BLOB    NOT NULL,
    PRIMARY KEY (key, id)
) STRICT, WITHOUT ROWID;
-- How far it has come: the last commit that is in it, and, while it is built anew, the last row.
CREATE TABLE IF NOT EXISTS progress (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq      INTEGER NOT NULL,
    first_id BLOB    NOT NULL,
    last_id  BLOB    NOT NULL,
    walked   BLOB
) STRICT;
";

const TAKE_LOCK: &str = "UPDATE progress SET seq = seq";
const PROGRESS: &str = "SELECT seq, first_id, last_id, walked FROM progress";
const TAIL_START: &str = "SELECT MIN(first_id) FROM commits WHERE seq > $1";
const BEHIND: &str = "SELECT COUNT(*) FROM commits WHERE seq > $1";
/// The index file. Its writer has the ledger attached as `ledger`; its readers are connections to the ledger with the
/// index attached as `idx`.
#[derive(Clone)]
pub(in crate::ledger) struct File {
    pub(super) db: Db,
}

/// How far the index has come.
pub(super) struct Progress {
    pub(super) seq: i64,
    pub(super) first: Uuid,
    pub(super) last: Uuid,
    /// The last row that was read, while the index is built.
    pub(super) walked: Option<Uuid>,
}

impl File {
    /// Opens the index in the ledger's folder, or makes it. Not durable: what a power cut takes is made again.
    pub(in crate::ledger) async fn open(dir: &Path, ledger: &Path) -> Result<File, StoreError> {
        let path = dir.join(FILE);
        let options = |path: &Path| {
            SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(Duration::from_secs(2))
        };
        let first = switch_to_wal(&options(&path)).await?;
        let writer = attached(ledger, "ledger", 1).connect_with(options(&path).pragma("cache_size", "-65536")).await?;
        sqlx::raw_sql(SCHEMA).execute(&writer).await?;
        first.close().await?;
        let readers = attached(&path, "idx", READERS).connect_lazy_with(options(ledger).pragma("query_only", "ON"));
        Ok(File { db: Db::Sqlite { writer, readers } })
    }

    /// A transaction that writes the index and reads the ledger. `BEGIN IMMEDIATE` would lock the ledger too, so a write
    /// that changes nothing locks the index alone. It comes before anything is read: who has read waits for no lock, and
    /// the command line beside the server may write too.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        let mut tx = match &self.db {
            Db::Sqlite { writer, .. } => Tx::Sqlite(writer.begin().await?),
            Db::Postgres(_) => return Err(StoreError::unreadable("index file")),
        };
        tx.run(sql(TAKE_LOCK)).await?;
        Ok(tx)
    }

    pub(super) async fn progress(&self) -> Result<Option<Progress>, StoreError> {
        self.db.optional(sql(PROGRESS)).await?.as_ref().map(read_progress).transpose()
    }

    /// From which id on the index may lack rows. Read before the index itself: what is indexed meanwhile is found twice,
    /// and nothing is missed.
    pub(super) async fn tail(&self) -> Result<Option<Uuid>, StoreError> {
        let building = || StoreError::Unavailable { why: Unavailability::Indexing, source: None };
        let progress = self.progress().await?.filter(|p| p.walked.is_none()).ok_or_else(building)?;
        let row = self.db.optional(sql(TAIL_START).bind(progress.seq)).await?;
        row.map_or(Ok(None), |row| row.get(0))
    }
}

pub(super) async fn behind(file: &File) -> Result<Option<i64>, StoreError> {
    let Some(progress) = file.progress().await?.filter(|p| p.walked.is_none()) else { return Ok(None) };
    file.db.optional(sql(BEHIND).bind(progress.seq)).await?.map(|row| row.get(0)).transpose()
}

pub(super) fn read_progress(row: &Row) -> Result<Progress, StoreError> {
    Ok(Progress { seq: row.get(0)?, first: row.get(1)?, last: row.get(2)?, walked: row.get(3)? })
}

fn attached(path: &Path, name: &'static str, connections: u32) -> SqlitePoolOptions {
    let path: PathBuf = path.to_owned();
    SqlitePoolOptions::new()
        .max_connections(connections)
        // The one that writes may be held while a large batch goes to disk.
        .acquire_timeout(Duration::from_secs(if connections == 1 { 60 } else { 5 }))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let path = path.to_string_lossy().into_owned();
            Box::pin(async move {
                let attach = match name {
                    "idx" => "ATTACH DATABASE $1 AS idx",
                    _ => "ATTACH DATABASE $1 AS ledger",
                };
                sqlx::query(attach).bind(path).execute(connection).await.map(drop)
            })
        })
}
