//! Rows go when they have had their time, and no others.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::id::{AccountId, EntryId, OrgId, OrgTokenId, TokenId};
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_core::{Ecosystem, Timestamp};
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_store::{Entry, EntryFilter, Outcome, Question, Retention, Store, Taker, Trace, Who, on_both_engines};

const DAY: i64 = 24 * 3600;

fn entry(who: &Who, at: Timestamp) -> Entry {
    Entry {
        at,
        ecosystem: Ecosystem::Npm,
        name: "left-pad".into(),
        version: "1.0.0".into(),
        file: "left-pad-1.0.0.tgz".into(),
        outcome: Outcome::Answered,
        taker: Taker::Token(Trace {
            id: EntryId::mint(at, &CHANCE),
            who: who.clone(),
            client_name: String::new(),
            client_version: String::new(),
            address: String::new(),
        }),
    }
}

async fn record(store: &Store, who: &Who, at: Timestamp) {
    assert!(store.ledger().record(entry(who, at)).await.unwrap().is_answered());
}

fn account() -> Who {
    Who::Account { account: AccountId::mint(NOW, &CHANCE), token: TokenId::mint(NOW, &CHANCE) }
}

fn member(org: OrgId, identifier: &str) -> Who {
    let identifier = UserIdentifier::parse(identifier).unwrap();
    Who::Organisation { org, token: OrgTokenId::mint(NOW, &CHANCE), identifier }
}

async fn indexed(store: &Store) {
    while store.ledger().behind().await.unwrap() != Some(0) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// A whole round: how many rows it forgot.
async fn forget(store: &Store, retention: &Retention, now: Timestamp) -> u64 {
    let mut begun = None;
    // The round before gives its lock back a moment after it was dropped.
    for _ in 0..500 {
        begun = store.ledger().begin_forgetting(retention, now).await.unwrap();
        if begun.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut round = begun.expect("nobody else is at it");
    let mut forgotten = 0;
    while let Some(rows) = store.ledger().forget(&mut round, 7).await.unwrap() {
        assert!(rows <= 7, "no more than a batch at once");
        forgotten += rows;
    }
    forgotten
}

async fn days_left(store: &Store, who: &Who) -> Vec<i64> {
    let rows = store.ledger().entries(&EntryFilter::All, 1000).await.unwrap();
    rows.iter().filter(|row| row.who == *who).map(|row| (row.at.0 - NOW.0) / 1000 / DAY).collect()
}

on_both_engines! {
    async fn each_owner_s_rows_go_after_their_own_time(database) {
        let store = database.open().await;
        let orgs = [OrgId::mint(NOW, &CHANCE), OrgId::mint(NOW, &CHANCE), OrgId::mint(NOW, &CHANCE)];
        let (person, short, long, usual) =
            (account(), member(orgs[0], "short"), member(orgs[1], "long"), member(orgs[2], "usual"));
        for day in 0..20 {
            for who in [&person, &short, &long, &usual] {
                record(&store, who, later(day * DAY)).await;
            }
        }
        indexed(&store).await;
        let retention = Retention { days: 10, own: vec![(orgs[0], 3), (orgs[1], 15)] };
        assert_eq!(forget(&store, &retention, later(19 * DAY)).await, 9 + 16 + 4 + 9);
        assert_eq!(days_left(&store, &person).await, (9..20).rev().collect::<Vec<_>>());
        assert_eq!(days_left(&store, &short).await, [19, 18, 17, 16]);
        assert_eq!(days_left(&store, &long).await, (4..20).rev().collect::<Vec<_>>());
        assert_eq!(days_left(&store, &usual).await, (9..20).rev().collect::<Vec<_>>());
        assert_eq!(forget(&store, &retention, later(19 * DAY)).await, 0, "a second round finds nothing");
        // An organisation that loses its own time falls under the others', also with its older rows.
        assert_eq!(forget(&store, &Retention { days: 10, own: vec![] }, later(19 * DAY)).await, 5);
        let page = store.ledger().page(Question::of(orgs[1].0), None, 100).await.unwrap();
        assert_eq!((page.rows.len(), page.next), (11, None));
    }

    async fn nothing_names_a_person_whose_rows_have_gone(database) {
        let store = database.open().await;
        let org = OrgId::mint(NOW, &CHANCE);
        record(&store, &member(org, "leaver@example.com"), NOW).await;
        record(&store, &member(org, "stayer@example.com"), later(5 * DAY)).await;
        indexed(&store).await;
        assert_eq!(forget(&store, &Retention { days: 2, own: vec![] }, later(6 * DAY)).await, 1);
        let question = Question { person: IdentifierPrefix::parse("leaver").unwrap(), ..Question::of(org.0) };
        assert_eq!(store.ledger().page(question, None, 10).await.unwrap().rows.len(), 0);
        store.close().await;
        if let Some(dir) = database.dir() {
            let index = dir.join("ledger-index.db");
            let mut connection =
                <sqlx::SqliteConnection as sqlx::Connection>::connect(&index.display().to_string()).await.unwrap();
            let names: Vec<String> =
                sqlx::query_scalar("SELECT a FROM keys WHERE kind = 3").fetch_all(&mut connection).await.unwrap();
            assert_eq!(names, ["stayer@example.com"]);
        }
    }

    async fn a_round_that_was_killed_anywhere_is_finished_by_the_next_one_and_answers_stay_exact(database) {
        let orgs = [OrgId::mint(NOW, &CHANCE), OrgId::mint(NOW, &CHANCE)];
        let people = [member(orgs[0], "own@example.com"), member(orgs[1], "usual@example.com"), account()];
        let store = database.open().await;
        for day in 0..30 {
            for who in &people {
                record(&store, who, later(day * DAY)).await;
            }
        }
        indexed(&store).await;
        store.close().await;
        let retention = Retention { days: 20, own: vec![(orgs[0], 10)] };
        let (now, all) = (later(30 * DAY), 20 + 10 + 10);
        // Killed after the first rows of an owner, amid the others, and when all rows are gone and the index is still whole.
        let mut forgotten = 0;
        for enough in [3, 27, all] {
            let store = database.open().await;
            let mut round = store.ledger().begin_forgetting(&retention, now).await.unwrap().unwrap();
            while forgotten < enough {
                forgotten += store.ledger().forget(&mut round, 3).await.unwrap().unwrap();
            }
            drop(round);
            for (place, owner) in [orgs[0].0, orgs[1].0].into_iter().enumerate() {
                let left = days_left(&store, &people[place]).await;
                let (mut found, mut before) = (Vec::new(), None);
                loop {
                    let page = store.ledger().page(Question::of(owner), before, 4).await.unwrap();
                    found.extend(page.rows.iter().map(|row| (row.at.0 - NOW.0) / 1000 / DAY));
                    before = page.next;
                    if before.is_none() {
                        break;
                    }
                }
                assert_eq!(found, left, "after {forgotten} rows");
            }
            store.close().await;
        }
        let store = database.open().await;
        assert_eq!(forgotten, all);
        assert_eq!(forget(&store, &retention, now).await, 0);
        assert_eq!(days_left(&store, &people[0]).await, (20..30).rev().collect::<Vec<_>>());
        assert_eq!(days_left(&store, &people[1]).await, (10..30).rev().collect::<Vec<_>>());
        store.close().await;
        if let Some(dir) = database.dir() {
            let index = dir.join("ledger-index.db");
            let mut connection =
                <sqlx::SqliteConnection as sqlx::Connection>::connect(&index.display().to_string()).await.unwrap();
            let ids = "SELECT COUNT(DISTINCT id) FROM runs";
            let ids: i64 = sqlx::query_scalar(ids).fetch_one(&mut connection).await.unwrap();
            assert_eq!(ids, 3 * 30 - all as i64, "the index names no row that is gone");
        }
    }

    async fn rows_are_recorded_while_old_ones_go(database) {
        let store = database.open().await;
        let person = account();
        for n in 0..300 {
            record(&store, &person, later(n)).await;
        }
        let writing = {
            let (store, person) = (store.clone(), person.clone());
            tokio::spawn(async move {
                for n in 0..200 {
                    record(&store, &person, later(100 * DAY + n)).await;
                }
            })
        };
        assert_eq!(forget(&store, &Retention { days: 10, own: vec![] }, later(100 * DAY)).await, 300);
        writing.await.unwrap();
        assert_eq!(days_left(&store, &person).await.len(), 200);
    }
}

/// The names of the ledger's parts.
async fn parts(database: &TestDatabase) -> Vec<String> {
    let sekisho_store::DatabaseConfig::Postgres { url } = database.config() else { panic!("PostgreSQL") };
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(url).await.unwrap();
    let names = "SELECT inhrelid::regclass::TEXT FROM pg_inherits WHERE inhparent = 'entries'::regclass ORDER BY 1";
    sqlx::query_scalar(names).fetch_all(&mut connection).await.unwrap()
}

#[tokio::test]
async fn on_postgresql_months_are_made_ahead_and_dropped_whole() {
    let database = TestDatabase::fresh(TestEngine::Postgres).await;
    let store = database.open().await;
    let person = account();
    assert_eq!(parts(&database).await, ["entries_first", "entries_rest"]);
    // Ten years ahead of the machine's clock, whatever that is, nothing was made yet.
    let future = |months: i64| Timestamp(2_524_608_000_000 + months * 31 * DAY * 1000); // 2050-01-01
    record(&store, &person, Timestamp(0)).await;
    record(&store, &person, future(0)).await;
    assert_eq!(store.ledger().make_months(future(0)).await.unwrap(), 3, "the month's own rows move over");
    assert_eq!(store.ledger().make_months(future(0)).await.unwrap(), 0);
    assert_eq!(
        parts(&database).await,
        ["entries_2050_01", "entries_2050_02", "entries_2050_03", "entries_first", "entries_rest"]
    );
    assert_eq!(store.ledger().make_months(future(2)).await.unwrap(), 2);
    record(&store, &person, future(2)).await;
    assert_eq!(store.ledger().entries(&EntryFilter::All, 10).await.unwrap().len(), 3);
    let retention = Retention { days: 30, own: vec![(OrgId::mint(NOW, &CHANCE), 60)] };
    assert_eq!(store.ledger().drop_months(&retention, future(2)).await.unwrap(), 1, "the first one, long over");
    assert_eq!(store.ledger().drop_months(&Retention { days: 3, own: vec![] }, future(2)).await.unwrap(), 2);
    assert_eq!(parts(&database).await, ["entries_2050_03", "entries_2050_04", "entries_2050_05", "entries_rest"]);
    let left = store.ledger().entries(&EntryFilter::All, 10).await.unwrap();
    assert_eq!(left.iter().map(|row| row.at).collect::<Vec<_>>(), [future(2)]);
    // Two nodes at once make each month once.
    let other = database.open().await;
    let (a, b) = tokio::join!(store.ledger().make_months(future(10)), other.ledger().make_months(future(10)));
    assert_eq!(a.unwrap() + b.unwrap(), 3);
}

#[tokio::test]
async fn on_postgresql_one_node_at_a_time_forgets_and_when_it_is_killed_another_goes_on() {
    let database = TestDatabase::fresh(TestEngine::Postgres).await;
    let nodes = [database.open().await, database.open().await, database.open().await];
    let person = account();
    for n in 0..50 {
        record(&nodes[0], &person, later(n)).await;
    }
    let (retention, now) = (Retention { days: 1, own: vec![] }, later(5 * DAY));
    let mut killed = nodes[0].ledger().begin_forgetting(&retention, now).await.unwrap().unwrap();
    let mut forgotten = nodes[0].ledger().forget(&mut killed, 20).await.unwrap().unwrap();
    for node in &nodes[1..] {
        assert!(node.ledger().begin_forgetting(&retention, now).await.unwrap().is_none(), "the first one is at it");
    }
    // What the end of its process does.
    drop(killed);
    let mut tries = 0;
    let mut round = loop {
        match nodes[1].ledger().begin_forgetting(&retention, now).await.unwrap() {
            Some(round) => break round,
            None if tries < 50 => tries += 1,
            None => panic!("the turn of a node that is gone was not given back"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert!(nodes[2].ledger().begin_forgetting(&retention, now).await.unwrap().is_none());
    while let Some(rows) = nodes[1].ledger().forget(&mut round, 20).await.unwrap() {
        forgotten += rows;
    }
    assert_eq!((forgotten, days_left(&nodes[2], &person).await.len()), (50, 0), "each row once");
}

#[tokio::test]
async fn on_postgresql_a_month_that_somebody_reads_is_dropped_later() {
    let database = TestDatabase::fresh(TestEngine::Postgres).await;
    let store = database.open().await;
    store.ledger().make_months(Timestamp(2_524_608_000_000)).await.unwrap();
    let sekisho_store::DatabaseConfig::Postgres { url } = database.config() else { panic!("PostgreSQL") };
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(url).await.unwrap();
    let mut reading = sqlx::Connection::begin(&mut connection).await.unwrap();
    sqlx::query("SELECT 1 FROM entries").fetch_all(&mut *reading).await.unwrap();
    let retention = Retention { days: 1, own: vec![] };
    let now = Timestamp(2_524_608_000_000);
    let error = store.ledger().drop_months(&retention, now).await.expect_err("somebody reads");
    assert!(error.is_unavailable(), "{error:?}");
    record(&store, &account(), now).await;
    reading.rollback().await.unwrap();
    assert_eq!(store.ledger().drop_months(&retention, now).await.unwrap(), 1);
}
