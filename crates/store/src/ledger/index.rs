//! How rows are found without reading all of them: PostgreSQL has indexes for it, on SQLite a file beside the ledger does
//! it (docs/decisions).

/// The keys of some rows, `e`, each with the row's id.
macro_rules! keys_of_rows {
    () => {
        "SELECT k.key, e.id FROM e CROSS JOIN keys k \
         ON k.kind = 1 AND k.owner = e.owner_id AND k.a = '' AND k.b = '' AND k.c = '' \
         UNION ALL SELECT k.key, e.id FROM e CROSS JOIN keys k \
         ON k.kind = 2 AND k.owner = e.owner_id AND k.a = e.ecosystem AND k.b = e.name AND k.c = e.version \
         UNION ALL SELECT k.key, e.id FROM e CROSS JOIN keys k \
         ON k.kind = 3 AND k.owner = e.owner_id AND k.a = e.subject AND k.b = '' AND k.c = '' WHERE e.subject <> '' \
         UNION ALL SELECT k.key, e.id FROM e CROSS JOIN keys k \
         ON k.kind = 4 AND k.owner = e.owner_id AND k.a = e.repository AND k.b = '' AND k.c = '' WHERE e.repository <> '' \
         UNION ALL SELECT k.key, e.id FROM e CROSS JOIN keys k \
         ON k.kind = 5 AND k.owner = e.owner_id AND k.a = '' AND k.b = '' AND k.c = '' WHERE e.outcome = 'refused'"
    };
}

mod follow;
mod forget;
mod names;
mod postgres;
mod rename;
mod runs;
mod sqlite;

use sekisho_core::PackageName;
use sekisho_core::org::IdentifierPrefix;
use uuid::Uuid;

pub(super) use follow::Follower;
pub(crate) use sqlite::FILE;
pub(super) use sqlite::File;

#[cfg(test)]
pub(crate) use postgres::STATEMENTS as POSTGRES_STATEMENTS;

use super::queries::LedgerRow;
use crate::db::Db;
use crate::error::StoreError;

/// Rows of one owner that can be read newest first without reading others.
#[derive(Clone, Debug)]
pub(super) enum Run {
    /// All.
    Owner(Uuid),
    /// Refusals.
    Refused(Uuid),
    /// Of a package.
    Package(Uuid, PackageName),
    /// Of these versions of a package.
    Releases(Uuid, PackageName, Vec<String>),
    /// Of these identifiers or bots.
    Subjects(Uuid, Vec<String>),
    /// Of pipelines of a repository.
    Repository(Uuid, String),
}

/// Which part of a run.
pub(super) struct Window {
    /// From this id on.
    pub(super) from: Uuid,
    /// Below this id.
    pub(super) before: Uuid,
    /// So many of the newest.
    pub(super) limit: usize,
}

/// Some rows of a run.
pub(super) struct Found {
    /// Newest first.
    pub(super) rows: Vec<LedgerRow>,
    /// Older ones may follow, below this id; none: there are no more.
    pub(super) next: Option<Uuid>,
}

/// Finds rows.
#[derive(Clone)]
pub(super) enum Index {
    Sqlite(File),
    Postgres(Db),
}

impl Index {
    /// A second run makes the answer shorter.
    pub(super) fn takes_two(&self) -> bool {
        matches!(self, Index::Sqlite(_))
    }

    /// The newest rows of a run within the window, newest first. Where a second run is named, those that are in none of it
    /// may be left out.
    pub(super) async fn newest(&self, run: &Run, and: Option<&Run>, window: &Window) -> Result<Found, StoreError> {
        match self {
            Index::Sqlite(file) => runs::newest(file, run, and, window).await,
            Index::Postgres(db) => postgres::newest(db, run, window).await,
        }
    }

    /// Commits that are not in the index yet; none while it is built.
    pub(super) async fn behind(&self) -> Result<Option<i64>, StoreError> {
        match self {
            Index::Sqlite(file) => sqlite::behind(file).await,
            Index::Postgres(_) => Ok(Some(0)),
        }
    }

    /// The versions of a package that an owner's rows name; none if there are too many to list.
    pub(super) async fn versions(&self, owner: Uuid, package: &PackageName) -> Result<Option<Vec<String>>, StoreError> {
        match self {
            Index::Sqlite(file) => names::versions(file, owner, package).await,
            Index::Postgres(db) => postgres::versions(db, owner, package).await,
        }
    }

    /// Identifiers and bots that begin so, in order, up to a limit.
    pub(super) async fn subjects(
        &self,
        owner: Uuid,
        prefix: &IdentifierPrefix,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        match self {
            Index::Sqlite(file) => names::subjects(file, owner, prefix, limit).await,
            Index::Postgres(db) => postgres::subjects(db, owner, prefix, limit).await,
        }
    }

    pub(super) async fn owners_of(&self, package: &PackageName, version: &str) -> Result<Vec<Uuid>, StoreError> {
        match self {
            Index::Sqlite(file) => names::owners_of(file, package, version).await,
            Index::Postgres(db) => postgres::owners_of(db, package, version).await,
        }
    }
}

/// Texts as one value, because the drivers share no type for lists.
pub(super) fn list(texts: impl Iterator<Item = impl Into<serde_json::Value>>) -> String {
    serde_json::Value::Array(texts.map(Into::into).collect()).to_string()
}
