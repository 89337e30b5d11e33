//! Finding rows on SQLite: `ledger-index.db` beside the ledger. It holds a list of ids for each owner, release, person, bot
//! and repository, and lags a little behind; what it lacks is read from the ledger's end, so that answers are exact.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sekisho_core::PackageName;
use sekisho_core::org::IdentifierPrefix;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

use super::{Found, Run, Window, list};
use crate::db::{Column, Db, Row, Statement, Tx, sql, switch_to_wal};
use crate::error::{StoreError, Unavailability};
use crate::ledger::queries::{LedgerRow, read};

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
const TAIL: &str = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE id < $2 AND id >= $3 AND owner_id = $1 \
        AND ($5 = '' OR ecosystem = $5) AND ($6 = '' OR name = $6) AND ($7 = '' OR outcome = $7) \
        AND ($8 = '' OR substr(ci, 1, instr(ci, char(10)) - 1) = $8) \
        AND ($9 = '[]' OR version IN (SELECT value FROM json_each($9))) \
        AND ($10 = '[]' OR subject IN (SELECT value FROM json_each($10))) ORDER BY id DESC LIMIT $4";
// The ids of rows that are gone come too, without a row: a page goes on after them.
const ONE_RUN: &str = "SELECT e.id, e.at, e.ecosystem, e.name, e.version, e.file, e.outcome, e.reason, e.advisories, e.owner_id, \
        e.token_id, e.subject, e.ci, e.client_name, e.client_version, e.address, r.id FROM \
        (SELECT id FROM idx.runs WHERE key = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4) AS r \
        LEFT JOIN entries e ON e.id = r.id ORDER BY r.id DESC";
// One of the runs alone has as many rows as are wanted at or after this id, so the newest of all of them do too.
const ENOUGH: &str = "SELECT MAX((SELECT id FROM idx.runs WHERE key = k.value AND id < $2 AND id >= $3 \
        ORDER BY id DESC LIMIT 1 OFFSET $4 - 1)) FROM json_each($1) AS k";
const SOME_RUNS: &str = "SELECT e.id, e.at, e.ecosystem, e.name, e.version, e.file, e.outcome, e.reason, e.advisories, e.owner_id, \
        e.token_id, e.subject, e.ci, e.client_name, e.client_version, e.address, r.id FROM \
        (SELECT id FROM idx.runs WHERE key IN (SELECT value FROM json_each($1)) AND id < $2 AND id >= $3 \
        ORDER BY id DESC LIMIT $4) AS r LEFT JOIN entries e ON e.id = r.id ORDER BY r.id DESC";
const KEY: &str = "SELECT key FROM idx.keys WHERE kind = $1 AND owner = $2 AND a = $3 AND b = '' AND c = ''";
const SUBJECT_KEYS: &str = "SELECT k.key FROM json_each($2) AS s CROSS JOIN idx.keys AS k \
        ON k.kind = 3 AND k.owner = $1 AND k.a = s.value AND k.b = '' AND k.c = ''";
const RELEASE_KEYS: &str = "SELECT k.key FROM json_each($4) AS v CROSS JOIN idx.keys AS k \
        ON k.kind = 2 AND k.owner = $1 AND k.a = $2 AND k.b = $3 AND k.c = v.value";
const PACKAGE_KEYS: &str = "SELECT key FROM idx.keys WHERE kind = 2 AND owner = $1 AND a = $2 AND b = $3";
const VERSIONS: &str = "SELECT c FROM idx.keys WHERE kind = 2 AND owner = $1 AND a = $2 AND b = $3";
const TAIL_VERSIONS: &str = "SELECT DISTINCT version FROM entries \
        WHERE owner_id = $1 AND ecosystem = $2 AND name = $3 AND id >= $4";
const PERSONS: &str = "SELECT a FROM idx.keys WHERE kind = 3 AND owner = $1 AND a >= $2 AND a < $3 ORDER BY a LIMIT $4";
const TAIL_PERSONS: &str = "SELECT DISTINCT subject FROM entries \
        WHERE owner_id = $1 AND subject >= $2 AND subject < $3 AND id >= $4 AND subject <> ''";
const OWNERS: &str =
    "SELECT owner FROM idx.keys INDEXED BY keys_release WHERE kind = 2 AND a = $1 AND b = $2 AND c = $3";
const TAIL_OWNERS: &str = "SELECT DISTINCT owner_id FROM entries \
        WHERE ecosystem = $1 AND name = $2 AND version = $3 AND id >= $4";

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
    async fn tail(&self) -> Result<Option<Uuid>, StoreError> {
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

pub(super) async fn newest(file: &File, run: &Run, window: &Window) -> Result<Found, StoreError> {
    let tail = file.tail().await?;
    let mut rows = indexed(file, run, window).await?;
    if let Some(start) = tail {
        rows.extend(unindexed(file, run, window, start).await?.into_iter().map(|row| (row.id.0, Some(row))));
        rows.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        rows.dedup_by_key(|(id, _)| *id);
        rows.truncate(window.limit);
    }
    let next = rows.last().map(|(id, _)| *id).filter(|_| rows.len() >= window.limit);
    Ok(Found { rows: rows.into_iter().filter_map(|(_, row)| row).collect(), next })
}

/// The newest ids of a run, and their rows unless they are gone.
async fn indexed(file: &File, run: &Run, window: &Window) -> Result<Vec<(Uuid, Option<LedgerRow>)>, StoreError> {
    let keys = keys(file, run).await?;
    let limit = window.limit as i64;
    let statement = match keys.as_slice() {
        [] => return Ok(Vec::new()),
        [key] => sql(ONE_RUN).bind(*key).bind(window.before).bind(window.from).bind(limit),
        keys => {
            let keys = list(keys.iter().copied());
            let enough = sql(ENOUGH).bind(keys.as_str()).bind(window.before).bind(window.from).bind(limit);
            let from = file.db.optional(enough).await?.map_or(Ok(None), |row| row.get::<Option<Uuid>>(0))?;
            sql(SOME_RUNS).bind(keys).bind(window.before).bind(from.unwrap_or(window.from)).bind(limit)
        }
    };
    let read = |row: &Row| {
        let there = row.get::<Option<Uuid>>(0)?.is_some();
        Ok((row.get(16)?, there.then(|| read(row)).transpose()?))
    };
    file.db.all(statement).await?.iter().map(read).collect()
}

async fn keys(file: &File, run: &Run) -> Result<Vec<i64>, StoreError> {
    let statement = match run {
        Run::Owner(owner) => sql(KEY).bind(1).bind(*owner).bind(""),
        Run::Repository(owner, repository) => sql(KEY).bind(4).bind(*owner).bind(repository.as_str()),
        Run::Refused(owner) => sql(KEY).bind(5).bind(*owner).bind(""),
        Run::Subjects(owner, subjects) => {
            sql(SUBJECT_KEYS).bind(*owner).bind(list(subjects.iter().map(String::as_str)))
        }
        Run::Package(owner, package) => of_package(PACKAGE_KEYS, *owner, package),
        Run::Releases(owner, package, versions) => {
            of_package(RELEASE_KEYS, *owner, package).bind(list(versions.iter().map(String::as_str)))
        }
    };
    file.db.all(statement).await?.iter().map(|row| row.get(0)).collect()
}

fn of_package(text: &'static str, owner: Uuid, package: &PackageName) -> Statement {
    sql(text).bind(owner).bind(package.ecosystem().as_str()).bind(package.as_str())
}

/// The rows of a run at the ledger's end, from `start` on.
async fn unindexed(file: &File, run: &Run, window: &Window, start: Uuid) -> Result<Vec<LedgerRow>, StoreError> {
    let none: &[String] = &[];
    let (mut package, mut outcome, mut repository, mut versions, mut subjects) = (("", ""), "", "", none, none);
    let owner = match run {
        Run::Owner(owner) => owner,
        Run::Refused(owner) => {
            outcome = "refused";
            owner
        }
        Run::Repository(owner, name) => {
            repository = name;
            owner
        }
        Run::Subjects(_, none) | Run::Releases(_, _, none) if none.is_empty() => return Ok(Vec::new()),
        Run::Subjects(owner, some) => {
            subjects = some;
            owner
        }
        Run::Package(owner, name) => {
            package = (name.ecosystem().as_str(), name.as_str());
            owner
        }
        Run::Releases(owner, name, some) => {
            package = (name.ecosystem().as_str(), name.as_str());
            versions = some;
            owner
        }
    };
    let statement = sql(TAIL).bind(*owner).bind(window.before).bind(start.max(window.from)).bind(window.limit as i64);
    let statement = statement.bind(package.0).bind(package.1).bind(outcome).bind(repository);
    let texts = |texts: &[String]| list(texts.iter().map(String::as_str));
    let statement = statement.bind(texts(versions)).bind(texts(subjects));
    file.db.all(statement).await?.iter().map(read).collect()
}

pub(super) async fn versions(file: &File, owner: Uuid, package: &PackageName) -> Result<Vec<String>, StoreError> {
    let tail = file.tail().await?;
    let indexed = of_package(VERSIONS, owner, package);
    let unindexed = |start: Uuid| of_package(TAIL_VERSIONS, owner, package).bind(start);
    both(file, indexed, tail.map(unindexed)).await
}

pub(super) async fn subjects(
    file: &File,
    owner: Uuid,
    prefix: &IdentifierPrefix,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let tail = file.tail().await?;
    let of = |text| sql(text).bind(owner).bind(prefix.first()).bind(prefix.end());
    let mut all = both(file, of(PERSONS).bind(limit as i64), tail.map(|start| of(TAIL_PERSONS).bind(start))).await?;
    all.truncate(limit);
    Ok(all)
}

pub(super) async fn owners_of(file: &File, package: &PackageName, version: &str) -> Result<Vec<Uuid>, StoreError> {
    let tail = file.tail().await?;
    let of = |text| sql(text).bind(package.ecosystem().as_str()).bind(package.as_str()).bind(version);
    both(file, of(OWNERS), tail.map(|start| of(TAIL_OWNERS).bind(start))).await
}

/// What the index and the ledger's end have, in order, each once.
async fn both<T: Column + Ord>(file: &File, indexed: Statement, tail: Option<Statement>) -> Result<Vec<T>, StoreError> {
    let mut all = BTreeSet::new();
    for statement in std::iter::once(indexed).chain(tail) {
        for row in file.db.all(statement).await? {
            all.insert(row.get(0)?);
        }
    }
    Ok(all.into_iter().collect())
}
