//! How long questions to a large ledger take, what following it costs, and what forgetting does to who writes.
//!
//! `cargo run --release -p sekisho-store --features testing --example ledger_questions -- [sqlite|postgres] [millions]`

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::id::{BotId, EntryId, OrgId, OrgTokenId};
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_core::{Ecosystem, PackageName, Random, Timestamp};
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_store::{DatabaseConfig, Entry, Outcome, Question, Retention, Round, Store, Taker, Trace, Who};
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

/// The first row's moment: 2025-10-20T00:00:00Z. Rows are spread over 400 days.
const START: i64 = 1_760_918_400_000;
const SPAN: i64 = 400 * 24 * 3600 * 1000;
const ORG: Uuid = Uuid::from_u128(0xa1);
const ACCOUNT: Uuid = Uuid::from_u128(0xa3);
/// Times that each question is asked, each time about something else.
const TIMES: usize = 30;
const LIMIT: usize = 100;

struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        for (byte, value) in out.iter_mut().zip(next.iter().cycle()) {
            *byte = *value;
        }
    }
}

static CHANCE: Counting = Counting(AtomicU64::new(1));

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let engine = match arguments.next().as_deref() {
        None | Some("sqlite") => TestEngine::Sqlite,
        Some("postgres") => TestEngine::Postgres,
        Some(other) => panic!("sqlite or postgres, not {other}"),
    };
    let millions: i64 = arguments.next().map_or(1, |n| n.parse().expect("millions of rows"));
    let database = TestDatabase::fresh(engine).await;
    println!("{engine:?}, {millions} million rows\n");
    let start = Instant::now();
    fill(&database, millions * 1_000_000).await;
    println!("rows were made in {:.0} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let store = database.open().await;
    while store.ledger().behind().await.expect("progress") != Some(0) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("the index was there after {:.0} s", start.elapsed().as_secs_f64());
    sizes(&database).await;
    questions(&store, millions * 1_000_000).await;
    walk(&store).await;
    writing(&store, engine).await;
    store.close().await;
}

/// One statement that makes all rows: four in five are of one organisation, half of those by 2,000 persons, the others by
/// pipelines of 200 repositories; 5,000 packages, some far more popular than others, with 40 versions each.
async fn fill(database: &TestDatabase, rows: i64) {
    database.open().await.close().await;
    let lite = matches!(database.config(), DatabaseConfig::Sqlite { .. });
    let (bot, step) = (BotId(Uuid::from_u128(0xb1)), SPAN / rows);
    let uuid = |text: String| if lite { format!("unhex({text})") } else { format!("({text})::uuid") };
    let hex = |digits: usize, what: &str| match lite {
        true => format!("printf('%0{digits}x', {what})"),
        false => format!("lpad(to_hex(({what})::bigint), {digits}, '0')"),
    };
    let padded = |digits: usize, what: &str| match lite {
        true => format!("printf('%0{digits}d', {what})"),
        false => format!("lpad(({what})::text, {digits}, '0')"),
    };
    let at = format!("({START} + i * {step})");
    let id = uuid(format!("{} || '7' || {} || '8' || {}", hex(12, &at), hex(3, "h % 4096"), hex(15, "i")));
    let org = uuid(format!("'{}'", ORG.simple()));
    let other = uuid(format!("'{}'", Uuid::from_u128(0xa2).simple()));
    let account = uuid(format!("'{}'", ACCOUNT.simple()));
    let name = "'package-' || ((h % 5000) * (g % 5000) / 5000)";
    let series = match lite {
        true => format!("WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {rows})"),
        false => format!("WITH s AS (SELECT i FROM generate_series(0::bigint, {rows} - 1) AS i)"),
    };
    let newline = if lite { "char(10)" } else { "chr(10)" };
    let insert = format!(
        "INSERT INTO entries (id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, \
         client_name, client_version, address, subject, ci) {series}, \
         n AS (SELECT i, (i * 2654435761) % 4294967296 AS h, ((i + 7) * 2246822519 / 64) % 4294967296 AS g FROM s) \
         SELECT {id}, {at}, 'npm', {name}, \
         CASE WHEN i % 100000 = 77 THEN '6.6.6' ELSE '1.' || (g % 40) || '.0' END, 'package-1.0.0.tgz', \
         CASE WHEN g % 500 = 0 THEN 'refused' ELSE 'answered' END, CASE WHEN g % 500 = 0 THEN 'malware' ELSE '' END, '', \
         CASE WHEN h % 10 < 8 THEN {org} WHEN h % 10 = 8 THEN {other} ELSE {account} END, {id}, 'npm', '11.4.2', \
         '192.0.2.17', \
         CASE WHEN h % 10 = 9 THEN '' WHEN g % 2 = 0 THEN 'user' || {user} || '@example.com' ELSE '{bot}' END, \
         CASE WHEN h % 10 = 9 OR g % 2 = 0 THEN '' ELSE 'acme/repository-' || (g % 200) || {newline} || 'ci.yml' || \
         {newline} || i || {newline} || '0a1b2c3d4e5f' END FROM n",
        user = padded(4, "g / 2 % 2000"),
    );
    match database.config() {
        DatabaseConfig::Sqlite { dir } => {
            let file = dir.join("ledger.db");
            let mut connection = sqlx::SqliteConnection::connect(&file.display().to_string()).await.expect("opened");
            sqlx::raw_sql("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")
                .execute(&mut connection)
                .await
                .expect("set");
            sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.expect("filled");
            connection.close().await.expect("closed");
            for name in ["ledger-index.db", "ledger-index.db-wal", "ledger-index.db-shm"] {
                let _ = std::fs::remove_file(dir.join(name));
            }
        }
        DatabaseConfig::Postgres { url } => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("opened");
            sqlx::raw_sql("DROP TABLE entries_first").execute(&mut connection).await.expect("dropped");
            let store = database.open().await;
            for month in 0..14 {
                let at = Timestamp(START + month * 30 * 24 * 3600 * 1000);
                store.ledger().make_months(at).await.expect("months");
            }
            store.close().await;
            sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.expect("filled");
            sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await.expect("analysed");
        }
    }
}

async fn sizes(database: &TestDatabase) {
    let mib = |bytes: u64| bytes / (1 << 20);
    match database.config() {
        DatabaseConfig::Sqlite { dir } => {
            for name in ["ledger.db", "ledger-index.db"] {
                println!("{name}: {} MiB", mib(std::fs::metadata(dir.join(name)).map_or(0, |m| m.len())));
            }
        }
        DatabaseConfig::Postgres { url } => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("opened");
            let size = "SELECT SUM(pg_table_size(inhrelid))::BIGINT, SUM(pg_indexes_size(inhrelid))::BIGINT \
                        FROM pg_inherits WHERE inhparent = 'entries'::regclass";
            let (table, indexes): (i64, i64) = sqlx::query_as(size).fetch_one(&mut connection).await.expect("sizes");
            println!("table: {} MiB, indexes: {} MiB", mib(table as u64), mib(indexes as u64));
        }
    }
}

async fn questions(store: &Store, rows: i64) {
    println!("\n| question | p50 | p95 | worst |\n|---|--:|--:|--:|");
    let package = |n: usize| PackageName::parse(Ecosystem::Npm, &format!("package-{n}")).expect("a name");
    let prefix = |text: String| IdentifierPrefix::parse(&text).expect("a prefix");
    let all = || Question::of(ORG);
    let at = |n: usize| Timestamp(START + SPAN / 2 + n as i64 * 3_600_000);
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
    ask(store, "bot", |_| Question { bot: Some(BotId(Uuid::from_u128(0xb1))), ..all() }).await;
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
    print(&format!("{name} ({} rows)", found / TIMES), times);
}

fn print(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!("| {name} | {:.1} ms | {:.1} ms | {:.1} ms |", at(50), at(95), at(100));
}

/// As an export reads: all rows of an organisation, a thousand at a time; how fast, and in how much memory.
async fn walk(store: &Store) {
    // From here on the peak is counted anew.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS:");
    let (start, mut rows) = (Instant::now(), 0);
    let mut walk = store.ledger().ask(Question::of(ORG), None).await.expect("begun");
    while let Some(step) = store.ledger().next(&mut walk, 1000).await.expect("rows") {
        rows += step.len();
        if rows >= 1_000_000 {
            break;
        }
    }
    let (took, peak) = (start.elapsed().as_secs_f64(), memory("VmHWM:"));
    println!("\n{rows} rows were read in {took:.1} s; memory before {before}, at most {peak}");
}

fn memory(what: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix(what)).map_or("?", str::trim).to_owned()
}

/// Rows a second with the index behind them, and waits of writers with and without forgetting beside them.
async fn writing(store: &Store, engine: TestEngine) {
    println!("\n| writing | rows a second | p50 | p99 | worst |\n|---|--:|--:|--:|--:|");
    record(store, "256 callers", 256).await;
    if engine == TestEngine::Sqlite {
        let (start, behind) = (Instant::now(), store.ledger().behind().await.expect("progress"));
        while store.ledger().behind().await.expect("progress") != Some(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!(
            "| (the index was {behind:?} commits behind, and up again after {:.1} s) | | | | |",
            start.elapsed().as_secs_f64()
        );
    }
    record(store, "32 callers", 32).await;
    let forgetting = {
        let store = store.clone();
        tokio::spawn(async move {
            let retention = Retention { days: 200, own: Vec::new() };
            let mut round = Round::new(&retention, Timestamp(START + SPAN));
            let mut forgotten = 0;
            while let Some(rows) = store.ledger().forget(&mut round, 200).await.expect("forgotten") {
                forgotten += rows;
                FORGOTTEN.store(forgotten, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
    };
    record(store, "32 callers while rows are forgotten", 32).await;
    forgetting.abort();
    println!("\n{} rows were forgotten meanwhile", FORGOTTEN.load(Ordering::Relaxed));
}

static FORGOTTEN: AtomicU64 = AtomicU64::new(0);

async fn record(store: &Store, name: &str, callers: usize) {
    let (begin, during) = (Instant::now(), Duration::from_secs(8));
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while begin.elapsed() < during {
                    let start = Instant::now();
                    let entry = entry(caller, caller * 7919 + waits.len(), begin.elapsed());
                    assert!(store.ledger().record(entry).await.expect("recorded").is_answered());
                    waits.push(start.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("a caller ends well"));
    }
    waits.sort();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    let rate = waits.len() as f64 / begin.elapsed().as_secs_f64();
    println!("| {name} | {rate:.0} | {:.1} ms | {:.1} ms | {:.1} ms |", at(50), at(99), at(100));
}

fn entry(caller: usize, number: usize, since: Duration) -> Entry {
    let at = Timestamp(START + SPAN + since.as_millis() as i64);
    let identifier = UserIdentifier::parse(&format!("user{:04}@example.com", caller % 2000)).expect("an identifier");
    Entry {
        at,
        ecosystem: Ecosystem::Npm,
        name: format!("package-{}", number % 1000),
        version: "1.2.3".to_owned(),
        file: "package-1.2.3.tgz".to_owned(),
        outcome: Outcome::Answered,
        taker: Taker::Token(Trace {
            id: EntryId::mint(at, &CHANCE),
            who: Who::Organisation { org: OrgId(ORG), token: OrgTokenId(ORG), identifier },
            client_name: "npm".to_owned(),
            client_version: "11.4.2".to_owned(),
            address: "192.0.2.17".to_owned(),
        }),
    }
}
