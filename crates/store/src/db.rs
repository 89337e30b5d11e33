//! One set of statements for two engines: the pools, a transaction, and how a statement is run on either.

mod postgres;
mod sql;
mod sqlite;

use std::path::PathBuf;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

pub(crate) use sql::{Column, Row, Statement, sql};
pub(crate) use sqlite::switch_to_wal;

use crate::error::StoreError;
use crate::migrate::{self, Part};

/// Which engine a database runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Where a part of the data lies.
#[derive(Clone)]
pub(crate) enum Place<'a> {
    Sqlite(PathBuf),
    Postgres { url: &'a str, connections: u32 },
}

/// Connections to one database. Clones share them.
#[derive(Clone)]
pub(crate) enum Db {
    /// SQLite allows one writer at a time: one connection writes, so that transactions queue here and not at the file.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction that writes. Dropped without [`Tx::commit`], it leaves nothing.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Db {
    /// Connects, and brings the schema up to what this program knows.
    pub(crate) async fn open(place: Place<'_>, part: Part) -> Result<Db, StoreError> {
        let db = match place {
            Place::Sqlite(path) => sqlite::open(&path).await?,
            Place::Postgres { url, connections } => postgres::open(url, connections).await?,
        };
        migrate::run(&db, part).await?;
        Ok(db)
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Db::Sqlite { .. } => Engine::Sqlite,
            Db::Postgres(_) => Engine::Postgres,
        }
    }

    /// Starts a transaction that writes. On SQLite it takes the write lock at once, because a lock that is taken later can fail.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Db::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Runs one statement that writes, in a transaction of its own; how many rows it changed.
    pub(crate) async fn write(&self, statement: Statement) -> Result<u64, StoreError> {
        match self {
            Db::Sqlite { writer, .. } => statement.execute_sqlite(writer).await,
            Db::Postgres(pool) => statement.execute_postgres(pool).await,
        }
    }

    /// Runs one statement that writes and returns rows.
    pub(crate) async fn write_returning(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self {
            Db::Sqlite { writer, .. } => statement.rows_sqlite(writer).await,
            Db::Postgres(pool) => statement.rows_postgres(pool).await,
        }
    }

    /// Reads rows.
    pub(crate) async fn all(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self {
            Db::Sqlite { readers, .. } => statement.rows_sqlite(readers).await,
            Db::Postgres(pool) => statement.rows_postgres(pool).await,
        }
    }

    /// Reads one row or none.
    pub(crate) async fn optional(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// Waits for what runs and disconnects.
    pub(crate) async fn close(&self) {
        match self {
            Db::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Runs a statement; how many rows it changed.
    pub(crate) async fn run(&mut self, statement: Statement) -> Result<u64, StoreError> {
        match self {
            Tx::Sqlite(tx) => statement.execute_sqlite(&mut **tx).await,
            Tx::Postgres(tx) => statement.execute_postgres(&mut **tx).await,
        }
    }

    /// Runs a statement that returns rows.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self {
            Tx::Sqlite(tx) => statement.rows_sqlite(&mut **tx).await,
            Tx::Postgres(tx) => statement.rows_postgres(&mut **tx).await,
        }
    }

    /// Runs a statement that returns one row or none.
    pub(crate) async fn optional(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// Makes it durable: when this returns, the changes were synced.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
