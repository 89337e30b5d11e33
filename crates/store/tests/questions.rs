//! Who took what: every question against a plain filter over all rows, on both engines.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use sekisho_core::id::{AccountId, BotId, CiSessionId, EntryId, OrgId, OrgTokenId, TokenId};
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::{Ecosystem, PackageName, Random, Timestamp};
use sekisho_store::{
    Entry, EntryFilter, Holds, LedgerRow, Outcome, Pipeline, Question, Store, Taker, Trace, Who, on_both_engines,
};

struct World {
    orgs: [OrgId; 2],
    bots: [BotId; 2],
    account: AccountId,
}

fn world() -> World {
    let org = || OrgId::mint(NOW, &CHANCE);
    let bot = || BotId::mint(NOW, &CHANCE);
    World { orgs: [org(), org()], bots: [bot(), bot()], account: AccountId::mint(NOW, &CHANCE) }
}

fn number(below: usize) -> usize {
    let mut bytes = [0; 8];
    CHANCE.fill(&mut bytes);
    (u64::from_le_bytes(bytes) >> 33) as usize % below
}

const PEOPLE: [&str; 6] = ["a_ce", "a_cid", "abcd", "A_ce", "alice@x", "zoe.x"];
const VERSIONS: [&str; 4] = ["1.0.0", "1.0.1", "2.0.0-rc.1", "10.0.0"];

fn somebody(world: &World) -> Who {
    let org = world.orgs[number(2)];
    match number(5) {
        0 => Who::Account { account: world.account, token: TokenId(world.account.0) },
        1 | 2 => {
            let repository = ["acme/shop", "acme/shop-2", ""][number(3)].to_owned();
            let pipeline = Box::new(Pipeline { repository, ..Pipeline::default() });
            Who::Session { org, bot: world.bots[number(2)], session: CiSessionId(org.0), pipeline }
        }
        _ => {
            let identifier = UserIdentifier::parse(PEOPLE[number(6)]).unwrap();
            Who::Organisation { org, token: OrgTokenId(org.0), identifier }
        }
    }
}

fn some_entry(world: &World, at: Timestamp) -> Entry {
    let refused = Outcome::Refused(Refusal { reason: Reason::Malware, advisories: vec!["MAL-1".into()] });
    let (name, version) = (["one", "two", "@s/three"][number(3)], VERSIONS[number(4)]);
    Entry {
        at,
        ecosystem: Ecosystem::ALL[number(2)],
        name: name.to_owned(),
        version: version.to_owned(),
        file: format!("{name}-{version}.tgz"),
        outcome: if number(5) == 0 { refused } else { Outcome::Answered },
        taker: Taker::Token(Trace {
            id: EntryId::mint(at, &CHANCE),
            who: somebody(world),
            client_name: "npm".to_owned(),
            client_version: "11.4.2".to_owned(),
            address: "192.0.2.1".to_owned(),
        }),
    }
}

async fn fill(store: &Store, world: &World, count: i64, from: i64) {
    let tasks: Vec<_> = (0..count)
        .map(|n| {
            let (store, entry) = (store.clone(), some_entry(world, later(from + n / 3)));
            tokio::spawn(async move { store.ledger().record(entry).await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

async fn indexed(store: &Store) {
    for _ in 0..200 {
        if store.ledger().behind().await.unwrap() == Some(0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the index does not follow");
}

fn package(name: &str) -> PackageName {
    PackageName::parse(Ecosystem::Npm, name).unwrap()
}

fn questions(world: &World) -> Vec<(&'static str, Question)> {
    let all = Question::of(world.orgs[0].0);
    let with = |change: &dyn Fn(&mut Question)| {
        let mut question = all.clone();
        change(&mut question);
        question
    };
    let versions = |v: &[&str]| Some(v.iter().map(|v| (*v).to_owned()).collect::<BTreeSet<_>>());
    let prefix = |text| IdentifierPrefix::parse(text).unwrap();
    vec![
        ("all of an organisation", all.clone()),
        ("all of an account", Question::of(world.account.0)),
        ("nobody's", Question::of(OrgId::mint(NOW, &CHANCE).0)),
        ("ecosystem", with(&|q| q.ecosystem = Some(Ecosystem::Pypi))),
        ("package", with(&|q| q.package = Some(package("one")))),
        ("scoped package", with(&|q| q.package = Some(package("@s/three")))),
        ("package nobody took", with(&|q| q.package = Some(package("four")))),
        ("version", with(&|q| (q.package, q.versions) = (Some(package("one")), versions(&["1.0.1"])))),
        ("versions", with(&|q| (q.package, q.versions) = (Some(package("two")), versions(&["1.0.0", "10.0.0", "7"])))),
        ("no version", with(&|q| (q.package, q.versions) = (Some(package("two")), versions(&[])))),
        ("person", with(&|q| q.person = prefix("alice@x"))),
        ("one person and nobody whose name begins so", with(&|q| q.identifier = UserIdentifier::parse("a_ce").ok())),
        (
            "one person and package",
            with(&|q| {
                (q.package, q.identifier) = (Some(package("one")), UserIdentifier::parse("abcd").ok());
            }),
        ),
        ("prefix with _", with(&|q| q.person = prefix("a_"))),
        ("prefix in capitals", with(&|q| q.person = prefix("A"))),
        ("prefix of nobody", with(&|q| q.person = prefix("b"))),
        ("prefix of a bot's id", with(&|q| q.person = prefix("BT"))),
        ("bot", with(&|q| q.bot = Some(world.bots[1]))),
        ("repository", with(&|q| q.repository = Some("acme/shop".into()))),
        ("refused", with(&|q| q.refused = Some(true))),
        ("answered", with(&|q| q.refused = Some(false))),
        ("time", with(&|q| (q.from, q.to) = (Some(later(20)), Some(later(60))))),
        ("empty time", with(&|q| (q.from, q.to) = (Some(later(60)), Some(later(20))))),
        ("refused package", with(&|q| (q.package, q.refused) = (Some(package("one")), Some(true)))),
        ("person and package", with(&|q| (q.package, q.person) = (Some(package("one")), prefix("a")))),
        ("prefix and package", with(&|q| (q.package, q.person) = (Some(package("two")), prefix("")))),
        ("bot and package", with(&|q| (q.package, q.bot) = (Some(package("one")), Some(world.bots[0])))),
        (
            "repository and versions",
            with(&|q| {
                (q.package, q.versions) = (Some(package("two")), versions(&["1.0.0", "1.0.1"]));
                q.repository = Some("acme/shop".into());
            }),
        ),
        (
            "bot, repository, refused",
            with(&|q| {
                (q.bot, q.repository, q.refused) = (Some(world.bots[0]), Some("acme/shop-2".into()), Some(true));
            }),
        ),
        ("a range", with(&|q| (q.package, q.range) = (Some(package("one")), Some(Holds(Arc::new(|v| v < "1.1")))))),
        (
            "person, version, time",
            with(&|q| {
                (q.package, q.versions, q.person) = (Some(package("one")), versions(&["1.0.0"]), prefix("a_c"));
                q.from = Some(later(10));
            }),
        ),
    ]
}

/// The filter as one would write it without any index.
fn fits(q: &Question, row: &LedgerRow) -> bool {
    let (owner, identifier, bot, repository) = match &row.who {
        Who::Account { account, .. } => (account.0, None, None, None),
        Who::Organisation { org, identifier, .. } => (org.0, Some(identifier.to_string()), None, None),
        Who::Session { org, bot, pipeline, .. } => (org.0, None, Some(*bot), Some(pipeline.repository.clone())),
    };
    owner == q.owner
        && (q.ecosystem.is_none() || q.ecosystem == Some(row.ecosystem))
        && q.package.as_ref().is_none_or(|p| (p.ecosystem(), p.as_str()) == (row.ecosystem, &*row.name))
        && q.versions.as_ref().is_none_or(|v| v.contains(&row.version))
        && q.range.as_ref().is_none_or(|range| (range.0)(&row.version))
        && (q.person.first().is_empty() || identifier.as_ref().is_some_and(|i| i.starts_with(q.person.first())))
        && q.identifier.as_ref().is_none_or(|i| identifier.as_deref() == Some(i.as_str()))
        && (q.bot.is_none() || q.bot == bot)
        && (q.repository.is_none() || q.repository == repository)
        && q.refused.is_none_or(|r| r == (row.outcome == "refused"))
        && q.from.is_none_or(|from| row.at >= from)
        && q.to.is_none_or(|to| row.at < to)
}

/// All pages of an answer.
async fn answer(store: &Store, question: &Question, limit: usize) -> Vec<EntryId> {
    let (mut ids, mut before) = (Vec::new(), None);
    loop {
        let page = store.ledger().page(question.clone(), before, limit).await.unwrap();
        assert!(page.rows.len() <= limit);
        ids.extend(page.rows.iter().map(|row| row.id));
        before = page.next;
        if before.is_none() {
            return ids;
        }
    }
}

async fn check(store: &Store, world: &World) {
    let rows = store.ledger().entries(&EntryFilter::All, 100_000).await.unwrap();
    for (name, question) in questions(world) {
        let wanted: Vec<_> = rows.iter().filter(|row| fits(&question, row)).map(|row| row.id).collect();
        assert!(wanted.is_sorted_by_key(|id| std::cmp::Reverse(*id)));
        for limit in [7, 1000] {
            assert_eq!(answer(store, &question, limit).await, wanted, "{name}, {limit} a page");
        }
        let mut walk = store.ledger().ask(question, None).await.unwrap();
        let mut walked = Vec::new();
        while let Some(rows) = store.ledger().next(&mut walk, 50).await.unwrap() {
            walked.extend(rows.into_iter().map(|row| row.id));
        }
        assert_eq!(walked, wanted, "{name}, walked through");
    }
}

on_both_engines! {
    async fn every_question_is_answered_exactly(database) {
        let store = database.open().await;
        let world = world();
        fill(&store, &world, 200, 0).await;
        indexed(&store).await;
        check(&store, &world).await;
        fill(&store, &world, 100, 50).await;
        check(&store, &world).await;
        indexed(&store).await;
        check(&store, &world).await;
    }

    async fn pages_stay_right_while_rows_are_added(database) {
        let store = database.open().await;
        let world = world();
        fill(&store, &world, 300, 0).await;
        let mut question = Question::of(world.orgs[0].0);
        question.package = Some(package("one"));
        let wanted = answer(&store, &question, 1000).await;
        let first = store.ledger().page(question.clone(), None, 3).await.unwrap();
        let mut ids: Vec<_> = first.rows.iter().map(|row| row.id).collect();
        let (mut before, mut second) = (first.next, 1000);
        while before.is_some() {
            fill(&store, &world, 20, second).await;
            second += 20;
            let page = store.ledger().page(question.clone(), before, 3).await.unwrap();
            ids.extend(page.rows.iter().map(|row| row.id));
            before = page.next;
        }
        assert_eq!(ids, wanted);
    }

    async fn rows_that_come_late_or_from_a_clock_set_back_are_found(database) {
        let store = database.open().await;
        let world = world();
        fill(&store, &world, 100, 1000).await;
        indexed(&store).await;
        // Ids below everything that the index has seen.
        fill(&store, &world, 100, 0).await;
        check(&store, &world).await;
        indexed(&store).await;
        check(&store, &world).await;
    }

    async fn a_release_s_takers_in_all_organisations_are_found(database) {
        let store = database.open().await;
        let world = world();
        fill(&store, &world, 300, 0).await;
        for _ in 0..2 {
            let mut owners = store.ledger().owners_of(&package("one"), "1.0.0").await.unwrap();
            owners.sort_unstable();
            let mut wanted = vec![world.orgs[0].0, world.orgs[1].0, world.account.0];
            wanted.sort_unstable();
            assert_eq!(owners, wanted);
            assert!(store.ledger().owners_of(&package("one"), "6.6.6").await.unwrap().is_empty());
            let mut versions = store.ledger().versions(world.orgs[0].0, &package("one")).await.unwrap().unwrap();
            versions.sort_unstable();
            assert_eq!(versions, ["1.0.0", "1.0.1", "10.0.0", "2.0.0-rc.1"]);
            indexed(&store).await;
        }
    }

    async fn the_few_rows_that_two_wide_filters_share_are_found_behind_thousands_that_do_not(database) {
        let store = database.open().await;
        let world = world();
        let entry = |n: i64, name: &str| {
            let mut entry = some_entry(&world, later(n));
            (entry.ecosystem, entry.name, entry.version) = (Ecosystem::Npm, name.into(), "1.0.0".into());
            let Taker::Token(trace) = &mut entry.taker else { panic!("a token") };
            let pipeline = Box::new(Pipeline::default());
            trace.who = Who::Session { org: world.orgs[0], bot: world.bots[0], session: CiSessionId(world.orgs[0].0), pipeline };
            entry
        };
        let record = async |from: i64, count: i64, name: &str| {
            let tasks: Vec<_> = (from..from + count)
                .map(|n| {
                    let (store, entry) = (store.clone(), entry(n, name));
                    tokio::spawn(async move { store.ledger().record(entry).await.map(drop) })
                })
                .collect();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        };
        record(0, 10, "one").await;
        record(10, 9000, "two").await;
        indexed(&store).await;
        let mut question = Question::of(world.orgs[0].0);
        (question.bot, question.package) = (Some(world.bots[0]), Some(package("one")));
        assert_eq!(answer(&store, &question, 4).await.len(), 10);
        (question.bot, question.package) = (Some(world.bots[0]), Some(package("two")));
        assert_eq!(answer(&store, &question, 1000).await.len(), 9000);
        (question.bot, question.package) = (Some(world.bots[1]), Some(package("two")));
        assert_eq!(answer(&store, &question, 1000).await.len(), 0);
    }

    async fn the_versions_of_a_package_are_those_of_one_owner_and_not_without_end(database) {
        let store = database.open().await;
        let world = world();
        let at = |name: &str, version: &str, owner: usize| {
            let mut entry = some_entry(&world, NOW);
            (entry.ecosystem, entry.name, entry.version) = (Ecosystem::Npm, name.into(), version.into());
            let Taker::Token(trace) = &mut entry.taker else { panic!("a token") };
            let identifier = UserIdentifier::parse("alice@x").unwrap();
            trace.who = Who::Organisation { org: world.orgs[owner], token: OrgTokenId(world.orgs[owner].0), identifier };
            entry
        };
        // Each owner before and behind the other in some version.
        for (version, owners) in [("1.0.0", &[0][..]), ("2.0.0", &[1]), ("3.0.0", &[0, 1]), ("4.0.0", &[1]), ("5.0.0", &[0])] {
            for owner in owners {
                store.ledger().record(at("one", version, *owner)).await.map(drop).unwrap();
                store.ledger().record(at("two", version, *owner)).await.map(drop).unwrap();
            }
        }
        for _ in 0..2 {
            let versions = async |owner: usize| store.ledger().versions(world.orgs[owner].0, &package("one")).await.unwrap();
            assert_eq!(versions(0).await.unwrap(), ["1.0.0", "3.0.0", "5.0.0"]);
            assert_eq!(versions(1).await.unwrap(), ["2.0.0", "3.0.0", "4.0.0"]);
            assert!(store.ledger().versions(world.account.0, &package("one")).await.unwrap().unwrap().is_empty());
            indexed(&store).await;
        }
        let tasks: Vec<_> = (0..2000)
            .map(|n| {
                let (store, entry) = (store.clone(), at("many", &format!("1.0.{n}"), 0));
                tokio::spawn(async move { store.ledger().record(entry).await.map(drop) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(store.ledger().versions(world.orgs[0].0, &package("many")).await.unwrap(), None);
    }

    async fn a_page_that_meets_nothing_ends_early_and_the_next_one_goes_on(database) {
        let store = database.open().await;
        let world = world();
        let entry = some_entry(&world, NOW);
        fill(&store, &world, 6000, 0).await;
        let mut question = Question::of(world.orgs[0].0);
        question.ecosystem = Some(entry.ecosystem);
        question.refused = Some(false);
        question.to = Some(later(3000));
        let found = answer(&store, &question, 5000).await.len();
        assert!(found > 800, "{found}");
        question.person = IdentifierPrefix::parse("nobody").unwrap();
        assert!(answer(&store, &question, 10).await.is_empty());
    }
}

#[tokio::test]
async fn an_index_that_is_lost_or_of_another_ledger_is_made_anew() {
    let database = sekisho_store::testing::TestDatabase::fresh(sekisho_store::testing::TestEngine::Sqlite).await;
    let dir = database.dir().unwrap();
    let world = world();
    let store = database.open().await;
    fill(&store, &world, 50, 0).await;
    store.close().await;
    std::fs::copy(dir.join("ledger.db"), dir.join("copy.db")).unwrap();
    let store = database.open().await;
    fill(&store, &world, 50, 100).await;
    indexed(&store).await;
    store.close().await;
    // The ledger is restored from the copy, and the index is of what came after.
    std::fs::copy(dir.join("copy.db"), dir.join("ledger.db")).unwrap();
    let store = database.open().await;
    fill(&store, &world, 50, 200).await;
    indexed(&store).await;
    check(&store, &world).await;
    store.close().await;
    for file in ["ledger-index.db", "ledger-index.db-wal", "ledger-index.db-shm"] {
        let _ = std::fs::remove_file(dir.join(file));
    }
    let store = database.open().await;
    indexed(&store).await;
    check(&store, &world).await;
}

#[tokio::test]
async fn ids_in_the_index_whose_rows_are_gone_hide_no_others() {
    let database = sekisho_store::testing::TestDatabase::fresh(sekisho_store::testing::TestEngine::Sqlite).await;
    let world = world();
    let store = database.open().await;
    fill(&store, &world, 300, 0).await;
    indexed(&store).await;
    let ledger = database.dir().unwrap().join("ledger.db").display().to_string();
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&ledger).await.unwrap();
    let gone = "DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY id DESC LIMIT 100 OFFSET 20)";
    sqlx::query(gone).execute(&mut connection).await.unwrap();
    check(&store, &world).await;
    fill(&store, &world, 30, 50).await;
    check(&store, &world).await;
}
