//! What the console's first page asks, with ten thousand tokens, and what counting for it costs.

use std::time::{Duration, Instant};

use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::{Timestamp, org::UserIdentifier};
use sekisho_store::{DatabaseConfig, NewAudit, Organisation, Store};
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use crate::ask::print;
use crate::{ORG, SPAN, START};

const TOKENS: i64 = 10_000;
/// Times that each question is asked.
const TIMES: usize = 30;
const DAY: i64 = 24 * 3600 * 1000;

/// Counts all days, then asks as the page does.
pub(crate) async fn overview(store: &Store, config: &DatabaseConfig) {
    let (org, now) = (OrgId(ORG), Timestamp(START + SPAN));
    fill(store, config, org).await;
    let days = store.install_days();
    let (start, mut times) = (Instant::now(), Vec::new());
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
    println!("\n{} days were counted in {:.1} s\n", times.len(), start.elapsed().as_secs_f64());
    println!("| the console's first page | p50 | p95 | worst |\n|---|--:|--:|--:|");
    print("one day is counted and written", times);
    let today = now.0 / DAY;
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

async fn timed<T>(name: &str, ask: impl AsyncFn() -> T) {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        ask().await;
        times.push(start.elapsed());
    }
    print(name, times);
}

/// The organisation, with tokens of which one in twenty is silent.
async fn fill(store: &Store, config: &DatabaseConfig, id: OrgId) {
    let audit = NewAudit {
        id: AuditId(Uuid::from_u128(1)),
        at: Timestamp(START),
        actor: "operator".to_owned(),
        action: "org.created",
        subject: String::new(),
        detail: "{}".to_owned(),
        under: None,
    };
    let org = Organisation::new(id, "acme", Timestamp(START));
    if !store.organisations().create(&org, &audit).await.expect("made") {
        return;
    }
    let lite = matches!(config, DatabaseConfig::Sqlite { .. });
    let (series, number, hex) = match lite {
        true => (
            format!("WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {TOKENS})"),
            "printf('%05d', i)",
            ("unhex(printf('%032x', i))", "unhex(printf('%064x', i))"),
        ),
        false => (
            format!("WITH s AS (SELECT i FROM generate_series(0::bigint, {TOKENS} - 1) AS i)"),
            "lpad(i::text, 5, '0')",
            ("lpad(to_hex(i), 32, '0')::uuid", "decode(lpad(to_hex(i), 64, '0'), 'hex')"),
        ),
    };
    let org = match lite {
        true => format!("unhex('{}')", ORG.simple()),
        false => format!("'{}'::uuid", ORG.simple()),
    };
    let insert = format!(
        "INSERT INTO org_tokens (id, org_id, identifier, hash, hint, made_by, created_at, last_used_at) {series} \
         SELECT {}, {org}, 'user' || {number} || '@example.com', {}, 'tg_org_Ab3d', 'operator', {START}, \
         CASE WHEN i % 20 = 0 THEN NULL ELSE {} END FROM s",
        hex.0,
        hex.1,
        START + SPAN - DAY,
    );
    match config {
        DatabaseConfig::Sqlite { dir } => {
            let file = dir.join("sekisho.db").display().to_string();
            let mut connection = sqlx::SqliteConnection::connect(&file).await.expect("opened");
            sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.expect("filled");
        }
        DatabaseConfig::Postgres { url } => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("opened");
            sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.expect("filled");
            sqlx::raw_sql("ANALYZE org_tokens").execute(&mut connection).await.expect("analysed");
        }
    }
}
