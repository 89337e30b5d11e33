//! Making the rows, by one statement.

use sekisho_core::Timestamp;
use sekisho_store::DatabaseConfig;
use sqlx::Connection;
use uuid::Uuid;

use crate::dialect::{Dialect, analyse, run};
use crate::{ACCOUNT, BOT, ORG, SPAN, first_at, open};

/// One statement that makes all rows: four in five are of one organisation, half of those by 2,000 persons, the others by
/// pipelines of 200 repositories; 5,000 packages, some far more popular than others, with 40 versions each.
pub(crate) async fn fill(config: &DatabaseConfig, rows: i64) {
    open(config).await.close().await;
    let (dialect, start, step) = (Dialect::of(config), first_at(), SPAN / rows);
    let at = format!("({start} + i * {step})");
    let id = dialect.id_at(&at, "h % 4096", "i");
    let (org, other) = (dialect.id(ORG), dialect.id(Uuid::from_u128(0xa2)));
    let (account, newline) = (dialect.id(ACCOUNT), dialect.newline());
    let name = "'package-' || ((h % 5000) * (g % 5000) / 5000)";
    let insert = format!(
        "INSERT INTO entries (id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, \
         client_name, client_version, address, subject, ci) {}, \
         n AS (SELECT i, (i * 2654435761) % 4294967296 AS h, ((i + 7) * 2246822519 / 64) % 4294967296 AS g FROM s) \
         SELECT {id}, {at}, 'npm', {name}, \
         CASE WHEN i % 100000 = 77 THEN '6.6.6' ELSE '1.' || (g % 40) || '.0' END, 'package-1.0.0.tgz', \
         CASE WHEN g % 500 = 0 THEN 'refused' ELSE 'answered' END, CASE WHEN g % 500 = 0 THEN 'malware' ELSE '' END, '', \
         CASE WHEN h % 10 < 8 THEN {org} WHEN h % 10 = 8 THEN {other} ELSE {account} END, {id}, 'npm', '11.4.2', \
         '192.0.2.17', \
         CASE WHEN h % 10 = 9 THEN '' WHEN g % 2 = 0 THEN 'user' || {user} || '@example.com' ELSE '{BOT}' END, \
         CASE WHEN h % 10 = 9 OR g % 2 = 0 THEN '' ELSE 'acme/repository-' || (g % 200) || {newline} || 'ci.yml' || \
         {newline} || i || {newline} || '0a1b2c3d4e5f' END FROM n",
        dialect.series(rows),
        user = dialect.padded(4, "g / 2 % 2000"),
    );
    if let DatabaseConfig::Postgres { url } = config {
        let mut connection = sqlx::PgConnection::connect(url).await.expect("opened");
        sqlx::raw_sql("DROP TABLE entries_first").execute(&mut connection).await.expect("dropped");
        let store = open(config).await;
        for month in 0..14 {
            let at = Timestamp(start + month * 30 * 24 * 3600 * 1000);
            store.ledger().make_months(at).await.expect("months");
        }
        store.close().await;
    }
    run(config, "ledger.db", insert).await;
    if let DatabaseConfig::Sqlite { dir } = config {
        for name in ["ledger-index.db", "ledger-index.db-wal", "ledger-index.db-shm"] {
            let _ = std::fs::remove_file(dir.join(name));
        }
    }
    analyse(config).await;
}

/// How much disk the rows take, and what finds them.
pub(crate) async fn sizes(config: &DatabaseConfig) {
    let mib = |bytes: u64| bytes / (1 << 20);
    match config {
        DatabaseConfig::Sqlite { dir } => {
            for name in ["ledger.db", "ledger-index.db"] {
                println!("{name}: {} MiB", mib(std::fs::metadata(dir.join(name)).map_or(0, |m| m.len())));
            }
        }
        DatabaseConfig::Postgres { url } => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("opened");
            let size = "SELECT SUM(pg_table_size(inhrelid))::BIGINT, SUM(pg_indexes_size(inhrelid))::BIGINT \
                        FROM pg_inherits WHERE inhparent = 'entries'::regclass";
            let (table, indexes): (i64, i64) = sqlx::query_as(size).fetch_one(&mut connection).await.expect("sizes");
            println!("table: {} MiB, indexes: {} MiB", mib(table as u64), mib(indexes as u64));
        }
    }
}
