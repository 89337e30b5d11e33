//! Schema versions: numbered files per engine, applied once, by whichever node is first.

use crate::db::{Db, Engine, Tx, sql};
use crate::error::StoreError;

/// The two halves of the data. On SQLite each is a file of its own, on PostgreSQL both lie in one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Accounts, tokens, codes, messages.
    Main,
    /// What was taken.
    Ledger,
}

/// The files, oldest first: a file's place is its version.
const MAIN_SQLITE: &[&str] = &[
    include_str!("../migrations/sqlite/main/0001_accounts.sql"),
    include_str!("../migrations/sqlite/main/0002_logins.sql"),
    include_str!("../migrations/sqlite/main/0003_organisations.sql"),
    include_str!("../migrations/sqlite/main/0004_operated.sql"),
    include_str!("../migrations/sqlite/main/0005_repeats.sql"),
    include_str!("../migrations/sqlite/main/0006_pipelines.sql"),
    include_str!("../migrations/sqlite/main/0007_console.sql"),
    include_str!("../migrations/sqlite/main/0008_rules.sql"),
    include_str!("../migrations/sqlite/main/0009_carried_tokens.sql"),
    include_str!("../migrations/sqlite/main/0010_install_days.sql"),
    include_str!("../migrations/sqlite/main/0011_audit_questions.sql"),
];
const MAIN_POSTGRES: &[&str] = &[
    include_str!("../migrations/postgres/main/0001_accounts.sql"),
    include_str!("../migrations/postgres/main/0002_logins.sql"),
    include_str!("../migrations/postgres/main/0003_organisations.sql"),
    include_str!("../migrations/postgres/main/0004_operated.sql"),
    include_str!("../migrations/postgres/main/0005_repeats.sql"),
    include_str!("../migrations/postgres/main/0006_pipelines.sql"),
    include_str!("../migrations/postgres/main/0007_console.sql"),
    include_str!("../migrations/postgres/main/0008_rules.sql"),
    include_str!("../migrations/postgres/main/0009_carried_tokens.sql"),
    include_str!("../migrations/postgres/main/0010_install_days.sql"),
    include_str!("../migrations/postgres/main/0011_audit_questions.sql"),
];
const LEDGER_SQLITE: &[&str] = &[
    include_str!("../migrations/sqlite/ledger/0001_ledger.sql"),
    include_str!("../migrations/sqlite/ledger/0002_takers.sql"),
    include_str!("../migrations/sqlite/ledger/0003_questions.sql"),
];
const LEDGER_POSTGRES: &[&str] = &[
    include_str!("../migrations/postgres/ledger/0001_ledger.sql"),
    include_str!("../migrations/postgres/ledger/0002_takers.sql"),
    include_str!("../migrations/postgres/ledger/0003_questions.sql"),
];

/// Any number that is ours; it names the lock under which PostgreSQL's nodes take turns.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7354047460)";
const QUIET: &str = "SET LOCAL client_min_messages = warning";
const MAKE_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (part TEXT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (part, version))";
const MAKE_TABLE_STRICT: &str = "CREATE TABLE IF NOT EXISTS schema_version \
     (part TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (part, version)) STRICT";

statements! {
    VERSION = "SELECT COALESCE(MAX(version), 0) FROM schema_version WHERE part = $1";
    APPLIED = "INSERT INTO schema_version (part, version) VALUES ($1, $2)";
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Main => "main",
            Part::Ledger => "ledger",
        }
    }

    /// The highest version that this program knows.
    pub(crate) fn known_to_sqlite(self) -> i64 {
        self.files(Engine::Sqlite).len() as i64
    }

    /// The same of PostgreSQL.
    pub(crate) fn known_to_postgres(self) -> i64 {
        self.files(Engine::Postgres).len() as i64
    }

    fn files(self, engine: Engine) -> &'static [&'static str] {
        match (self, engine) {
            (Part::Main, Engine::Sqlite) => MAIN_SQLITE,
            (Part::Main, Engine::Postgres) => MAIN_POSTGRES,
            (Part::Ledger, Engine::Sqlite) => LEDGER_SQLITE,
            (Part::Ledger, Engine::Postgres) => LEDGER_POSTGRES,
        }
    }
}

/// Applies what is missing, all or nothing.
pub(crate) async fn run(db: &Db, part: Part) -> Result<(), StoreError> {
    let files = part.files(db.engine());
    let known = files.len() as i64;
    let mut tx = db.begin().await?;
    match &mut tx {
        Tx::Sqlite(_) => tx.run(sql(MAKE_TABLE_STRICT)).await?,
        Tx::Postgres(_) => {
            // "Already exists" is no news at each start.
            tx.run(sql(QUIET)).await?;
            tx.run(sql(LOCK)).await?;
            tx.run(sql(MAKE_TABLE)).await?
        }
    };
    let row = tx.optional(sql(VERSION).bind(part.name())).await?.ok_or(StoreError::unreadable("schema version"))?;
    let found: i64 = row.get(0)?;
    if found > known {
        return Err(StoreError::Newer { part: part.name(), found, known });
    }
    for (version, file) in (1..).zip(files).skip(found.max(0) as usize) {
        match &mut tx {
            Tx::Sqlite(tx) => sqlx::raw_sql(*file).execute(&mut **tx).await.map(drop)?,
            Tx::Postgres(tx) => sqlx::raw_sql(*file).execute(&mut **tx).await.map(drop)?,
        }
        tx.run(sql(APPLIED).bind(part.name()).bind(version)).await?;
    }
    tx.commit().await
}
