//! Reading a million rows as an export does, and writing while the index follows and rows are forgotten.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::id::{EntryId, OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::{Ecosystem, Random, Timestamp};
use sekisho_store::{Entry, Outcome, Question, Retention, Store, Taker, Trace, Who};

use crate::{ORG, SPAN, first_at};

pub(crate) struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        for (byte, value) in out.iter_mut().zip(next.iter().cycle()) {
            *byte = *value;
        }
    }
}

pub(crate) static CHANCE: Counting = Counting(AtomicU64::new(1));

/// As an export reads: all rows of an organisation, a thousand at a time; how fast, and in how much memory.
pub(crate) async fn walk(store: &Store) {
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
pub(crate) async fn writing(store: &Store, lite: bool) {
    println!("\n| writing | rows a second | p50 | p99 | worst |\n|---|--:|--:|--:|--:|");
    record(store, "256 callers", 256).await;
    if lite {
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
            let now = Timestamp(first_at() + SPAN);
            let mut round = store.ledger().begin_forgetting(&retention, now).await.expect("begun").expect("our turn");
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
    let at = Timestamp(first_at() + SPAN + since.as_millis() as i64);
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
