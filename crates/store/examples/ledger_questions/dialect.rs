//! What the two engines write differently in statements that make many rows.

use sekisho_store::DatabaseConfig;
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

/// How an engine writes them.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    lite: bool,
}

impl Dialect {
    pub(crate) fn of(config: &DatabaseConfig) -> Dialect {
        Dialect { lite: matches!(config, DatabaseConfig::Sqlite { .. }) }
    }

    /// The table `s` with the numbers `i` from 0 on, so many.
    pub(crate) fn series(self, count: i64) -> String {
        match self.lite {
            true => format!("WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {count})"),
            false => format!("WITH s AS (SELECT i FROM generate_series(0::bigint, {count} - 1) AS i)"),
        }
    }

    /// A number in hexadecimal digits.
    pub(crate) fn hex(self, digits: usize, what: &str) -> String {
        match self.lite {
            true => format!("printf('%0{digits}x', {what})"),
            false => format!("lpad(to_hex(({what})::bigint), {digits}, '0')"),
        }
    }

    /// A number in decimal digits.
    pub(crate) fn padded(self, digits: usize, what: &str) -> String {
        match self.lite {
            true => format!("printf('%0{digits}d', {what})"),
            false => format!("lpad(({what})::text, {digits}, '0')"),
        }
    }

    /// An id of 32 hexadecimal digits.
    pub(crate) fn uuid(self, digits: &str) -> String {
        if self.lite { format!("unhex({digits})") } else { format!("({digits})::uuid") }
    }

    /// An id that is known.
    pub(crate) fn id(self, id: Uuid) -> String {
        self.uuid(&format!("'{}'", id.simple()))
    }

    /// The id of a row of this moment, the one with this number: version 7, so that rows stand in order.
    pub(crate) fn id_at(self, at: &str, random: &str, number: &str) -> String {
        let parts = [self.hex(12, at), "'7'".into(), self.hex(3, random), "'8'".into(), self.hex(15, number)];
        self.uuid(&parts.join(" || "))
    }

    /// Bytes of hexadecimal digits.
    pub(crate) fn bytes(self, digits: &str) -> String {
        if self.lite { format!("unhex({digits})") } else { format!("decode({digits}, 'hex')") }
    }

    pub(crate) fn newline(self) -> &'static str {
        if self.lite { "char(10)" } else { "chr(10)" }
    }
}

/// Runs a statement on the database, or on this file of it. What it makes need not survive a power cut.
pub(crate) async fn run(config: &DatabaseConfig, file: &str, statement: String) {
    match config {
        DatabaseConfig::Sqlite { dir } => {
            let file = dir.join(file).display().to_string();
            let mut connection = sqlx::SqliteConnection::connect(&file).await.expect("opened");
            let quick = "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000";
            sqlx::raw_sql(quick).execute(&mut connection).await.expect("set");
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("filled");
            connection.close().await.expect("closed");
        }
        DatabaseConfig::Postgres { url } => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("opened");
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("filled");
            connection.close().await.expect("closed");
        }
    }
}

/// Has PostgreSQL look at what is there, as it does by itself after a while.
pub(crate) async fn analyse(config: &DatabaseConfig) {
    if matches!(config, DatabaseConfig::Postgres { .. }) {
        run(config, "", "VACUUM ANALYZE".to_owned()).await;
    }
}
