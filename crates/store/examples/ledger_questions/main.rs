//! How long questions to a large ledger take, what following it costs, what forgetting does to who writes, and what the
//! console's first page asks.
//!
//! `cargo run --release -p sekisho-store --features testing --example ledger_questions -- [sqlite|postgres] [millions]`
//!
//! The rows are removed afterwards. With `LEDGER_AT`, a folder or the address of an empty PostgreSQL database, they are made
//! there unless they are there already, and they stay. `LEDGER_UNTIL`, in milliseconds since 1970, is the moment at which
//! they end. `console` as a third argument asks nothing: it makes the rows, and what else the console's pages show.

mod ask;
mod console;
mod days;
mod dialect;
mod fill;
mod write;

use std::time::{Duration, Instant};

use sekisho_core::id::BotId;
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_store::{DatabaseConfig, EntryFilter, Store};
use uuid::Uuid;

/// The first row's moment, if nothing else is said: 2025-10-20T00:00:00Z. Rows are spread over 400 days.
const START: i64 = 1_760_918_400_000;
/// And over how long.
pub(crate) const SPAN: i64 = 400 * 24 * 3600 * 1000;
/// Whose rows four in five are.
pub(crate) const ORG: Uuid = Uuid::from_u128(0xa1);
/// A personal account, whose one in ten are.
pub(crate) const ACCOUNT: Uuid = Uuid::from_u128(0xa3);
/// Which bot pipelines come as.
pub(crate) const BOT: BotId = BotId(Uuid::from_u128(0xb1));

/// The first row's moment.
pub(crate) fn first_at() -> i64 {
    std::env::var("LEDGER_UNTIL").map_or(START, |until| until.parse::<i64>().expect("milliseconds") - SPAN)
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let engine = match arguments.next().as_deref() {
        None | Some("sqlite") => TestEngine::Sqlite,
        Some("postgres") => TestEngine::Postgres,
        Some(other) => panic!("sqlite or postgres, not {other}"),
    };
    let lite = engine == TestEngine::Sqlite;
    let millions: i64 = arguments.next().map_or(1, |n| n.parse().expect("millions of rows"));
    println!("{engine:?}, {millions} million rows\n");
    let place = match std::env::var("LEDGER_AT") {
        Ok(place) if lite => DatabaseConfig::Sqlite { dir: place.into() },
        Ok(url) => DatabaseConfig::Postgres { url },
        Err(_) => return measure(TestDatabase::fresh(engine).await.config(), millions).await,
    };
    match arguments.next().as_deref() {
        None => measure(&place, millions).await,
        Some("console") => for_console(&place, millions).await,
        Some(other) => panic!("console or nothing, not {other}"),
    }
}

async fn measure(config: &DatabaseConfig, millions: i64) {
    let lite = matches!(config, DatabaseConfig::Sqlite { .. });
    let store = filled(config, millions).await;
    fill::sizes(config).await;
    ask::questions(&store, millions * 1_000_000).await;
    days::overview(&store, config).await;
    write::walk(&store).await;
    write::writing(&store, lite).await;
    store.close().await;
}

async fn for_console(config: &DatabaseConfig, millions: i64) {
    let store = filled(config, millions).await;
    if days::fill(&store, config).await {
        days::count(&store).await;
        console::fill(&store, config).await;
    }
    store.close().await;
}

/// The rows are there, and so is what finds them.
async fn filled(config: &DatabaseConfig, millions: i64) -> Store {
    if is_empty(config).await {
        let start = Instant::now();
        fill::fill(config, millions * 1_000_000).await;
        println!("rows were made in {:.0} s", start.elapsed().as_secs_f64());
    }
    let start = Instant::now();
    let store = open(config).await;
    while store.ledger().behind().await.expect("progress") != Some(0) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("the index was there after {:.0} s", start.elapsed().as_secs_f64());
    store
}

/// Opens the data.
pub(crate) async fn open(config: &DatabaseConfig) -> Store {
    Store::open(config).await.expect("opened")
}

async fn is_empty(config: &DatabaseConfig) -> bool {
    let store = open(config).await;
    let rows = store.ledger().entries(&EntryFilter::All, 1).await.expect("read");
    store.close().await;
    rows.is_empty()
}
