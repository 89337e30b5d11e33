//! Connecting to PostgreSQL: synced commits, checked on each connection.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use super::Db;
use crate::error::StoreError;

/// How long a caller waits for a connection; also how long a server that is down is tried.
const ACQUIRE: Duration = Duration::from_millis(1500);

/// Connects. `sslmode` in the address says how TLS is used (`verify-full` is the one that cannot be intercepted); the
/// system's certificates are trusted.
pub(super) async fn open(url: &str, connections: u32) -> Result<Db, StoreError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(StoreError::BadUrl);
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::BadUrl)?
        .application_name("sekisho")
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .after_connect(|connection, _| Box::pin(async move { make_durable(connection).await }));
    Ok(Db::Postgres(pool.connect_with(options).await?))
}

/// A role or a database may have another default, and a commit that is not synced is none.
async fn make_durable(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let set = "SELECT set_config('synchronous_commit', 'on', false)";
    let found: String = sqlx::query_scalar(set).fetch_one(&mut *connection).await?;
    if found != "on" {
        let error = StoreError::NotDurable { setting: "synchronous_commit", found, wanted: "on" };
        return Err(sqlx::Error::Configuration(Box::new(error)));
    }
    Ok(())
}
