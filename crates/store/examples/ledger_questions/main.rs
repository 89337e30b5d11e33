//! How long questions to a large ledger take, what following it costs, what forgetting does to who writes, and what the
//! console's first page asks.
//!
//! `cargo run --release -p sekisho-store --features testing --example ledger_questions -- [sqlite|postgres] [millions]`
//!
//! The rows are removed afterwards. With `LEDGER_AT`, a folder or the address of an empty PostgreSQL database, they are made
//! there unless they are there already, and they stay.

mod ask;
mod days;
mod fill;
mod write;

use std::time::{Duration, Instant};

use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_store::{DatabaseConfig, EntryFilter, Store};
use uuid::Uuid;

/// The first row's moment: 2025-10-20T00:00:00Z. Rows are spread over 400 days.
pub(crate) const START: i64 = 1_760_918_400_000;
/// And over how long.
pub(crate) const SPAN: i64 = 400 * 24 * 3600 * 1000;
/// Whose rows four in five are.
pub(crate) const ORG: Uuid = Uuid::from_u128(0xa1);
/// A personal account, whose one in ten are.
pub(crate) const ACCOUNT: Uuid = Uuid::from_u128(0xa3);

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
    match std::env::var("LEDGER_AT") {
        Ok(place) if lite => measure(&DatabaseConfig::Sqlite { dir: place.into() }, millions).await,
        Ok(url) => measure(&DatabaseConfig::Postgres { url }, millions).await,
        Err(_) => measure(TestDatabase::fresh(engine).await.config(), millions).await,
    }
}

async fn measure(config: &DatabaseConfig, millions: i64) {
    let lite = matches!(config, DatabaseConfig::Sqlite { .. });
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
    fill::sizes(config).await;
    ask::questions(&store, millions * 1_000_000).await;
    days::overview(&store, config).await;
    write::walk(&store).await;
    write::writing(&store, lite).await;
    store.close().await;
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
