//! The writer: takes what waits, commits it in one go, then answers everybody.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, watch};

use super::entry::Recorded;
use super::{Request, group};
use crate::db::Db;
use crate::error::StoreError;

/// Most entries of one commit.
const GROUP: usize = 512;

/// Writes groups until it is stopped and nothing waits any more.
pub(super) async fn run(db: Db, waiting: Arc<Mutex<mpsc::Receiver<Request>>>, mut stopped: watch::Receiver<bool>) {
    let mut requests = Vec::with_capacity(GROUP);
    loop {
        take(&waiting, &mut stopped, &mut requests).await;
        if requests.is_empty() {
            return;
        }
        write(&db, &mut requests).await;
    }
}

/// Waits for entries; none come when the ledger was closed and everything is written.
async fn take(
    waiting: &Mutex<mpsc::Receiver<Request>>,
    stopped: &mut watch::Receiver<bool>,
    requests: &mut Vec<Request>,
) {
    let mut waiting = waiting.lock().await;
    tokio::select! {
        biased;
        count = waiting.recv_many(requests, GROUP) => debug_assert_eq!(count, requests.len()),
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
            waiting.close();
            waiting.recv_many(requests, GROUP).await;
        }
    }
}

/// Commits a group and answers it. If the database refuses the group, each entry is tried alone, so that one which can't
/// be stored fails nobody else's; if it is unavailable, all get that answer at once.
async fn write(db: &Db, requests: &mut Vec<Request>) {
    match group::commit(db, requests.iter().map(|r| &r.entry)).await {
        Err(StoreError::Broken { source }) if requests.len() > 1 => {
            tracing::error!(error = %source, entries = requests.len(), "the ledger refused a group; writing it one by one");
            for request in requests.drain(..) {
                let written = group::commit(db, std::iter::once(&request.entry)).await;
                answer(request, written);
            }
        }
        written => {
            for request in requests.drain(..) {
                answer(request, written.clone());
            }
        }
    }
}

/// Hands the proof over. Whoever asked may have gone; the row stands all the same.
fn answer(Request { entry, proof }: Request, written: Result<(), StoreError>) {
    let _ = proof.send(written.map(|()| Recorded::after_commit(entry)));
}
