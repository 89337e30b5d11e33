//! Installs and refusals by day: right numbers, however often and by whichever node they are counted.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use common::*;
use sekisho_core::id::{EntryId, OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::{Ecosystem, Random, Timestamp};
use sekisho_store::{Counts, Entry, NAMES_KEPT, Outcome, Retention, Store, Taker, Trace, Turn, Who, on_both_engines};
use uuid::Uuid;

/// The day of [`NOW`], which is nine in the morning.
const TODAY: i64 = 20_780;
const DAY: i64 = 24 * 3600;

/// So many seconds after the beginning of [`TODAY`].
fn at(seconds: i64) -> Timestamp {
    Timestamp((TODAY * DAY + seconds) * 1000)
}

fn member(org: OrgId, token: u128) -> Who {
    let identifier = UserIdentifier::parse("ann@example.com").unwrap();
    Who::Organisation { org, token: OrgTokenId(Uuid::from_u128(token)), identifier }
}

fn npm(who: Who, at: Timestamp, name: &str) -> Entry {
    Entry {
        at,
        ecosystem: Ecosystem::Npm,
        name: name.into(),
        version: "1.0.0".into(),
        file: format!("{name}-1.0.0.tgz"),
        outcome: Outcome::Answered,
        taker: Taker::Token(Trace {
            id: EntryId::mint(at, &CHANCE),
            who,
            client_name: String::new(),
            client_version: String::new(),
            address: String::new(),
        }),
    }
}

fn refused(entry: Entry) -> Entry {
    Entry { outcome: Outcome::Refused(Refusal { reason: Reason::Malware, advisories: Vec::new() }), ..entry }
}

async fn record(store: &Store, entry: Entry) {
    drop(store.ledger().record(entry).await.unwrap());
}

/// Whoever is due is counted, as the job does it; how many days.
async fn count(store: &Store, now: Timestamp) -> usize {
    let (days, mut counted) = (store.install_days(), 0);
    for due in days.due(now).await.unwrap() {
        let mut turn = days.begin(&due, now).await.unwrap().unwrap();
        while days.count_next(&mut turn, now).await.unwrap().is_some() {
            counted += 1;
        }
        days.end(turn, now.plus(Duration::from_secs(60)), now).await.unwrap();
    }
    counted
}

/// `(day after TODAY, ecosystem, installs, refusals)`
type Shown = (i64, Ecosystem, i64, i64);

async fn shown(store: &Store, org: OrgId) -> Vec<Shown> {
    let days = store.install_days().days(org, TODAY - 400, TODAY + 400).await.unwrap();
    days.iter().map(|d| (d.day - TODAY, d.ecosystem, d.counts.installs, d.counts.blocked)).collect()
}

async fn most(store: &Store, org: OrgId, refused: bool, days: (i64, i64), limit: u32) -> Vec<(String, i64)> {
    let days = (TODAY + days.0, TODAY + days.1);
    let most = store.install_days().most(org, refused, days, limit).await.unwrap();
    most.into_iter().map(|most| (most.name, most.number)).collect()
}

fn number(below: usize) -> usize {
    let mut bytes = [0; 8];
    CHANCE.fill(&mut bytes);
    (u64::from_le_bytes(bytes) >> 33) as usize % below
}

/// A request in one of two organisations within the three days that end with [`TODAY`].
fn somebodys(orgs: &[OrgId; 2]) -> Entry {
    let time = at(number(3 * 86_400) as i64 - 2 * DAY);
    // Many fall together within ten minutes, also around midnight.
    let time = if number(2) == 0 { at(number(3) as i64 * DAY - 2 * DAY + number(1200) as i64 - 600) } else { time };
    let entry = npm(member(orgs[number(2)], number(2) as u128), time, ["one", "two"][number(2)]);
    let entry = Entry { ecosystem: Ecosystem::ALL[number(2)], ..entry };
    if number(4) == 0 { refused(entry) } else { entry }
}

/// Counts entries one by one, as the API's text says it: those of one token for one file that follow each other within ten
/// minutes are one.
fn plainly(entries: &[Entry], org: OrgId) -> Vec<Shown> {
    let mut chains = HashMap::<_, Vec<i64>>::new();
    for entry in entries {
        let Taker::Token(trace) = &entry.taker else { panic!("a token") };
        let Who::Organisation { org: owner, token, .. } = &trace.who else { panic!("a member") };
        if *owner == org {
            let key = (*token, entry.outcome.as_str(), entry.ecosystem, &entry.name);
            chains.entry(key).or_default().push(entry.at.0);
        }
    }
    let mut days = BTreeMap::<_, Counts>::new();
    for ((_, outcome, ecosystem, _), mut times) in chains {
        times.sort_unstable();
        let first = times.iter().enumerate().filter(|(i, time)| *i == 0 || *time - times[i - 1] > 600_000);
        for (_, time) in first {
            let counts = days.entry((time.div_euclid(86_400_000) - TODAY, ecosystem)).or_default();
            *if outcome == "answered" { &mut counts.installs } else { &mut counts.blocked } += 1;
        }
    }
    days.into_iter().map(|((day, ecosystem), c)| (day, ecosystem, c.installs, c.blocked)).collect()
}

on_both_engines! {
    async fn the_days_have_the_numbers_of_a_plain_count_also_after_more_rows(database) {
        let store = database.open().await;
        let orgs = [org(&store, "one").await, org(&store, "two").await];
        let entries: Vec<Entry> = (0..500).map(|_| somebodys(&orgs)).collect();
        // The clock stands where no day is over for good.
        for (some, now) in entries.chunks(250).zip([at(-2 * DAY - 60), at(-2 * DAY + 3500)]) {
            for entry in some {
                record(&store, entry.clone()).await;
            }
            count(&store, now).await;
        }
        assert!(shown(&store, orgs[0]).await.iter().all(|(day, ..)| *day < -1), "later days have not come");
        count(&store, at(DAY - 1)).await;
        for org in orgs {
            let expected = plainly(&entries, org);
            assert!(expected.len() >= 6, "{expected:?}");
            assert_eq!(shown(&store, org).await, expected);
        }
    }

    async fn a_recount_is_right_around_midnight_and_a_day_stays_from_one_o_clock_on(database) {
        let store = database.open().await;
        let org = org(&store, "acme").await;
        let late = |seconds: i64| npm(member(org, 1), at(DAY + seconds), "late");
        record(&store, npm(member(org, 1), at(100), "one")).await;
        record(&store, refused(npm(member(org, 1), at(110), "evil"))).await;
        assert_eq!(count(&store, at(200)).await, 1);
        assert_eq!(shown(&store, org).await, [(0, Ecosystem::Npm, 1, 1)]);
        assert_eq!(count(&store, at(201)).await, 0, "not due again");
        // One install, whose requests lie on both sides of midnight.
        record(&store, late(-60)).await;
        record(&store, late(60)).await;
        assert_eq!(count(&store, at(DAY + 120)).await, 2);
        assert_eq!(shown(&store, org).await, [(0, Ecosystem::Npm, 2, 1)]);
        // Written down after midnight, with a time before it.
        record(&store, npm(member(org, 2), at(DAY - 1), "late")).await;
        record(&store, npm(member(org, 2), at(DAY + 3500), "one")).await;
        assert_eq!(count(&store, at(DAY + 3599)).await, 2, "yesterday too");
        assert_eq!(shown(&store, org).await, [(0, Ecosystem::Npm, 3, 1), (1, Ecosystem::Npm, 1, 0)]);
        record(&store, npm(member(org, 3), at(DAY - 1), "late")).await;
        assert_eq!(count(&store, at(DAY + 3700)).await, 2, "once more after its end");
        assert_eq!(count(&store, at(DAY + 3800)).await, 1, "and not again");
        assert_eq!(shown(&store, org).await, [(0, Ecosystem::Npm, 4, 1), (1, Ecosystem::Npm, 1, 0)]);
        let counted = store.install_days().counted(org).await.unwrap().unwrap();
        assert_eq!((counted.open_day, counted.at), (TODAY + 1, Some(at(DAY + 3800))));
    }

    async fn numbers_fall_where_rows_are_gone(database) {
        let store = database.open().await;
        let org = org(&store, "acme").await;
        record(&store, npm(member(org, 1), at(100), "one")).await;
        count(&store, at(200)).await;
        let retention = Retention { days: 0, own: Vec::new() };
        let mut round = store.ledger().begin_forgetting(&retention, at(300)).await.unwrap().unwrap();
        while store.ledger().forget(&mut round, 100).await.unwrap().is_some() {}
        count(&store, at(400)).await;
        assert_eq!(shown(&store, org).await, []);
        assert_eq!(most(&store, org, false, (0, 0), 9).await, []);
    }

    async fn of_two_nodes_one_counts_and_who_lost_its_turn_writes_nothing(database) {
        let (one, two) = (database.open().await, database.open().await);
        let org = org(&one, "acme").await;
        record(&one, npm(member(org, 1), at(100), "one")).await;
        let (due_one, due_two) = (one.install_days().due(at(200)).await.unwrap(), two.install_days().due(at(200)).await.unwrap());
        let (a, b) = (one.install_days(), two.install_days());
        let (turn, other) = tokio::join!(a.begin(&due_one[0], at(200)), b.begin(&due_two[0], at(200)));
        let mut turns = [turn.unwrap(), other.unwrap()];
        turns.sort_by_key(Option::is_some);
        let [None, Some(mut slow)] = turns else { panic!("both have the turn") };
        assert!(two.install_days().due(at(201)).await.unwrap().is_empty());
        // It is slow, its turn ends, and another node has counted more meanwhile.
        record(&two, npm(member(org, 2), at(110), "two")).await;
        assert_eq!(count(&two, at(200 + 600)).await, 1);
        assert_eq!(shown(&two, org).await, [(0, Ecosystem::Npm, 2, 0)]);
        record(&two, npm(member(org, 3), at(120), "three")).await;
        let before = two.install_days().counted(org).await.unwrap();
        assert_eq!(a.count_next(&mut slow, at(200)).await.unwrap(), None);
        a.end(slow, at(200), at(200)).await.unwrap();
        assert_eq!(shown(&two, org).await, [(0, Ecosystem::Npm, 2, 0)]);
        assert_eq!(two.install_days().counted(org).await.unwrap(), before);
        assert_eq!(count(&one, at(200 + 700)).await, 1);
        assert_eq!(shown(&one, org).await, [(0, Ecosystem::Npm, 3, 0)]);
    }

    async fn what_was_there_before_is_caught_up_with_also_over_a_restart(database) {
        let store = database.open().await;
        let org = org(&store, "acme").await;
        for day in -5..=0 {
            record(&store, npm(member(org, 1), at(day * DAY + 40), "one")).await;
        }
        let due = store.install_days().due(at(60)).await.unwrap();
        let mut turn: Turn = store.install_days().begin(&due[0], at(60)).await.unwrap().unwrap();
        for day in [-5, -4] {
            assert_eq!(store.install_days().count_next(&mut turn, at(60)).await.unwrap(), Some(TODAY + day));
        }
        assert_eq!(store.install_days().counted(org).await.unwrap().unwrap().at, None);
        store.close().await;
        let store = database.open().await;
        assert_eq!(count(&store, at(100)).await, 0, "the turn lasts a while");
        assert_eq!(count(&store, at(400)).await, 4);
        let expected: Vec<Shown> = (-5..=0).map(|day| (day, Ecosystem::Npm, 1, 0)).collect();
        assert_eq!(shown(&store, org).await, expected);
    }

    async fn the_most_taken_are_added_up_over_days_and_the_most_refused_apart(database) {
        let store = database.open().await;
        let org = org(&store, "acme").await;
        for (day, tokens, name) in [(-40, 9, "old"), (-1, 3, "one"), (0, 2, "one"), (0, 4, "two"), (0, 1, "three")] {
            for token in 0..tokens {
                record(&store, npm(member(org, token), at(day * DAY + 1), name)).await;
            }
        }
        record(&store, refused(npm(member(org, 1), at(2), "evil"))).await;
        count(&store, at(100)).await;
        let of = |name: &str, number| (name.to_owned(), number);
        assert_eq!(most(&store, org, false, (-30, 0), 2).await, [of("one", 5), of("two", 4)]);
        assert_eq!(most(&store, org, false, (0, 0), 9).await, [of("two", 4), of("one", 2), of("three", 1)]);
        assert_eq!(most(&store, org, true, (-30, 0), 9).await, [of("evil", 1)]);
        assert_eq!(most(&store, org, false, (-400, -31), 9).await, [], "of days that long ago there are no names");
        assert_eq!(shown(&store, org).await.len(), 3, "but numbers");
        let retention = Retention { days: 400, own: Vec::new() };
        store.install_days().forget(&retention, at((NAMES_KEPT - 1) * DAY)).await.unwrap();
        assert_eq!(most(&store, org, false, (-30, 0), 9).await, [of("two", 4), of("one", 2), of("three", 1)]);
    }

    async fn the_names_of_a_day_are_the_fifty_that_come_most(database) {
        let store = database.open().await;
        let org = org(&store, "acme").await;
        for package in 0..60 {
            for token in 0..=u128::from(package >= 55) {
                record(&store, npm(member(org, token), at(package), &format!("package-{package:02}"))).await;
            }
        }
        count(&store, at(1000)).await;
        let names = most(&store, org, false, (0, 0), 100).await;
        assert_eq!((names.len(), names[0].clone()), (50, ("package-55".to_owned(), 2)));
        assert_eq!(names[49].0, "package-44", "of equal ones the first by name");
        assert_eq!(shown(&store, org).await, [(0, Ecosystem::Npm, 65, 0)], "the total has all");
    }

    async fn days_go_with_the_rows_that_they_were_counted_from(database) {
        let store = database.open().await;
        let (own, other) = (org(&store, "own").await, org(&store, "other").await);
        for day in -5..=0 {
            record(&store, npm(member(own, 1), at(day * DAY + 40), "one")).await;
            record(&store, npm(member(other, 1), at(day * DAY + 40), "one")).await;
        }
        count(&store, at(100)).await;
        let retention = Retention { days: 4, own: vec![(own, 2)] };
        store.install_days().forget(&retention, at(100)).await.unwrap();
        let first = |days: Vec<Shown>| days[0].0;
        assert_eq!((first(shown(&store, own).await), first(shown(&store, other).await)), (-2, -4));
        assert_eq!(most(&store, own, false, (-9, 0), 9).await, [("one".to_owned(), 3)]);
    }
}
