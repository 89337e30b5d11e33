//! What the console's first page asks, with ten thousand tokens, and what counting for it costs.

use std::time::{Duration, Instant};

use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::{Timestamp, org::UserIdentifier};
use sekisho_store::{DatabaseConfig, NewAudit, Organisation, Store};
use uuid::Uuid;

use crate::ask::print;
use crate::dialect::{Dialect, analyse, run};
use crate::{ORG, SPAN, first_at};

const TOKENS: i64 = 10_000;
/// Times that each question is asked.
const TIMES: usize = 30;
const DAY: i64 = 24 * 3600 * 1000;

/// Counts all days, then asks as the page does.
pub(crate) async fn overview(store: &Store, config: &DatabaseConfig) {
    let (org, now) = (OrgId(ORG), Timestamp(first_at() + SPAN));
    fill(store, config).await;
    let start = Instant::now();
    let times = count(store).await;
    let longest = times.iter().max().map_or(0, Duration::as_millis);
    println!(
        "\n{} days were counted and written in {:.1} s, the longest in {longest} ms\n",
        times.len(),
        start.elapsed().as_secs_f64()
    );
    println!("| the console's first page | p50 | p95 | worst | under 50 ms by p95 |\n|---|--:|--:|--:|--:|");
    let (days, today) = (store.install_days(), now.0 / DAY);
    timed("30 days by ecosystem", async || days.days(org, today - 29, today).await.expect("days").len()).await;
    timed("400 days by ecosystem", async || days.days(org, today - 399, today).await.expect("days").len()).await;
    timed("ten most taken of 30 days", async || {
        days.most(org, false, (today - 29, today), 10).await.expect("names").len()
    })
    .await;
    let tokens = store.org_tokens();
    timed("silent tokens of 10,000 are counted", async || tokens.seen(org, now).await.expect("seen").silent).await;
    timed("first 20 silent tokens", async || tokens.silent(org, None, 20, now).await.expect("silent").len()).await;
    let last = UserIdentifier::parse("user9000@example.com").expect("an identifier");
    let after = (last, sekisho_core::id::OrgTokenId(Uuid::max()));
    timed("20 silent tokens, far behind", async || {
        tokens.silent(org, Some(&after), 20, now).await.expect("silent").len()
    })
    .await;
}

/// Counts every day; how long each took.
pub(crate) async fn count(store: &Store) -> Vec<Duration> {
    let (days, now, mut times) = (store.install_days(), Timestamp(first_at() + SPAN), Vec::new());
    for due in days.due(now).await.expect("due") {
        let mut turn = days.begin(&due, now).await.expect("begun").expect("our turn");
        loop {
            let start = Instant::now();
            if days.count_next(&mut turn, now).await.expect("counted").is_none() {
                break;
            }
            times.push(start.elapsed());
        }
        days.end(turn, now, now).await.expect("ended");
    }
    times
}

async fn timed<T>(name: &str, ask: impl AsyncFn() -> T) {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        ask().await;
        times.push(start.elapsed());
    }
    print(name, times);
}

/// The organisation, with tokens of which one in twenty is silent, one in fifty revoked, and five ended; `false` if it was
/// there.
pub(crate) async fn fill(store: &Store, config: &DatabaseConfig) -> bool {
    let (start, until) = (first_at(), first_at() + SPAN);
    let audit = NewAudit {
        id: AuditId(Uuid::from_u128(1)),
        at: Timestamp(start),
        actor: "operator".to_owned(),
        action: "org.created",
        subject: String::new(),
        detail: "{}".to_owned(),
        under: None,
    };
    let org = Organisation::new(OrgId(ORG), "acme", Timestamp(start));
    if !store.organisations().create(&org, &audit).await.expect("made") {
        return false;
    }
    let dialect = Dialect::of(config);
    let insert = format!(
        "INSERT INTO org_tokens (id, org_id, identifier, hash, hint, made_by, created_at, last_used_at, revoked_at, \
         expires_at) {} SELECT {}, {}, 'user' || {} || '@example.com', {}, 'tg_org_Ab3d', 'operator', {start}, \
         CASE WHEN i % 20 = 0 THEN NULL ELSE {used} END, CASE WHEN i % 50 = 7 THEN {used} END, \
         CASE WHEN i % 2000 = 11 THEN {used} WHEN i % 3 = 0 THEN {} END FROM s",
        dialect.series(TOKENS),
        dialect.uuid(&dialect.hex(32, "i")),
        dialect.id(ORG),
        dialect.padded(4, "i"),
        dialect.bytes(&dialect.hex(64, "i")),
        until + 90 * DAY,
        used = until - DAY,
    );
    run(config, "sekisho.db", insert).await;
    analyse(config).await;
    true
}
