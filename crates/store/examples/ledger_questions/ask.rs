//! Asking.

use std::time::{Duration, Instant};

use sekisho_core::org::IdentifierPrefix;
use sekisho_core::{Ecosystem, PackageName, Timestamp};
use sekisho_store::{Question, Store};

use crate::{ACCOUNT, BOT, ORG, SPAN, first_at};

/// Times that each question is asked, each time about something else.
const TIMES: usize = 30;
const LIMIT: usize = 100;
/// The goal of each question, by its 95th percentile.
const GOAL: Duration = Duration::from_millis(50);

/// Every kind of question.
pub(crate) async fn questions(store: &Store, rows: i64) {
    println!("\n| question | p50 | p95 | worst | under 50 ms by p95 |\n|---|--:|--:|--:|--:|");
    let package = |n: usize| PackageName::parse(Ecosystem::Npm, &format!("package-{n}")).expect("a name");
    let prefix = |text: String| IdentifierPrefix::parse(&text).expect("a prefix");
    let all = || Question::of(ORG);
    let at = |n: usize| Timestamp(first_at() + SPAN / 2 + n as i64 * 3_600_000);
    // The package of a row whose version is 6.6.6.
    let rare = |n: usize| {
        let i = (77 + 100_000 * n as i64) % rows;
        let (h, g) = ((i * 2_654_435_761) % 4_294_967_296, ((i + 7) * 2_246_822_519 / 64) % 4_294_967_296);
        package(((h % 5000) * (g % 5000) / 5000) as usize)
    };
    ask(store, "newest of all", |_| all()).await;
    ask(store, "package, popular", |n| Question { package: Some(package(n)), ..all() }).await;
    ask(store, "package, seldom", |n| Question { package: Some(package(4000 + n)), ..all() }).await;
    ask(store, "package and one rare version", |n| Question {
        package: Some(rare(n)),
        versions: Some(["6.6.6".to_owned()].into()),
        ..all()
    })
    .await;
    ask(store, "package and 20 of 40 versions", |n| Question {
        package: Some(package(n)),
        versions: Some((0..20).map(|v| format!("1.{v}.0")).collect()),
        ..all()
    })
    .await;
    ask(store, "person, exactly", |n| Question { person: prefix(format!("user{n:04}@example.com")), ..all() }).await;
    ask(store, "prefix of 10 persons", |n| Question { person: prefix(format!("user{n:03}")), ..all() }).await;
    ask(store, "prefix of all 2,000 persons", |_| Question { person: prefix("user".into()), ..all() }).await;
    ask(store, "person and package", |n| Question {
        person: prefix(format!("user{n:04}")),
        package: Some(package(n)),
        ..all()
    })
    .await;
    ask(store, "bot", |_| Question { bot: Some(BOT), ..all() }).await;
    ask(store, "repository", |n| Question { repository: Some(format!("acme/repository-{}", 2 * n + 1)), ..all() })
        .await;
    ask(store, "refused", |_| Question { refused: Some(true), ..all() }).await;
    ask(store, "an hour half a year ago", |n| Question { from: Some(at(n)), to: Some(at(n + 1)), ..all() }).await;
    ask(store, "a personal account", |_| Question::of(ACCOUNT)).await;
    let mut times = Vec::new();
    let mut before = None;
    for _ in 0..TIMES {
        let start = Instant::now();
        let question = Question { package: Some(package(3)), ..all() };
        before = store.ledger().page(question, before, LIMIT).await.expect("a page").next;
        times.push(start.elapsed());
    }
    print("pages 1 to 30 of a popular package", times);
    let mut times = Vec::new();
    for n in 0..TIMES {
        let start = Instant::now();
        store.ledger().versions(ORG, &package(n)).await.expect("versions");
        times.push(start.elapsed());
    }
    print("versions of a package, for a range", times);
    let mut times = Vec::new();
    for n in 0..TIMES {
        let start = Instant::now();
        store.ledger().owners_of(&rare(n), "6.6.6").await.expect("owners");
        times.push(start.elapsed());
    }
    print("everybody who has a release", times);
}

async fn ask(store: &Store, name: &str, question: impl Fn(usize) -> Question) {
    let mut times = Vec::new();
    let mut found = 0;
    for n in 0..TIMES {
        let question = question(n);
        let start = Instant::now();
        found += store.ledger().page(question, None, LIMIT).await.expect("a page").rows.len();
        times.push(start.elapsed());
    }
    let rows = found as f64 / TIMES as f64;
    print(&format!("{name} ({rows:.1} rows)"), times);
}

pub(crate) fn print(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    let met = if at(95) < GOAL.as_secs_f64() * 1000.0 { "met" } else { "MISSED" };
    println!("| {name} | {:.1} ms | {:.1} ms | {:.1} ms | {met} |", at(50), at(95), at(100));
}
