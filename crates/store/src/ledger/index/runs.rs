//! Reading runs of rows on SQLite: by the index, and from the ledger's end what that lacks.

use sekisho_core::PackageName;
use uuid::Uuid;

use super::sqlite::File;
use super::{Found, Run, Window, list};
use crate::db::{Row, Statement, sql};
use crate::error::StoreError;
use crate::ledger::queries::{LedgerRow, read};

const TAIL: &str = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE id < $2 AND id >= $3 AND owner_id = $1 \
        AND ($5 = '' OR ecosystem = $5) AND ($6 = '' OR name = $6) AND ($7 = '' OR outcome = $7) \
        AND ($8 = '' OR substr(ci, 1, instr(ci, char(10)) - 1) = $8) \
        AND ($9 = '[]' OR version IN (SELECT value FROM json_each($9))) \
        AND ($10 = '[]' OR subject IN (SELECT value FROM json_each($10))) ORDER BY id DESC LIMIT $4";
// The ids of rows that are gone come too, without a row: a page goes on after them.
const ONE_RUN: &str = "SELECT e.id, e.at, e.ecosystem, e.name, e.version, e.file, e.outcome, e.reason, e.advisories, e.owner_id, \
        e.token_id, e.subject, e.ci, e.client_name, e.client_version, e.address, r.id FROM \
        (SELECT id FROM idx.runs WHERE key = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4) AS r \
        LEFT JOIN entries e ON e.id = r.id ORDER BY r.id DESC";
// One of the runs alone has as many rows as are wanted at or after this id, so the newest of all of them do too.
const ENOUGH: &str = "SELECT MAX((SELECT id FROM idx.runs WHERE key = k.value AND id < $2 AND id >= $3 \
        ORDER BY id DESC LIMIT 1 OFFSET $4 - 1)) FROM json_each($1) AS k";
const SOME_RUNS: &str = "SELECT e.id, e.at, e.ecosystem, e.name, e.version, e.file, e.outcome, e.reason, e.advisories, e.owner_id, \
        e.token_id, e.subject, e.ci, e.client_name, e.client_version, e.address, r.id FROM \
        (SELECT id FROM idx.runs WHERE key IN (SELECT value FROM json_each($1)) AND id < $2 AND id >= $3 \
        ORDER BY id DESC LIMIT $4) AS r LEFT JOIN entries e ON e.id = r.id ORDER BY r.id DESC";
const KEY: &str = "SELECT key FROM idx.keys WHERE kind = $1 AND owner = $2 AND a = $3 AND b = '' AND c = ''";
const SUBJECT_KEYS: &str = "SELECT k.key FROM json_each($2) AS s CROSS JOIN idx.keys AS k \
        ON k.kind = 3 AND k.owner = $1 AND k.a = s.value AND k.b = '' AND k.c = ''";
const RELEASE_KEYS: &str = "SELECT k.key FROM json_each($4) AS v CROSS JOIN idx.keys AS k \
        ON k.kind = 2 AND k.owner = $1 AND k.a = $2 AND k.b = $3 AND k.c = v.value";
const PACKAGE_KEYS: &str = "SELECT key FROM idx.keys WHERE kind = 2 AND owner = $1 AND a = $2 AND b = $3";
// The same of rows that are in runs of a second list too.
const IN_BOTH: &str = "SELECT e.id, e.at, e.ecosystem, e.name, e.version, e.file, e.outcome, e.reason, e.advisories, e.owner_id, \
        e.token_id, e.subject, e.ci, e.client_name, e.client_version, e.address, r.id FROM \
        (SELECT id FROM idx.runs AS a WHERE key IN (SELECT value FROM json_each($1)) AND id < $2 AND id >= $3 \
        AND EXISTS (SELECT 1 FROM idx.runs AS b WHERE b.key IN (SELECT value FROM json_each($5)) AND b.id = a.id) \
        ORDER BY id DESC LIMIT $4) AS r LEFT JOIN entries e ON e.id = r.id ORDER BY r.id DESC";

/// Ids of one list that are looked up in another in one step. They cost far less than rows, which lie scattered.
const LOOKED_UP: usize = 8000;

/// What one source has: ids and their rows, unless they are gone, and down to where it is complete.
struct Part {
    rows: Vec<(Uuid, Option<LedgerRow>)>,
    next: Option<Uuid>,
}

/// The newest rows of a run, those that are in a second one too where there is one.
pub(super) async fn newest(file: &File, run: &Run, and: Option<&Run>, window: &Window) -> Result<Found, StoreError> {
    let tail = file.tail().await?;
    let mut found = match and {
        Some(and) => in_both(file, run, and, window).await?,
        None => indexed(file, run, window).await?,
    };
    if let Some(start) = tail {
        let tail = unindexed(file, run, window, start).await?;
        // Both are complete down to here; what is older comes again.
        found.next = found.next.max(tail.next);
        found.rows.extend(tail.rows);
        found.rows.retain(|(id, _)| found.next.is_none_or(|next| *id >= next));
        found.rows.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        found.rows.dedup_by_key(|(id, _)| *id);
    }
    Ok(Found { rows: found.rows.into_iter().filter_map(|(_, row)| row).collect(), next: found.next })
}

/// The newest ids of a run.
async fn indexed(file: &File, run: &Run, window: &Window) -> Result<Part, StoreError> {
    let keys = keys(file, run).await?;
    let statement = match keys.as_slice() {
        [] => return Ok(Part { rows: Vec::new(), next: None }),
        [key] => sql(ONE_RUN).bind(*key).bind(window.before).bind(window.from),
        keys => {
            let from = enough(file, keys, window, window.limit).await?;
            let keys = list(keys.iter().copied());
            sql(SOME_RUNS).bind(keys).bind(window.before).bind(from.unwrap_or(window.from))
        }
    };
    read_rows(file, statement.bind(window.limit as i64), window, None).await
}

/// The newest ids that two runs share. The one that is cut into more lists is gone through, because each of its ids is looked
/// up in every list of the other.
async fn in_both(file: &File, run: &Run, and: &Run, window: &Window) -> Result<Part, StoreError> {
    let (a, b) = (keys(file, run).await?, keys(file, and).await?);
    let (through, lookup) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if lookup.is_empty() {
        return Ok(Part { rows: Vec::new(), next: None });
    }
    let each = LOOKED_UP / lookup.len() / through.len();
    let from = enough(file, &through, window, each.max(1)).await?;
    let statement = sql(IN_BOTH).bind(list(through.iter().copied())).bind(window.before);
    let statement = statement.bind(from.unwrap_or(window.from)).bind(window.limit as i64);
    read_rows(file, statement.bind(list(lookup.iter().copied())), window, from).await
}

/// From which id on one of these lists alone has so many; none: none has.
async fn enough(file: &File, keys: &[i64], window: &Window, many: usize) -> Result<Option<Uuid>, StoreError> {
    let enough = sql(ENOUGH).bind(list(keys.iter().copied())).bind(window.before).bind(window.from).bind(many as i64);
    file.db.optional(enough).await?.map_or(Ok(None), |row| row.get(0))
}

/// Reads ids and rows that are complete down to `from`, unless as many came as were wanted.
async fn read_rows(file: &File, statement: Statement, window: &Window, from: Option<Uuid>) -> Result<Part, StoreError> {
    let read = |row: &Row| {
        let there = row.get::<Option<Uuid>>(0)?.is_some();
        Ok((row.get(16)?, there.then(|| read(row)).transpose()?))
    };
    let rows = file.db.all(statement).await?.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    let full = rows.len() >= window.limit;
    Ok(Part { next: rows.last().map(|(id, _)| *id).filter(|_| full).or(from), rows })
}

async fn keys(file: &File, run: &Run) -> Result<Vec<i64>, StoreError> {
    let statement = match run {
        Run::Owner(owner) => sql(KEY).bind(1).bind(*owner).bind(""),
        Run::Repository(owner, repository) => sql(KEY).bind(4).bind(*owner).bind(repository.as_str()),
        Run::Refused(owner) => sql(KEY).bind(5).bind(*owner).bind(""),
        Run::Subjects(owner, subjects) => {
            sql(SUBJECT_KEYS).bind(*owner).bind(list(subjects.iter().map(String::as_str)))
        }
        Run::Package(owner, package) => of_package(PACKAGE_KEYS, *owner, package),
        Run::Releases(owner, package, versions) => {
            of_package(RELEASE_KEYS, *owner, package).bind(list(versions.iter().map(String::as_str)))
        }
    };
    file.db.all(statement).await?.iter().map(|row| row.get(0)).collect()
}

pub(super) fn of_package(text: &'static str, owner: Uuid, package: &PackageName) -> Statement {
    sql(text).bind(owner).bind(package.ecosystem().as_str()).bind(package.as_str())
}

/// The rows of a run at the ledger's end, from `start` on.
async fn unindexed(file: &File, run: &Run, window: &Window, start: Uuid) -> Result<Part, StoreError> {
    let none: &[String] = &[];
    let (mut package, mut outcome, mut repository, mut versions, mut subjects) = (("", ""), "", "", none, none);
    let owner = match run {
        Run::Owner(owner) => owner,
        Run::Refused(owner) => {
            outcome = "refused";
            owner
        }
        Run::Repository(owner, name) => {
            repository = name;
            owner
        }
        Run::Subjects(_, none) | Run::Releases(_, _, none) if none.is_empty() => {
            return Ok(Part { rows: Vec::new(), next: None });
        }
        Run::Subjects(owner, some) => {
            subjects = some;
            owner
        }
        Run::Package(owner, name) => {
            package = (name.ecosystem().as_str(), name.as_str());
            owner
        }
        Run::Releases(owner, name, some) => {
            package = (name.ecosystem().as_str(), name.as_str());
            versions = some;
            owner
        }
    };
    let statement = sql(TAIL).bind(*owner).bind(window.before).bind(start.max(window.from)).bind(window.limit as i64);
    let statement = statement.bind(package.0).bind(package.1).bind(outcome).bind(repository);
    let texts = |texts: &[String]| list(texts.iter().map(String::as_str));
    let statement = statement.bind(texts(versions)).bind(texts(subjects));
    let read = |row: &Row| read(row).map(|row| (row.id.0, Some(row)));
    let rows = file.db.all(statement).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Part { next: rows.last().map(|(id, _)| *id).filter(|_| rows.len() >= window.limit), rows })
}
