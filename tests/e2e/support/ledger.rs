//! Reads the ledger of a gate, beside it or after its death.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sekisho_core::id::{EntryId, OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::{Ecosystem, PackageName, Random, Timestamp};
use sekisho_store::{AnonymousCount, DatabaseConfig, Entry, EntryFilter, LedgerRow, Outcome, Store, Taker, Trace, Who};

/// Every row of the ledger in this data folder.
pub(crate) fn rows(data: &Path) -> Vec<LedgerRow> {
    rows_of(&DatabaseConfig::Sqlite { dir: data.to_owned() })
}

/// Every row of a database's ledger.
pub(crate) fn rows_of(config: &DatabaseConfig) -> Vec<LedgerRow> {
    with_store(config, async |store| {
        store.ledger().entries(&EntryFilter::All, 10_000_000).await.expect("the ledger is read")
    })
}

/// The numbers of a package's requests without a token.
pub(crate) fn anonymous(data: &Path, ecosystem: Ecosystem, name: &str) -> Vec<AnonymousCount> {
    let name = PackageName::parse(ecosystem, name).expect("a name");
    with_store(&DatabaseConfig::Sqlite { dir: data.to_owned() }, async |store| {
        store.ledger().anonymous(&name).await.expect("the ledger is read")
    })
}

/// Chance that repeats nothing, for ids.
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        out.iter_mut().rev().zip(next.iter().rev().cycle()).for_each(|(byte, value)| *byte = *value);
    }
}

/// Writes rows into the ledger of a gate that does not run: so many of each package, taken with one of the organisation's
/// tokens in the moments before the organisation was made.
pub(crate) fn fill(data: &Path, org: OrgId, packages: &[(&str, usize)]) {
    let chance = Counting(AtomicU64::new(1));
    // Ids are ordered by time: their first 48 bits are milliseconds.
    let made = i64::try_from(org.0.as_u128() >> 80).expect("48 bits");
    let who = Who::Organisation {
        org,
        token: OrgTokenId::mint(Timestamp(made), &chance),
        identifier: UserIdentifier::parse("someone@example.com").expect("an identifier"),
    };
    let total: usize = packages.iter().map(|(_, rows)| rows).sum();
    let names = packages.iter().flat_map(|(name, rows)| std::iter::repeat_n(*name, *rows));
    let entries: Vec<Entry> = names
        .enumerate()
        .map(|(n, name)| {
            let at = Timestamp(made - i64::try_from(total - n).expect("not that many"));
            let trace = Trace {
                id: EntryId::mint(at, &chance),
                who: who.clone(),
                client_name: "npm".to_owned(),
                client_version: "11.4.2".to_owned(),
                address: "192.0.2.1".to_owned(),
            };
            Entry {
                at,
                ecosystem: Ecosystem::Npm,
                name: name.to_owned(),
                version: format!("1.0.{n}"),
                file: format!("{name}-1.0.{n}.tgz"),
                outcome: Outcome::Answered,
                taker: Taker::Token(trace),
            }
        })
        .collect();
    with_store(&DatabaseConfig::Sqlite { dir: data.to_owned() }, async |store| {
        for group in entries.chunks(2048) {
            let writing: Vec<_> = group
                .iter()
                .cloned()
                .map(|entry| {
                    let store = store.clone();
                    tokio::spawn(async move { drop(store.ledger().record(entry).await.expect("written")) })
                })
                .collect();
            for one in writing {
                one.await.expect("written");
            }
        }
        while store.ledger().behind().await.expect("progress") != Some(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

fn with_store<T>(config: &DatabaseConfig, read: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(config).await.expect("the database opens");
        let found = read(&store).await;
        store.close().await;
        found
    })
}

/// Names and versions with this outcome, each once.
pub(crate) fn releases(rows: &[LedgerRow], ecosystem: Ecosystem, outcome: &str) -> Vec<(String, String)> {
    let wanted = rows.iter().filter(|row| row.ecosystem == ecosystem && row.outcome == outcome);
    let mut releases: Vec<_> = wanted.map(|row| (row.name.clone(), row.version.clone())).collect();
    releases.sort();
    releases.dedup();
    releases
}
