//! The ledger: who took which file of which release, when and from where, and what was refused.

mod entry;
mod group;
mod queries;
mod who;
mod writer;

use std::sync::Arc;

use sekisho_core::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

pub use entry::{Entry, Outcome, Recorded, Taker, Trace};
#[cfg(test)]
pub(crate) use group::statements as group_statements;
#[cfg(test)]
pub(crate) use queries::STATEMENTS;
pub use queries::{AnonymousCount, Counts, EntryFilter, LedgerRow, Usage, UsageOf};
pub use who::{Pipeline, Who};

use crate::db::{Db, Engine};
use crate::error::StoreError;

/// Requests that may wait for the writers. Whoever comes beyond waits for a place.
const WAITING: usize = 8192;
/// Writers on PostgreSQL: while one commit is synced another is filled. SQLite has one writer at a time.
const POSTGRES_WRITERS: usize = 3;

/// The ledger. Clones share its writers.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) db: Db,
    requests: mpsc::Sender<Request>,
    writers: Arc<Writers>,
}

/// An entry on its way, and where its proof goes.
struct Request {
    entry: Entry,
    proof: oneshot::Sender<Result<Recorded, StoreError>>,
}

struct Writers {
    stop: tokio::sync::watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Ledger {
    /// Starts the writers over a database whose schema is there.
    pub(crate) fn start(db: Db) -> Ledger {
        let (requests, waiting) = mpsc::channel(WAITING);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let waiting = Arc::new(Mutex::new(waiting));
        let count = match db.engine() {
            Engine::Sqlite => 1,
            Engine::Postgres => POSTGRES_WRITERS,
        };
        let tasks =
            (0..count).map(|_| tokio::spawn(writer::run(db.clone(), Arc::clone(&waiting), stopped.clone()))).collect();
        Ledger { db, requests, writers: Arc::new(Writers { stop, tasks: Mutex::new(tasks) }) }
    }

    /// Writes an entry down. When this returns, it was synced to disk: that is what [`Recorded`] proves.
    pub async fn record(&self, entry: Entry) -> Result<Recorded, StoreError> {
        let (proof, answer) = oneshot::channel();
        self.requests.send(Request { entry, proof }).await.map_err(|_| StoreError::closed())?;
        answer.await.map_err(|_| StoreError::closed())?
    }

    /// Takes no more entries, writes those that wait, answers them, and disconnects.
    pub(crate) async fn close(&self) {
        // Every clone of the ledger holds a sender, so the channel doesn't end by itself.
        self.writers.stop.send_replace(true);
        for task in self.writers.tasks.lock().await.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a writer of the ledger ended badly");
            }
        }
        self.db.close().await;
    }
}

/// The day of a moment, in days since 1970-01-01 UTC.
fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(24 * 60 * 60 * 1000)
}
