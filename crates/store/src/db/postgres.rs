//! Connecting to PostgreSQL: synced commits, checked on each connection.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use super::Db;
use crate::error::StoreError;

/// How long a caller waits for a connection; also how long a server that is down is tried.
const ACQUIRE: Duration = Duration::from_millis(1500);

/// How long a server that was tried in vain is asked why.
const LAST_TRY: Duration = Duration::from_millis(300);

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
    match pool.connect_with(options.clone()).await {
        Ok(pool) => Ok(Db::Postgres(pool)),
        Err(sqlx::Error::PoolTimedOut) => Err(in_the_way(&options).await),
        Err(error) => Err(error.into()),
    }
}

/// A pool tries a server that refuses until its time is up, and then only says that it is up. One more try says why.
async fn in_the_way(options: &PgConnectOptions) -> StoreError {
    match tokio::time::timeout(LAST_TRY, options.connect()).await {
        Ok(Err(error)) => error.into(),
        _ => sqlx::Error::PoolTimedOut.into(),
    }
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
