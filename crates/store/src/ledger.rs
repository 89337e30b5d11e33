//! The ledger: who took which file of which release, when and from where, and what was refused.

mod count;
mod entry;
mod group;
mod index;
mod months;
mod person;
mod queries;
mod question;
mod retention;
mod who;
mod writer;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

#[cfg(test)]
pub(crate) use count::STATEMENTS as COUNT_STATEMENTS;
pub(crate) use count::{DayCounts, day, day_start};
pub use entry::{Entry, Outcome, Recorded, Taker, Trace};
#[cfg(test)]
pub(crate) use group::statements as group_statements;
#[cfg(test)]
pub(crate) use index::POSTGRES_STATEMENTS;
pub use person::PersonRows;
#[cfg(test)]
pub(crate) use person::STATEMENTS as PERSON_STATEMENTS;
#[cfg(test)]
pub(crate) use queries::STATEMENTS;
pub(crate) use queries::ecosystem;
pub use queries::{AnonymousCount, Counts, EntryFilter, LedgerRow, MOST_COUNTED, Recent, Usage, UsageOf};
pub(crate) use question::id_at;
pub use question::{Holds, Page, Question, Walk};
pub use retention::{Retention, Round};
pub use who::{Pipeline, Who};

pub(crate) use self::index::FILE as INDEX_FILE;
use self::index::{Follower, Index};
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
    index: Index,
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
    follower: Mutex<Option<Follower>>,
}

impl Ledger {
    /// Starts the writers over a database whose schema is there. On SQLite, `dir` is the folder of the ledger's `file`, and
    /// the index lies beside it.
    pub(crate) async fn start(db: Db, files: Option<(&Path, &Path)>) -> Result<Ledger, StoreError> {
        let (index, follower) = match files {
            Some((dir, ledger)) => {
                let file = index::File::open(dir, ledger).await?;
                (Index::Sqlite(file.clone()), Some(Follower::start(file, db.clone()).await?))
            }
            None => (Index::Postgres(db.clone()), None),
        };
        let (requests, waiting) = mpsc::channel(WAITING);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let waiting = Arc::new(Mutex::new(waiting));
        let count = match db.engine() {
            Engine::Sqlite => 1,
            Engine::Postgres => POSTGRES_WRITERS,
        };
        let tasks =
            (0..count).map(|_| tokio::spawn(writer::run(db.clone(), Arc::clone(&waiting), stopped.clone()))).collect();
        let writers = Writers { stop, tasks: Mutex::new(tasks), follower: Mutex::new(follower) };
        Ok(Ledger { db, index, requests, writers: Arc::new(writers) })
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
        if let Some(follower) = self.writers.follower.lock().await.take() {
            follower.close().await;
        }
        self.db.close().await;
    }
}
