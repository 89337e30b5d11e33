//! A group of entries in one transaction: wide inserts of a few fixed sizes, so that each is prepared once.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

use sekisho_core::id::EntryId;

use super::count::day;
use super::entry::{Entry, Taker, Trace, cut};
use crate::db::{Db, Engine, Statement, Tx, sql};
use crate::error::StoreError;

/// Rows per insert, widest first; the last is one row.
const WIDTHS: [usize; 4] = [64, 16, 4, 1];

const ENTRIES: &str = "INSERT INTO entries (id, at, ecosystem, name, version, file, outcome, reason, advisories, \
                       owner_id, token_id, subject, ci, client_name, client_version, address) VALUES ";
const ENTRY_COLUMNS: usize = 16;
const ANONYMOUS: &str = "INSERT INTO anonymous (day, ecosystem, name, version, file, outcome, requests) VALUES ";
const ANONYMOUS_COLUMNS: usize = 7;
/// What the index on SQLite follows by.
const COMMITTED: &str = "INSERT INTO commits (first_id, last_id) VALUES ($1, $2)";
const ADD_UP: &str = " ON CONFLICT (day, ecosystem, name, version, file, outcome) \
                      DO UPDATE SET requests = anonymous.requests + excluded.requests";

/// A statement in every width, for either engine.
type Wide = LazyLock<[[&'static str; WIDTHS.len()]; 2]>;

static INSERT_ENTRIES: Wide =
    LazyLock::new(|| ENGINES.map(|engine| WIDTHS.map(|width| wide(engine, ENTRIES, width, ENTRY_COLUMNS, ""))));
static COUNT_ANONYMOUS: Wide = LazyLock::new(|| {
    ENGINES.map(|engine| WIDTHS.map(|width| wide(engine, ANONYMOUS, width, ANONYMOUS_COLUMNS, ADD_UP)))
});

/// The order of [`Wide`].
const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

fn of_engine(wide: &'static Wide, engine: Engine) -> &'static [&'static str; WIDTHS.len()] {
    let [sqlite, postgres] = &**wide;
    match engine {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    }
}

/// Every statement of this file.
#[cfg(test)]
pub(crate) fn statements(engine: Engine) -> impl Iterator<Item = &'static str> {
    of_engine(&INSERT_ENTRIES, engine).iter().chain(of_engine(&COUNT_ANONYMOUS, engine)).copied()
}

/// `head ($1, $2), ($3, $4) tail`, made once and kept for the program's life. On SQLite the places have no numbers: there
/// `$1` is a name, and with a thousand names looking them up costs more than the insert.
fn wide(engine: Engine, head: &str, rows: usize, columns: usize, tail: &str) -> &'static str {
    let mut text = String::from(head);
    for place in 0..rows * columns {
        text.push_str(match (place, place % columns) {
            (0, _) => "(",
            (_, 0) => "), (",
            _ => ", ",
        });
        // Writing to a String can't fail.
        let _ = match engine {
            Engine::Sqlite => write!(text, "?"),
            Engine::Postgres => write!(text, "${}", place + 1),
        };
    }
    text.push(')');
    text.push_str(tail);
    text.leak()
}

/// Writes entries and syncs them, all or none.
pub(super) async fn commit<'a>(db: &Db, entries: impl Iterator<Item = &'a Entry>) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    // In order: two groups on PostgreSQL that raise the same numbers in another order would wait for each other.
    let mut anonymous = BTreeMap::<_, i64>::new();
    for entry in entries {
        match &entry.taker {
            Taker::Token(trace) => rows.push((entry, trace)),
            Taker::Anonymous => *anonymous.entry(anonymous_key(entry)).or_default() += 1,
        }
    }
    let anonymous: Vec<_> = anonymous.into_iter().collect();
    let (insert_entries, count) = (of_engine(&INSERT_ENTRIES, db.engine()), of_engine(&COUNT_ANONYMOUS, db.engine()));
    let mut tx = db.begin().await?;
    insert(&mut tx, &rows, insert_entries, |statement, (entry, trace)| bind_entry(statement, entry, trace)).await?;
    insert(&mut tx, &anonymous, count, |statement, (key, requests)| {
        let (day, ecosystem, name, version, file, outcome) = *key;
        let statement = statement.bind(day).bind(ecosystem).bind(name).bind(version).bind(file);
        Ok(statement.bind(outcome).bind(*requests))
    })
    .await?;
    if let Some((first, last)) = first_and_last(&rows)
        && db.engine() == Engine::Sqlite
    {
        tx.run(sql(COMMITTED).bind(first).bind(last)).await?;
    }
    tx.commit().await
}

/// The lowest and the highest id of a group's rows.
fn first_and_last(rows: &[(&Entry, &Trace)]) -> Option<(EntryId, EntryId)> {
    let ids = || rows.iter().map(|(_, trace)| trace.id);
    ids().min().zip(ids().max())
}

/// Inserts rows by the widest statements that they fill.
async fn insert<T>(
    tx: &mut Tx,
    mut rows: &[T],
    statements: &[&'static str; WIDTHS.len()],
    bind: impl Fn(Statement, &T) -> Result<Statement, StoreError>,
) -> Result<(), StoreError> {
    for (width, text) in WIDTHS.into_iter().zip(statements) {
        while let Some((chunk, rest)) = rows.split_at_checked(width) {
            rows = rest;
            let statement = chunk.iter().try_fold(sql(text), &bind)?;
            tx.run(statement).await?;
        }
    }
    Ok(())
}

fn anonymous_key(entry: &Entry) -> (i64, &'static str, &str, &str, &str, &'static str) {
    let outcome = entry.outcome.as_str();
    (day(entry.at), entry.ecosystem.as_str(), cut(&entry.name), cut(&entry.version), cut(&entry.file), outcome)
}

fn bind_entry(statement: Statement, entry: &Entry, trace: &Trace) -> Result<Statement, StoreError> {
    Ok(statement
        .bind(trace.id)
        .bind(entry.at)
        .bind(entry.ecosystem.as_str())
        .bind(cut(&entry.name))
        .bind(cut(&entry.version))
        .bind(cut(&entry.file))
        .bind(entry.outcome.as_str())
        .bind(entry.outcome.reason())
        .bind(&*entry.outcome.advisories()?)
        .bind(trace.who.owner())
        .bind(trace.who.token())
        .bind(trace.who.subject())
        .bind(trace.who.ci())
        .bind(cut(&trace.client_name))
        .bind(cut(&trace.client_version))
        .bind(cut(&trace.address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_statement_numbers_its_places() {
        let text = |engine| wide(engine, "INSERT INTO t (a, b) VALUES ", 2, 2, "!");
        assert_eq!(text(Engine::Postgres), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)!");
        assert_eq!(text(Engine::Sqlite), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)!");
        assert_eq!(wide(Engine::Postgres, "VALUES ", 1, 1, ""), "VALUES ($1)");
    }
}
