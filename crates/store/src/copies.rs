//! Copies of SQLite's files, made while others write, and what can be said of a file before it is used.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::error::StoreError;
use crate::migrate::Part;
use crate::store::{LEDGER_FILE, MAIN_FILE};

/// How long a copy waits for another that holds the file.
const PATIENCE: Duration = Duration::from_secs(10);
const COPY: &str = "VACUUM INTO $1";
const CHECK: &str = "PRAGMA quick_check(1)";
const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version WHERE part = $1";
const HAS_VERSIONS: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";

/// SQLite's files in the order in which they are copied: whoever is named by a row of the ledger was in the main file
/// before it, so the ledger comes first.
pub const SQLITE_FILES: [&str; 2] = [LEDGER_FILE, MAIN_FILE];

/// The one with accounts, tokens and organisations.
pub const SQLITE_MAIN: &str = MAIN_FILE;

/// A part of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaVersion {
    /// `main` or `ledger`.
    pub part: &'static str,
    /// The version in the file; 0 if it has none.
    pub found: i64,
    /// The highest version that this program knows.
    pub known: i64,
}

/// Copies a file to one that is empty or not there: the state of one moment, which nobody waits for. It is not synced.
pub async fn copy_sqlite(from: &Path, into: &Path) -> Result<(), StoreError> {
    let mut connection = open(from).await?;
    let into = into.to_str().ok_or(StoreError::unreadable("path"))?;
    sqlx::query(COPY).bind(into).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Looks through a file's pages; the first thing that is wrong, in SQLite's words.
pub async fn check_sqlite(path: &Path) -> Result<Option<String>, StoreError> {
    let mut connection = open(path).await?;
    let found: String = sqlx::query_scalar(CHECK).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok((found != "ok").then_some(found))
}

/// The schema of the files in a folder. Nothing is made or brought up to date.
pub async fn sqlite_versions(dir: &Path) -> Result<Vec<SchemaVersion>, StoreError> {
    let mut versions = Vec::new();
    for (file, part) in [(MAIN_FILE, Part::Main), (LEDGER_FILE, Part::Ledger)] {
        let found = version_of(&dir.join(file), part).await?;
        versions.push(SchemaVersion { part: part.name(), found, known: part.known_to_sqlite() });
    }
    Ok(versions)
}

/// A file's version of a part of the schema; 0 if it has none.
pub(crate) async fn version_of(path: &Path, part: Part) -> Result<i64, StoreError> {
    let mut connection = open(path).await?;
    let there: i64 = sqlx::query_scalar(HAS_VERSIONS).fetch_one(&mut connection).await?;
    let found = match there {
        0 => 0,
        _ => sqlx::query_scalar(VERSION).bind(part.name()).fetch_one(&mut connection).await?,
    };
    connection.close().await?;
    Ok(found)
}

async fn open(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).disable_statement_logging();
    Ok(options.connect().await?)
}
