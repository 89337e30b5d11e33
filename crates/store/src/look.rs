//! What can be said of a database before it is used: whether it answers, its schema, and its clock. Nothing is made or
//! brought up to date.

use std::str::FromStr;
use std::time::Duration;

use sekisho_core::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use crate::copies::{SchemaVersion, sqlite_versions};
use crate::error::{StoreError, Unavailability};
use crate::migrate::Part;
use crate::store::{DatabaseConfig, LEDGER_FILE, MAIN_FILE};

const PATIENCE: Duration = Duration::from_secs(5);
const NOW: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";
const HAS_VERSIONS: &str = "SELECT to_regclass('schema_version') IS NOT NULL";
const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version WHERE part = $1";

/// What was found.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The parts of the schema; empty if there is no database yet.
    pub schema: Vec<SchemaVersion>,
    /// The database's own clock, if it has one.
    pub now: Option<Timestamp>,
}

/// Looks at a database.
pub async fn look(config: &DatabaseConfig) -> Result<Looked, StoreError> {
    match config {
        DatabaseConfig::Sqlite { dir } => {
            let there = [MAIN_FILE, LEDGER_FILE].iter().all(|file| dir.join(file).exists());
            let schema = if there { sqlite_versions(dir).await? } else { Vec::new() };
            Ok(Looked { schema, now: None })
        }
        DatabaseConfig::Postgres { url } => {
            let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::BadUrl)?.disable_statement_logging();
            let connecting = tokio::time::timeout(PATIENCE, options.connect()).await;
            let late = StoreError::Unavailable { why: Unavailability::Connection, source: None };
            let mut connection = connecting.map_err(|_| late)??;
            let found = in_postgres(&mut connection).await?;
            connection.close().await?;
            Ok(found)
        }
    }
}

async fn in_postgres(connection: &mut PgConnection) -> Result<Looked, StoreError> {
    let there: bool = sqlx::query_scalar(HAS_VERSIONS).fetch_one(&mut *connection).await?;
    let mut schema = Vec::new();
    for part in [Part::Main, Part::Ledger].into_iter().filter(|_| there) {
        let found = sqlx::query_scalar(VERSION).bind(part.name()).fetch_one(&mut *connection).await?;
        schema.push(SchemaVersion { part: part.name(), found, known: part.known_to_postgres() });
    }
    let now = sqlx::query_scalar(NOW).fetch_one(connection).await?;
    Ok(Looked { schema, now: Some(Timestamp(now)) })
}
