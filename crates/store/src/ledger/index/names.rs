//! Which versions, persons and owners the index on SQLite and the ledger's end name.

use std::collections::BTreeSet;

use sekisho_core::PackageName;
use sekisho_core::org::IdentifierPrefix;
use uuid::Uuid;

use super::runs::of_package;
use super::sqlite::File;
use crate::db::{Column, Statement, sql};
use crate::error::StoreError;

/// More versions of a package are not listed.
const MOST_VERSIONS: i64 = 2000;
const VERSIONS: &str = "SELECT c FROM idx.keys WHERE kind = 2 AND owner = $1 AND a = $2 AND b = $3 LIMIT $4";
const TAIL_VERSIONS: &str = "SELECT DISTINCT version FROM entries \
        WHERE owner_id = $1 AND ecosystem = $2 AND name = $3 AND id >= $4";
const PERSONS: &str = "SELECT a FROM idx.keys WHERE kind = 3 AND owner = $1 AND a >= $2 AND a < $3 ORDER BY a LIMIT $4";
const TAIL_PERSONS: &str = "SELECT DISTINCT subject FROM entries \
        WHERE owner_id = $1 AND subject >= $2 AND subject < $3 AND id >= $4 AND subject <> ''";
const OWNERS: &str =
    "SELECT owner FROM idx.keys INDEXED BY keys_release WHERE kind = 2 AND a = $1 AND b = $2 AND c = $3";
const TAIL_OWNERS: &str = "SELECT DISTINCT owner_id FROM entries \
        WHERE ecosystem = $1 AND name = $2 AND version = $3 AND id >= $4";

/// The versions of a package that an owner's rows name; none if there are too many.
pub(super) async fn versions(
    file: &File,
    owner: Uuid,
    package: &PackageName,
) -> Result<Option<Vec<String>>, StoreError> {
    let tail = file.tail().await?;
    let indexed = of_package(VERSIONS, owner, package).bind(MOST_VERSIONS);
    let unindexed = |start: Uuid| of_package(TAIL_VERSIONS, owner, package).bind(start);
    let all = both(file, indexed, tail.map(unindexed)).await?;
    Ok((all.len() < MOST_VERSIONS as usize).then_some(all))
}

pub(super) async fn subjects(
    file: &File,
    owner: Uuid,
    prefix: &IdentifierPrefix,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let tail = file.tail().await?;
    let of = |text| sql(text).bind(owner).bind(prefix.first()).bind(prefix.end());
    let mut all = both(file, of(PERSONS).bind(limit as i64), tail.map(|start| of(TAIL_PERSONS).bind(start))).await?;
    all.truncate(limit);
    Ok(all)
}

pub(super) async fn owners_of(file: &File, package: &PackageName, version: &str) -> Result<Vec<Uuid>, StoreError> {
    let tail = file.tail().await?;
    let of = |text| sql(text).bind(package.ecosystem().as_str()).bind(package.as_str()).bind(version);
    both(file, of(OWNERS), tail.map(|start| of(TAIL_OWNERS).bind(start))).await
}

/// What the index and the ledger's end have, in order, each once.
async fn both<T: Column + Ord>(file: &File, indexed: Statement, tail: Option<Statement>) -> Result<Vec<T>, StoreError> {
    let mut all = BTreeSet::new();
    for statement in std::iter::once(indexed).chain(tail) {
        for row in file.db.all(statement).await? {
            all.insert(row.get(0)?);
        }
    }
    Ok(all.into_iter().collect())
}
