//! One list of statements, two engines: every statement is prepared on both, and both schemas have the same columns.

use std::collections::BTreeSet;

use sekisho_core::id::{AccountId, EntryId, TokenId};
use sekisho_core::{Ecosystem, Timestamp};
use sqlx::{Executor, SqlSafeStr};
use uuid::Uuid;

use crate::db::{Db, Engine, Row, sql};
use crate::testing::{TestDatabase, TestEngine};
use crate::{DatabaseConfig, Entry, Outcome, Store, StoreError, Taker, Trace, Unavailability, Who};
use crate::{
    accounts, attempts, audit, authority, bots, ci_sessions, codes, identities, install_days, leaks, ledger, logins,
    maintenance, migrate, notes, on_both_engines, org_tokens, orgs, outbox, owner_codes, people, repeats, revocations,
    rules, sessions, sign_ins, signing_keys, silent_tokens, store, token_ends, tokens, trust,
};

/// Every statement over the main part.
fn main_statements() -> impl Iterator<Item = &'static str> {
    let lists = [
        accounts::STATEMENTS,
        attempts::STATEMENTS,
        audit::STATEMENTS,
        authority::STATEMENTS,
        bots::STATEMENTS,
        ci_sessions::STATEMENTS,
        codes::STATEMENTS,
        identities::STATEMENTS,
        install_days::STATEMENTS,
        leaks::STATEMENTS,
        logins::STATEMENTS,
        maintenance::STATEMENTS,
        migrate::STATEMENTS,
        notes::STATEMENTS,
        org_tokens::STATEMENTS,
        orgs::STATEMENTS,
        outbox::STATEMENTS,
        owner_codes::STATEMENTS,
        people::STATEMENTS,
        repeats::STATEMENTS,
        revocations::STATEMENTS,
        rules::STATEMENTS,
        sessions::STATEMENTS,
        sign_ins::STATEMENTS,
        signing_keys::STATEMENTS,
        silent_tokens::STATEMENTS,
        store::STATEMENTS,
        token_ends::STATEMENTS,
        tokens::STATEMENTS,
        trust::STATEMENTS,
    ];
    lists.into_iter().flatten().copied()
}

/// Every statement over the ledger.
fn ledger_statements(engine: Engine) -> impl Iterator<Item = &'static str> {
    let own: &[&str] = match engine {
        Engine::Sqlite => &[],
        Engine::Postgres => ledger::POSTGRES_STATEMENTS,
    };
    ledger::STATEMENTS
        .iter()
        .chain(ledger::COUNT_STATEMENTS)
        .chain(ledger::PERSON_STATEMENTS)
        .chain(own)
        .copied()
        .chain(ledger::group_statements(engine))
}

async fn prepare(db: &Db, text: &'static str) {
    let prepared = match db {
        Db::Sqlite { writer, .. } => writer.prepare(text.into_sql_str()).await.map(drop),
        Db::Postgres(pool) => pool.prepare(text.into_sql_str()).await.map(drop),
    };
    if let Err(error) = prepared {
        panic!("{error}\n{text}");
    }
}

/// `table.column` with `null` where it may be null.
async fn columns(db: &Db) -> BTreeSet<String> {
    let statement = match db {
        Db::Sqlite { .. } => {
            "SELECT m.name, c.name, CASE c.\"notnull\" WHEN 1 THEN 'NO' ELSE 'YES' END \
             FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        }
        Db::Postgres(_) => {
            "SELECT table_name::TEXT, column_name::TEXT, is_nullable::TEXT FROM information_schema.columns \
             WHERE table_schema = 'public'"
        }
    };
    let text = |row: &Row, column| row.get::<String>(column).expect("a text");
    let rows = db.all(sql(statement)).await.expect("the schema");
    rows.iter().map(|row| format!("{}.{} null={}", text(row, 0), text(row, 1), text(row, 2))).collect()
}

async fn all_columns(engine: TestEngine) -> BTreeSet<String> {
    let database = TestDatabase::fresh(engine).await;
    let store = database.open().await;
    let columns = &columns(&store.db).await | &columns(&store.ledger().db).await;
    store.close().await;
    columns
}

fn entry(number: i64) -> Entry {
    let trace = Trace {
        id: EntryId(Uuid::from_u128(number as u128)),
        who: Who::Account { account: AccountId(Uuid::from_u128(1)), token: TokenId(Uuid::from_u128(2)) },
        client_name: "npm".to_owned(),
        client_version: "11.4.2".to_owned(),
        address: "192.0.2.1".to_owned(),
    };
    Entry {
        at: Timestamp(number),
        ecosystem: Ecosystem::Npm,
        name: "left-pad".repeat(50),
        version: "1.0.0".to_owned(),
        file: "left-pad-1.0.0.tgz".to_owned(),
        outcome: Outcome::Answered,
        taker: Taker::Token(trace),
    }
}

on_both_engines! {
    async fn every_statement_can_be_prepared(database) {
        let store = database.open().await;
        let engine = store.db.engine();
        assert!(main_statements().count() > 40 && ledger_statements(engine).count() > 10);
        for statement in main_statements() {
            prepare(&store.db, statement).await;
        }
        for statement in ledger_statements(engine) {
            prepare(&store.ledger().db, statement).await;
        }
        if let Db::Postgres(_) = store.db {
            prepare(&store.db, outbox::CLAIM_POSTGRES).await;
        }
    }

    async fn a_dropped_transaction_leaves_nothing(database) {
        let store = database.open().await;
        let mut tx = store.db.begin().await.expect("begun");
        let insert = "INSERT INTO attempts (id, email, network, at) VALUES ($1, $2, $3, $4)";
        let id = AccountId(Uuid::from_u128(9));
        tx.run(sql(insert).bind(id).bind("a@example.com").bind("192.0.2.1").bind(5)).await.expect("inserted");
        drop(tx);
        let mut after = store.db.begin().await.expect("the writer is free again");
        assert!(after.optional(sql("SELECT id FROM attempts")).await.expect("read").is_none());
    }

    async fn a_newer_database_is_refused_and_says_so(database) {
        let store = database.open().await;
        store.db.write(sql("INSERT INTO schema_version (part, version) VALUES ('main', 99)")).await.expect("written");
        store.close().await;
        let error = Store::open(database.config()).await.err().expect("a newer database");
        assert_eq!(
            error.to_string(),
            "the database has version 99 of the schema `main`, this program knows versions up to 11: \
             start the newer program, or restore the copy that was made before the update"
        );
        assert!(!error.is_unavailable());
    }

    async fn a_wrong_statement_is_broken_and_not_unavailable(database) {
        let store = database.open().await;
        let error = store.db.all(sql("SELECT nothing FROM nowhere")).await.err().expect("no such table");
        assert!(matches!(error, StoreError::Broken { .. }), "{error:?}");
        assert!(!error.to_string().contains("nowhere"), "the statement stays out of the message");
    }
}

#[test]
fn rows_of_audit_logs_are_changed_by_a_pseudonym_only_and_never_removed() {
    let changes = |statement: &&str| {
        let words: Vec<String> = statement.split_whitespace().map(str::to_ascii_lowercase).collect();
        let of_audit = |words: &[String]| words.iter().any(|word| word.trim_matches(['(', ')', ';', '"']) == "audit");
        words.iter().enumerate().any(|(at, word)| match word.as_str() {
            // SQLite: UPDATE OR REPLACE audit; PostgreSQL: UPDATE ONLY audit, and TRUNCATE a, audit.
            "update" => of_audit(&words[at..words.len().min(at + 4)]),
            "delete" => of_audit(&words[at..words.len().min(at + 4)]),
            "truncate" | "drop" | "alter" => of_audit(&words[at..]),
            _ => false,
        })
    };
    let found: Vec<&str> = main_statements().filter(changes).collect();
    assert_eq!(found, ["UPDATE audit SET actor = $2, subject = $3, detail = $4 WHERE id = $1"], "see decision 27");
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let (mut lite, mut postgres) = (all_columns(TestEngine::Sqlite).await, all_columns(TestEngine::Postgres).await);
    // What one engine alone needs to find rows: the list that the index follows by, and the parts of the table.
    lite.retain(|column| !column.starts_with("commits."));
    postgres.retain(|column| !column.starts_with("entries_"));
    assert!(lite.len() > 50, "{lite:?}");
    assert_eq!(lite, postgres);
}

#[tokio::test]
async fn a_full_disk_is_told_and_passes() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let store = database.open().await;
    let limit = |pages: &'static str| store.ledger().db.write(sql(pages));
    limit("PRAGMA max_page_count = 12").await.expect("limited");
    let (mut number, mut full) = (0, None);
    while full.is_none() && number < 1000 {
        number += 1;
        full = store.ledger().record(entry(number)).await.err();
    }
    let full = full.expect("12 pages are full soon");
    assert!(matches!(full, StoreError::Unavailable { why: Unavailability::DiskFull, .. }), "{full:?}");
    store.ping().await.expect("reading goes on");
    limit("PRAGMA max_page_count = 100000").await.expect("room again");
    let _proof = store.ledger().record(entry(number)).await.expect("the same entry, later");
    let rows = store.ledger().entries(&ledger::EntryFilter::All, 1000).await.expect("read");
    assert_eq!(rows.len() as i64, number, "a row for each proof");
}

#[tokio::test]
async fn postgresql_syncs_its_commits_whatever_the_default_is() {
    let database = TestDatabase::fresh(TestEngine::Postgres).await;
    let DatabaseConfig::Postgres { url } = database.config() else { panic!("PostgreSQL") };
    let join = if url.contains('?') { '&' } else { '?' };
    let lax = DatabaseConfig::Postgres { url: format!("{url}{join}options=-c%20synchronous_commit%3Doff") };
    let store = Store::open(&lax).await.expect("opens");
    for db in [&store.db, &store.ledger().db] {
        let row = db.optional(sql("SHOW synchronous_commit")).await.expect("shown").expect("a row");
        assert_eq!(row.get::<String>(0).expect("a text"), "on");
    }
}
