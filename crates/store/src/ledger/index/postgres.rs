//! Finding rows on PostgreSQL, by its indexes. Each statement fits one of them and ends after as many rows as are wanted.

use std::time::Duration;

use sekisho_core::org::IdentifierPrefix;
use sekisho_core::{PackageName, Timestamp};
use uuid::Uuid;

use super::{Found, Run, Window, list};
use crate::db::{Db, sql};
use crate::error::StoreError;
use crate::ledger::queries::{LedgerRow, read};
use crate::ledger::question::id_at;

statements! {
    NEWEST = "SELECT id FROM entries ORDER BY id DESC LIMIT 1";
    OWNER = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE owner_id = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4";
    REFUSED = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE owner_id = $1 AND outcome = 'refused' \
        AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4";
    PACKAGE = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE owner_id = $1 AND ecosystem = $5 AND name = $6 \
        AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4";
    REPOSITORY = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries \
        WHERE owner_id = $1 AND ci <> '' AND split_part(ci, E'\\n', 1) = $5 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4";
    RELEASES = "SELECT r.id, r.at, r.ecosystem, r.name, r.version, r.file, r.outcome, r.reason, r.advisories, r.owner_id, \
        r.token_id, r.subject, r.ci, r.client_name, r.client_version, r.address \
        FROM jsonb_array_elements_text($7::jsonb) AS v(version) CROSS JOIN LATERAL (SELECT * FROM entries \
        WHERE ecosystem = $5 AND name = $6 AND version = v.version AND owner_id = $1 \
        AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4) AS r ORDER BY r.id DESC LIMIT $4";
    SUBJECTS = "SELECT r.id, r.at, r.ecosystem, r.name, r.version, r.file, r.outcome, r.reason, r.advisories, r.owner_id, \
        r.token_id, r.subject, r.ci, r.client_name, r.client_version, r.address \
        FROM jsonb_array_elements_text($5::jsonb) AS s(subject) CROSS JOIN LATERAL (SELECT * FROM entries \
        WHERE owner_id = $1 AND subject = s.subject AND subject <> '' \
        AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4) AS r ORDER BY r.id DESC LIMIT $4";
    // From each value straight to the next one: as many steps as there are values, however many rows they have. A version
    // that others took too has two: to the owner's place in it, and past it.
    VERSIONS = "WITH RECURSIVE v(version, owner_id) AS ((SELECT version, owner_id FROM entries WHERE ecosystem = $1 AND name = $2 \
        ORDER BY version, owner_id LIMIT 1) UNION ALL SELECT n.version, n.owner_id FROM v CROSS JOIN LATERAL \
        (SELECT e.version, e.owner_id FROM entries e WHERE e.ecosystem = $1 AND e.name = $2 AND (e.version, e.owner_id) > \
        (v.version, CASE WHEN v.owner_id < $3 THEN $4::uuid ELSE $5::uuid END) ORDER BY e.version, e.owner_id LIMIT 1) AS n) \
        SELECT version, owner_id FROM v LIMIT $6";
    PERSONS = "WITH RECURSIVE s(subject) AS ((SELECT subject FROM entries WHERE owner_id = $1 AND subject <> '' \
        AND subject >= $2 AND subject < $3 ORDER BY subject LIMIT 1) UNION ALL SELECT (SELECT e.subject FROM entries e \
        WHERE e.owner_id = $1 AND e.subject <> '' AND e.subject > s.subject AND e.subject < $3 \
        ORDER BY e.subject LIMIT 1) FROM s WHERE s.subject IS NOT NULL) \
        SELECT subject FROM s WHERE subject IS NOT NULL LIMIT $4";
    OWNERS = "WITH RECURSIVE o(owner_id) AS ((SELECT owner_id FROM entries WHERE ecosystem = $1 AND name = $2 \
        AND version = $3 ORDER BY owner_id LIMIT 1) UNION ALL SELECT (SELECT e.owner_id FROM entries e \
        WHERE e.ecosystem = $1 AND e.name = $2 AND e.version = $3 AND e.owner_id > o.owner_id \
        ORDER BY e.owner_id LIMIT 1) FROM o WHERE o.owner_id IS NOT NULL) \
        SELECT owner_id FROM o WHERE owner_id IS NOT NULL";
}

/// Most steps through the versions of a package.
const STEPS: i64 = 200;
/// The first look goes back so far, and each further one four times as far: a month's table that is not looked into costs
/// nothing, and of many releases or persons few more rows are read than are wanted.
const FIRST_LOOK: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn newest(db: &Db, run: &Run, window: &Window) -> Result<Found, StoreError> {
    let Some(newest) = db.optional(sql(NEWEST)).await? else { return Ok(Found { rows: Vec::new(), next: None }) };
    let newest = Uuid::from_u128(newest.get::<Uuid>(0)?.as_u128().saturating_add(1));
    let (mut before, mut back, mut rows) = (window.before.min(newest), FIRST_LOOK, Vec::new());
    loop {
        let from = window.from.max(earlier(before, back));
        let rest = window.limit.saturating_sub(rows.len());
        rows.extend(part(db, run, &Window { from, before, limit: rest }).await?);
        if rows.len() >= window.limit {
            return Ok(Found { next: rows.last().map(|row| row.id.0), rows });
        }
        if from <= window.from {
            return Ok(Found { rows, next: None });
        }
        (before, back) = (from, back.saturating_mul(4));
    }
}

/// The first id of the moment that lies so long before that of an id.
fn earlier(id: Uuid, by: Duration) -> Uuid {
    id_at(Timestamp((id.as_u128() >> 80) as i64).minus(by))
}

async fn part(db: &Db, run: &Run, window: &Window) -> Result<Vec<LedgerRow>, StoreError> {
    let start =
        |text, owner: Uuid| sql(text).bind(owner).bind(window.before).bind(window.from).bind(window.limit as i64);
    let statement = match run {
        Run::Owner(owner) => start(OWNER, *owner),
        Run::Refused(owner) => start(REFUSED, *owner),
        Run::Package(owner, package) => {
            start(PACKAGE, *owner).bind(package.ecosystem().as_str()).bind(package.as_str())
        }
        Run::Releases(owner, package, versions) => {
            let statement = start(RELEASES, *owner).bind(package.ecosystem().as_str()).bind(package.as_str());
            statement.bind(list(versions.iter().map(String::as_str)))
        }
        Run::Subjects(owner, subjects) => start(SUBJECTS, *owner).bind(list(subjects.iter().map(String::as_str))),
        Run::Repository(owner, repository) => start(REPOSITORY, *owner).bind(repository.as_str()),
    };
    db.all(statement).await?.iter().map(read).collect()
}

/// The versions of a package that an owner's rows name; none if there are too many to look at.
pub(super) async fn versions(db: &Db, owner: Uuid, package: &PackageName) -> Result<Option<Vec<String>>, StoreError> {
    let statement = sql(VERSIONS).bind(package.ecosystem().as_str()).bind(package.as_str()).bind(owner);
    let below = Uuid::from_u128(owner.as_u128().saturating_sub(1));
    let rows = db.all(statement.bind(below).bind(Uuid::max()).bind(STEPS)).await?;
    if rows.len() as i64 >= STEPS {
        return Ok(None);
    }
    let mut own = Vec::new();
    for row in rows {
        if row.get::<Uuid>(1)? == owner {
            own.push(row.get(0)?);
        }
    }
    Ok(Some(own))
}

pub(super) async fn subjects(
    db: &Db,
    owner: Uuid,
    prefix: &IdentifierPrefix,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let statement = sql(PERSONS).bind(owner).bind(prefix.first()).bind(prefix.end()).bind(limit as i64);
    db.all(statement).await?.iter().map(|row| row.get(0)).collect()
}

pub(super) async fn owners_of(db: &Db, package: &PackageName, version: &str) -> Result<Vec<Uuid>, StoreError> {
    let statement = sql(OWNERS).bind(package.ecosystem().as_str()).bind(package.as_str()).bind(version);
    db.all(statement).await?.iter().map(|row| row.get(0)).collect()
}
