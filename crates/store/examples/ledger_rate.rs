//! How many entries a second the ledger makes durable, beside what one sync of the same disk costs.
//!
//! `cargo run --release -p sekisho-store --example ledger_rate -- [sqlite|postgres] [callers] [seconds]`

use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::id::{AccountId, EntryId, TokenId};
use sekisho_core::{Ecosystem, Random, Timestamp};
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_store::{Entry, Outcome, Store, Taker, Trace, Who};

/// Accounts that take packages: a package manager opens about 15 connections, so 256 callers are some 17 people.
const ACCOUNTS: u64 = 17;

struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
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
    let callers: usize = arguments.next().map_or(256, |n| n.parse().expect("a number of callers"));
    let seconds: u64 = arguments.next().map_or(5, |n| n.parse().expect("a number of seconds"));

    let database = TestDatabase::fresh(engine).await;
    print_sync_latency();
    let opening = Instant::now();
    let store = database.open().await;
    println!("opened in        {:8.1} ms", millis(opening.elapsed()));
    let accounts: Vec<_> = (0..ACCOUNTS).map(|_| AccountId::mint(Timestamp(0), &CHANCE)).collect();
    let rate = Load { store: store.clone(), accounts: Arc::new(accounts), begin: Instant::now() };
    let mut waits = rate.run(callers, Duration::from_secs(seconds)).await;
    let took = rate.begin.elapsed().as_secs_f64();
    waits.sort();
    println!("callers          {callers:8}");
    println!("entries          {:8}", waits.len());
    println!("entries a second {:8.0}", waits.len() as f64 / took);
    print_percentiles("record", &waits);
    store.close().await;
}

#[derive(Clone)]
struct Load {
    store: Store,
    accounts: Arc<Vec<AccountId>>,
    begin: Instant,
}

impl Load {
    /// Every caller records one entry after the other; how long each took.
    async fn run(&self, callers: usize, during: Duration) -> Vec<Duration> {
        let tasks: Vec<_> = (0..callers)
            .map(|caller| {
                let load = self.clone();
                tokio::spawn(async move { load.one_caller(caller, during).await })
            })
            .collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await.expect("a caller ends well"));
        }
        waits
    }

    async fn one_caller(&self, caller: usize, during: Duration) -> Vec<Duration> {
        let mut waits = Vec::new();
        while self.begin.elapsed() < during {
            let start = Instant::now();
            let entry = self.entry(caller, caller * 7919 + waits.len());
            let recorded = self.store.ledger().record(entry).await.expect("recorded");
            assert!(recorded.is_answered());
            waits.push(start.elapsed());
        }
        waits
    }

    fn entry(&self, caller: usize, number: usize) -> Entry {
        let at = Timestamp(1_795_424_400_000 + self.begin.elapsed().as_millis() as i64);
        let account = self.accounts[caller % self.accounts.len()];
        let name = format!("@scope/package-{}", number % 1000);
        Entry {
            at,
            ecosystem: Ecosystem::Npm,
            file: format!("package-{}-1.2.3.tgz", number % 1000),
            name,
            version: "1.2.3".to_owned(),
            outcome: Outcome::Answered,
            taker: Taker::Token(Trace {
                id: EntryId::mint(at, &CHANCE),
                who: Who::Account { account, token: TokenId(account.0) },
                client_name: "npm".to_owned(),
                client_version: "11.4.2".to_owned(),
                address: "192.0.2.17".to_owned(),
            }),
        }
    }
}

/// What writing 4 KiB and syncing it costs on the disk of the temporary folder, where SQLite's files are.
fn print_sync_latency() {
    let mut file = tempfile::tempfile().expect("a temporary file");
    let mut waits: Vec<_> = (0..500)
        .map(|_| {
            file.seek(SeekFrom::Start(0)).expect("seek");
            file.write_all(&[7; 4096]).expect("write");
            let start = Instant::now();
            file.sync_data().expect("sync");
            start.elapsed()
        })
        .collect();
    waits.sort();
    print_percentiles("one sync", &waits);
}

fn print_percentiles(what: &str, sorted: &[Duration]) {
    let at = |percent: usize| millis(sorted[(sorted.len() - 1) * percent / 100]);
    println!("{what:16} p50 {:6.2} ms, p99 {:6.2} ms, worst {:6.2} ms", at(50), at(99), at(100));
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
