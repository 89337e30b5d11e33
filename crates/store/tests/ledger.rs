//! Entries: durable, grouped, counted.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::id::{AccountId, BotId, CiSessionId, EntryId, OrgId, OrgTokenId, TokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::{Ecosystem, PackageName, Timestamp};
use sekisho_store::{
    Counts, Entry, EntryFilter, MOST_COUNTED, Outcome, Pipeline, Store, Taker, Trace, UsageOf, Who, on_both_engines,
};

struct Somebody {
    account: AccountId,
    token: TokenId,
}

fn somebody() -> Somebody {
    Somebody { account: AccountId::mint(NOW, &CHANCE), token: TokenId::mint(NOW, &CHANCE) }
}

fn entry(who: &Somebody, name: &str, at: Timestamp) -> Entry {
    entry_of(Who::Account { account: who.account, token: who.token }, name, at)
}

fn entry_of(who: Who, name: &str, at: Timestamp) -> Entry {
    Entry {
        at,
        ecosystem: Ecosystem::Npm,
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        file: format!("{name}-1.0.0.tgz"),
        outcome: Outcome::Answered,
        taker: Taker::Token(Trace {
            id: EntryId::mint(at, &CHANCE),
            who,
            client_name: "npm".to_owned(),
            client_version: "11.4.2".to_owned(),
            address: "192.0.2.1".to_owned(),
        }),
    }
}

fn refused(who: &Somebody, name: &str, at: Timestamp) -> Entry {
    let refusal = Refusal { reason: Reason::Malware, advisories: vec!["MAL-2026-1".into(), "odd, \"id\"".into()] };
    Entry { outcome: Outcome::Refused(refusal), ..entry(who, name, at) }
}

fn anonymous(name: &str, at: Timestamp) -> Entry {
    Entry { taker: Taker::Anonymous, ..entry(&somebody(), name, at) }
}

async fn record(store: &Store, entry: Entry) {
    let proof = store.ledger().record(entry.clone()).await.unwrap();
    assert_eq!(proof.entry(), &entry);
    assert_eq!(proof.is_answered(), entry.outcome == Outcome::Answered);
}

/// Installs and blocked of an account: in all, and in the last 30 days.
async fn usage(store: &Store, of: UsageOf, now: Timestamp) -> ((i64, i64), (i64, i64)) {
    let usage = store.ledger().usage(of, now).await.unwrap();
    let numbers = |c: Counts| (c.installs, c.blocked);
    (numbers(usage.total), numbers(usage.last_30_days))
}

on_both_engines! {
    async fn an_entry_comes_out_as_it_was_recorded(database) {
        let store = database.open().await;
        let who = somebody();
        record(&store, entry(&who, "left-pad", later(1))).await;
        record(&store, refused(&who, "evil", later(2))).await;
        let rows = store.ledger().entries(&EntryFilter::All, 10).await.unwrap();
        let [evil, good] = rows.as_slice() else { panic!("{} rows", rows.len()) };
        assert_eq!((good.at, good.ecosystem, good.name.as_str()), (later(1), Ecosystem::Npm, "left-pad"));
        assert_eq!((good.version.as_str(), good.file.as_str()), ("1.0.0", "left-pad-1.0.0.tgz"));
        assert_eq!((good.outcome.as_str(), good.reason.as_str(), good.advisories.len()), ("answered", "", 0));
        assert_eq!(good.who, Who::Account { account: who.account, token: who.token });
        assert_eq!((good.client_name.as_str(), good.client_version.as_str()), ("npm", "11.4.2"));
        assert_eq!(good.address, "192.0.2.1");
        assert_eq!((evil.outcome.as_str(), evil.reason.as_str()), ("refused", "malware"));
        assert_eq!(evil.advisories, ["MAL-2026-1", "odd, \"id\""]);
    }

    async fn a_row_names_the_person_or_the_pipeline_of_an_organisation(database) {
        let store = database.open().await;
        let org = OrgId::mint(NOW, &CHANCE);
        let identifier = UserIdentifier::parse("BT01-is-a-legal_name@example.com").unwrap();
        let person = Who::Organisation { org, token: OrgTokenId::mint(NOW, &CHANCE), identifier };
        let said = Pipeline { repository: "acme/shop".into(), commit: "0a1b".into(), ..Pipeline::default() };
        let (bot, session) = (BotId::mint(NOW, &CHANCE), CiSessionId::mint(NOW, &CHANCE));
        let pipeline = Who::Session { org, bot, session, pipeline: Box::new(said) };
        let silent = Who::Session { org, bot, session, pipeline: Box::default() };
        for (second, who) in (1..).zip([&person, &pipeline, &silent]) {
            record(&store, entry_of(who.clone(), "left-pad", later(second))).await;
        }
        let rows = store.ledger().entries(&EntryFilter::All, 10).await.unwrap();
        assert_eq!(rows.into_iter().map(|r| r.who).collect::<Vec<_>>(), [silent, pipeline, person]);
    }

    async fn many_at_once_are_all_there(database) {
        let store = database.open().await;
        let who = somebody();
        let tasks: Vec<_> = (0..1500).map(|n| {
            let (store, entry) = (store.clone(), entry(&who, &format!("package-{n}"), later(n)));
            tokio::spawn(async move { store.ledger().record(entry).await.map(drop) })
        }).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let rows = store.ledger().entries(&EntryFilter::Account(who.account), 2000).await.unwrap();
        assert_eq!(rows.len(), 1500);
        assert!(rows.is_sorted_by_key(|r| std::cmp::Reverse(r.at)), "newest first");
    }

    async fn entries_are_found_by_account_token_and_package(database) {
        let store = database.open().await;
        let (a, b) = (somebody(), somebody());
        let second_token = Somebody { account: a.account, ..somebody() };
        record(&store, entry(&a, "one", later(1))).await;
        record(&store, entry(&second_token, "two", later(2))).await;
        record(&store, entry(&b, "one", later(3))).await;
        let names = async |filter: EntryFilter| {
            let rows = store.ledger().entries(&filter, 10).await.unwrap();
            rows.into_iter().map(|r| r.name).collect::<Vec<_>>()
        };
        assert_eq!(names(EntryFilter::Account(a.account)).await, ["two", "one"]);
        assert_eq!(names(EntryFilter::Token(a.account, a.token)).await, ["one"]);
        let package = PackageName::parse(Ecosystem::Npm, "one").unwrap();
        assert_eq!(names(EntryFilter::Package(package)).await, ["one", "one"]);
        assert_eq!(store.ledger().entries(&EntryFilter::All, 2).await.unwrap().len(), 2);
    }

    async fn requests_that_follow_within_ten_minutes_are_one_install(database) {
        let store = database.open().await;
        let who = somebody();
        let account = UsageOf::Account(who.account);
        for seconds in [0, 600, 1200] {
            record(&store, entry(&who, "one", later(seconds))).await;
        }
        assert_eq!(usage(&store, account, later(1200)).await.0, (1, 0), "each within ten minutes of the one before");
        record(&store, entry(&who, "one", Timestamp(later(1800).0 + 1))).await;
        assert_eq!(usage(&store, account, later(2000)).await.0, (2, 0));
        record(&store, entry(&who, "two", later(1801))).await;
        assert_eq!(usage(&store, account, later(2000)).await.0, (3, 0), "another file");
        let second_token = Somebody { account: who.account, ..somebody() };
        record(&store, entry(&second_token, "two", later(1801))).await;
        assert_eq!(usage(&store, account, later(2000)).await.0, (4, 0), "another token");
        let token = UsageOf::Token(second_token.account, second_token.token);
        assert_eq!(usage(&store, token, later(2000)).await.0, (1, 0));
    }

    async fn usage_is_by_ecosystem_outcome_and_time(database) {
        let store = database.open().await;
        let (who, other) = (somebody(), somebody());
        let day = 24 * 3600;
        record(&store, entry(&who, "old", later(0))).await;
        record(&store, entry(&who, "new", later(31 * day))).await;
        record(&store, refused(&who, "new", later(31 * day + 1))).await;
        record(&store, Entry { ecosystem: Ecosystem::Pypi, ..entry(&who, "flask", later(31 * day)) }).await;
        record(&store, entry(&other, "theirs", later(31 * day))).await;
        let usage = store.ledger().usage(UsageOf::Account(who.account), later(31 * day + 2)).await.unwrap();
        let counts = |installs, blocked| Counts { installs, blocked };
        assert_eq!(usage.total, counts(3, 1));
        assert_eq!(usage.last_30_days, counts(2, 1));
        assert_eq!(usage.by_ecosystem, [(Ecosystem::Npm, counts(2, 1)), (Ecosystem::Pypi, counts(1, 0))]);
        let nobody = store.ledger().usage(UsageOf::Account(somebody().account), NOW).await.unwrap();
        assert_eq!(nobody.total, counts(0, 0));
        assert_eq!(nobody.by_ecosystem.len(), 2, "every ecosystem is named");

        let recent = store.ledger().recent(who.account, later(31 * day + 2)).await.unwrap();
        assert_eq!((recent.total, recent.cut), (usage.last_30_days, false));
        assert_eq!(recent.by_ecosystem, [(Ecosystem::Npm, counts(1, 1)), (Ecosystem::Pypi, counts(1, 0))]);
        // What is 30 days old to the millisecond is as old for this as for the usage.
        let recent = store.ledger().recent(who.account, later(61 * day)).await.unwrap();
        let usage = store.ledger().usage(UsageOf::Account(who.account), later(61 * day)).await.unwrap();
        assert_eq!((recent.total, usage.last_30_days), (counts(0, 1), counts(0, 1)));
    }

    async fn of_a_busy_account_the_newest_requests_are_counted(database) {
        let store = database.open().await;
        let who = somebody();
        let entries = (0..MOST_COUNTED).map(|n| entry(&who, &format!("p{n}"), later(n)));
        let records = entries.map(|entry| {
            let store = store.clone();
            tokio::spawn(async move { record(&store, entry).await })
        });
        for recorded in records.collect::<Vec<_>>() {
            recorded.await.unwrap();
        }
        record(&store, refused(&who, "newest", later(MOST_COUNTED))).await;
        let recent = store.ledger().recent(who.account, later(MOST_COUNTED + 1)).await.unwrap();
        assert!(recent.cut);
        assert_eq!(recent.total, Counts { installs: MOST_COUNTED - 1, blocked: 1 });
    }

    async fn requests_without_a_token_raise_a_number_and_leave_no_row(database) {
        let store = database.open().await;
        let tasks: Vec<_> = (0..300).map(|n| {
            let (store, entry) = (store.clone(), anonymous(&format!("package-{}", n % 3), NOW));
            tokio::spawn(async move { store.ledger().record(entry).await.map(drop) })
        }).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        record(&store, anonymous("package-0", later(24 * 3600))).await;
        record(&store, refused(&somebody(), "package-0", NOW)).await;
        let package = PackageName::parse(Ecosystem::Npm, "package-0").unwrap();
        let counts = store.ledger().anonymous(&package).await.unwrap();
        let numbers: Vec<_> = counts.iter().map(|c| (c.day, c.outcome.as_str(), c.requests)).collect();
        let today = NOW.0 / 86_400_000;
        assert_eq!(numbers, [(today + 1, "answered", 1), (today, "answered", 100)]);
        assert_eq!(store.ledger().entries(&EntryFilter::All, 10).await.unwrap().len(), 1, "the one with a token");
    }

    async fn hostile_texts_are_cut_and_stored(database) {
        let store = database.open().await;
        let who = somebody();
        let long = "語".repeat(5000);
        let hostile = Entry { version: format!("1\0{long}"), file: long.clone(), ..entry(&who, &long, NOW) };
        record(&store, hostile.clone()).await;
        record(&store, Entry { taker: Taker::Anonymous, ..hostile }).await;
        let rows = store.ledger().entries(&EntryFilter::Account(who.account), 10).await.unwrap();
        assert_eq!(rows[0].name, "語".repeat(166));
        assert!(rows[0].version.starts_with("1\u{fffd}語"));
    }

    async fn one_entry_that_cannot_be_stored_fails_nobody_elses(database) {
        let store = database.open().await;
        let who = somebody();
        let first = entry(&who, "first", NOW);
        record(&store, first.clone()).await;
        // The same id twice, in the middle of a group.
        let tasks: Vec<_> = (0..200).map(|n| {
            let entry = if n == 100 { first.clone() } else { entry(&who, &format!("package-{n}"), NOW) };
            let store = store.clone();
            tokio::spawn(async move { store.ledger().record(entry).await.is_ok() })
        }).collect();
        let mut recorded = 0;
        for task in tasks {
            recorded += usize::from(task.await.unwrap());
        }
        assert_eq!(recorded, 199);
        let rows = store.ledger().entries(&EntryFilter::Account(who.account), 1000).await.unwrap();
        assert_eq!(rows.len(), 200);
    }

    async fn a_caller_that_went_away_breaks_nothing(database) {
        let store = database.open().await;
        let who = somebody();
        for n in 0..50 {
            let waiting = store.ledger().record(entry(&who, &format!("gone-{n}"), NOW));
            let _ = tokio::time::timeout(std::time::Duration::from_micros(n * 20), waiting).await;
        }
        record(&store, entry(&who, "stayed", NOW)).await;
    }

    async fn closing_writes_what_waits_and_refuses_the_rest(database) {
        let store = database.open().await;
        let who = somebody();
        let tasks: Vec<_> = (0..1000).map(|n| {
            let (store, entry) = (store.clone(), entry(&who, &format!("package-{n}"), later(n)));
            tokio::spawn(async move { store.ledger().record(entry).await })
        }).collect();
        tokio::task::yield_now().await;
        store.close().await;
        let mut recorded = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => recorded += 1,
                Err(error) => assert!(error.is_unavailable(), "{error}"),
            }
        }
        let refused = store.ledger().record(entry(&who, "late", NOW)).await.expect_err("closed");
        assert!(refused.is_unavailable());
        let again = database.open().await;
        let rows = again.ledger().entries(&EntryFilter::Account(who.account), 2000).await.unwrap();
        assert_eq!(rows.len(), recorded, "a proof for every row and a row for every proof");
    }
}
