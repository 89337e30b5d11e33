//! Reads the ledger of a gate, beside it or after its death.

use std::path::Path;

use sekisho_core::{Ecosystem, PackageName};
use sekisho_store::{AnonymousCount, DatabaseConfig, EntryFilter, LedgerRow, Store};

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
