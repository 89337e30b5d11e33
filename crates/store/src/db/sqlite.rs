//! Opening a SQLite file: write-ahead log, synced commits, one writer and some readers.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Db;
use crate::error::{StoreError, Unavailability};

/// How long a writer waits for another process (the command line beside the server).
const BUSY: Duration = Duration::from_secs(2);
/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);
/// Connections that only read.
const READERS: u32 = 4;
/// `PRAGMA synchronous` as a number: 2 is `FULL`.
const FULL: i64 = 2;

/// Opens the file, or makes it.
pub(super) async fn open(path: &Path) -> Result<Db, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(async move { check(connection).await }))
    };
    let first = switch_to_wal(&options).await?;
    let writer = pool()
        .max_connections(1)
        .after_release(|connection, _| Box::pin(async move { is_clean(connection).await }))
        .connect_with(options.clone())
        .await?;
    first.close().await?;
    let readers = pool().max_connections(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Db::Sqlite { writer, readers })
}

/// Two programs that open a new file at once both switch it to the write-ahead log, and for that SQLite waits for nobody.
/// Nor does it when the last connection to a file closes and puts the log away: hold this one until there is another.
pub(crate) async fn switch_to_wal(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    let tries = 40;
    for _ in 0..tries {
        match options.connect().await.map_err(StoreError::from) {
            Err(StoreError::Unavailable { why: Unavailability::Busy, .. }) => {
                tokio::time::sleep(BUSY / tries).await;
            }
            Err(error) => return Err(error),
            Ok(connection) => return Ok(connection),
        }
    }
    Err(StoreError::Unavailable { why: Unavailability::Busy, source: None })
}

/// On a full or failing disk SQLite rolls a transaction back by itself. The driver doesn't know, its own rollback fails, and
/// it would refuse every later transaction on that connection: such a one is closed, and the next caller gets a new one.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A dropped transaction's rollback runs in the background; what comes after the ping comes after the rollback.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// A connection that would lose commits in a power cut is not used.
async fn check(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    if synchronous != FULL {
        return Err(not_durable("synchronous", synchronous.to_string(), "2"));
    }
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(connection).await?;
    if journal != "wal" {
        return Err(not_durable("journal_mode", journal, "wal"));
    }
    Ok(())
}

fn not_durable(setting: &'static str, found: String, wanted: &'static str) -> sqlx::Error {
    sqlx::Error::Configuration(Box::new(StoreError::NotDurable { setting, found, wanted }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_does_not_sync_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let options = SqliteConnectOptions::new().filename(dir.path().join("x.db")).create_if_missing(true);
        let wal = options.clone().journal_mode(SqliteJournalMode::Wal);
        for (options, setting) in [
            (wal.synchronous(SqliteSynchronous::Normal), "synchronous"),
            (options.journal_mode(SqliteJournalMode::Memory).synchronous(SqliteSynchronous::Full), "journal_mode"),
        ] {
            let mut connection = options.connect().await.expect("opens");
            let error = StoreError::from(check(&mut connection).await.expect_err("not durable"));
            assert!(matches!(error, StoreError::NotDurable { setting: s, .. } if s == setting), "{error:?}");
        }
    }
}
