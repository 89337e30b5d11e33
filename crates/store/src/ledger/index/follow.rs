//! Keeping the SQLite index up with the ledger, in sorted batches, on nobody's way.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::sqlite::{File, Progress, read_progress};
use crate::db::{Db, Row, sql};
use crate::error::StoreError;

/// How often it looks for new commits.
const EVERY: Duration = Duration::from_millis(250);
/// Rows of one transaction.
const BATCH: i64 = 5000;
/// Rows of one transaction while the index is built: the more, the fewer times each page is written.
const BUILD_BATCH: i64 = 100_000;
/// Commits of one transaction.
const COMMITS: i64 = 256;
/// How often commits that are in the index are forgotten. A question that read the index's progress before has long ended
/// by the next time.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// How long it waits after an error.
const PAUSE: Duration = Duration::from_secs(5);

const PROGRESS: &str = "SELECT seq, first_id, last_id, walked FROM progress";
const PUT_PROGRESS: &str = "INSERT INTO progress (one, seq, first_id, last_id, walked) VALUES (1, $1, $2, $3, $4) \
    ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, first_id = excluded.first_id, last_id = excluded.last_id, \
    walked = excluded.walked";
const ANYTHING: &str = "SELECT 1 FROM idx.progress AS p WHERE p.walked IS NOT NULL \
    OR EXISTS (SELECT 1 FROM commits WHERE seq > p.seq)";
const EMPTY_RUNS: &str = "DELETE FROM runs";
const EMPTY_KEYS: &str = "DELETE FROM keys";
const LAST_COMMIT: &str = "SELECT seq, first_id, last_id FROM ledger.commits ORDER BY seq DESC LIMIT 1";
const COMMIT: &str = "SELECT seq, first_id, last_id FROM ledger.commits WHERE seq = $1";
const NEXT_COMMITS: &str = "SELECT seq, first_id, last_id FROM ledger.commits WHERE seq > $1 ORDER BY seq LIMIT $2";
const FORGET_COMMITS: &str = "DELETE FROM commits WHERE seq < $1";
const BATCH_END: &str = "SELECT id FROM ledger.entries WHERE id >= $1 AND id <= $2 ORDER BY id LIMIT 1 OFFSET $3";
const ADD_KEYS: &str = "INSERT OR IGNORE INTO keys (kind, owner, a, b, c) \
    WITH e AS MATERIALIZED (SELECT owner_id, ecosystem, name, version, subject, outcome, \
    substr(ci, 1, instr(ci, char(10)) - 1) AS repository FROM ledger.entries WHERE id >= $1 AND id <= $2) \
    SELECT DISTINCT 1, owner_id, '', '', '' FROM e \
    UNION ALL SELECT DISTINCT 2, owner_id, ecosystem, name, version FROM e \
    UNION ALL SELECT DISTINCT 3, owner_id, subject, '', '' FROM e WHERE subject <> '' \
    UNION ALL SELECT DISTINCT 4, owner_id, repository, '', '' FROM e WHERE repository <> '' \
    UNION ALL SELECT DISTINCT 5, owner_id, '', '', '' FROM e WHERE outcome = 'refused'";
const ADD_RUNS: &str = concat!(
    "INSERT OR IGNORE INTO runs (key, id) WITH e AS MATERIALIZED (SELECT id, owner_id, ecosystem, name, version, \
     subject, outcome, substr(ci, 1, instr(ci, char(10)) - 1) AS repository FROM ledger.entries \
     WHERE id >= $1 AND id <= $2) ",
    keys_of_rows!(),
    " ORDER BY 1, 2"
);

/// The job that keeps the index up.
pub(in crate::ledger) struct Follower {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
    file: File,
}

impl Follower {
    /// Makes the index's state fit the ledger, and starts to follow.
    pub(in crate::ledger) async fn start(file: File, ledger: Db) -> Result<Follower, StoreError> {
        begin(&file).await?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(file.clone(), ledger, stopped));
        Ok(Follower { task, stop, file })
    }

    /// Ends after the batch under way.
    pub(in crate::ledger) async fn close(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the job that keeps the ledger's index ended badly");
        }
        self.file.db.close().await;
    }
}

/// Looks whether the index belongs to this ledger: the last commit that it knows must be there as it knows it. A ledger
/// that was restored from a copy has others, and the index is made anew.
async fn begin(file: &File) -> Result<(), StoreError> {
    let mut tx = file.begin().await?;
    let progress = tx.optional(sql(PROGRESS)).await?.as_ref().map(read_progress).transpose()?;
    if let Some(progress) = &progress {
        let known = tx.optional(sql(COMMIT).bind(progress.seq)).await?.as_ref().map(commit).transpose()?;
        if progress.seq == 0 || known.is_some_and(|(_, first, last)| (first, last) == (progress.first, progress.last)) {
            return Ok(());
        }
        tracing::info!("the ledger is not the one that its index was made of: the index is made anew");
    }
    tx.run(sql(EMPTY_RUNS)).await?;
    tx.run(sql(EMPTY_KEYS)).await?;
    let last = tx.optional(sql(LAST_COMMIT)).await?.as_ref().map(commit).transpose()?;
    let (seq, first, last) = last.unwrap_or((0, Uuid::nil(), Uuid::nil()));
    let any = tx.optional(sql(BATCH_END).bind(Uuid::nil()).bind(Uuid::max()).bind(0)).await?.is_some();
    put(&mut tx, &Progress { seq, first, last, walked: any.then_some(Uuid::nil()) }).await?;
    tx.commit().await
}

fn commit(row: &Row) -> Result<(i64, Uuid, Uuid), StoreError> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

async fn put(tx: &mut crate::db::Tx, progress: &Progress) -> Result<(), StoreError> {
    let put = sql(PUT_PROGRESS).bind(progress.seq).bind(progress.first).bind(progress.last).bind(progress.walked);
    tx.run(put).await.map(drop)
}

async fn run(file: File, ledger: Db, mut stopped: watch::Receiver<bool>) {
    let mut forget = (tokio::time::Instant::now() + FORGET_EVERY, 0);
    loop {
        let pause = match follow(&file).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(error = %error.told(), "the ledger's index falls behind");
                PAUSE
            }
        };
        if forget.0 <= tokio::time::Instant::now() {
            forget = (tokio::time::Instant::now() + FORGET_EVERY, forget_commits(&file, &ledger, forget.1).await);
        }
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Forgets the commits that were in the index a while ago; how far the index is now.
async fn forget_commits(file: &File, ledger: &Db, seen: i64) -> i64 {
    if let Err(error) = ledger.write(sql(FORGET_COMMITS).bind(seen)).await {
        tracing::debug!(%error, "commits that are in the ledger's index could not be forgotten");
    }
    match file.progress().await {
        Ok(Some(progress)) => progress.seq,
        _ => 0,
    }
}

/// Takes one batch in; `true` if there may be more.
async fn follow(file: &File) -> Result<bool, StoreError> {
    if file.db.optional(sql(ANYTHING)).await?.is_none() {
        return Ok(false);
    }
    let mut tx = file.begin().await?;
    let row = tx.optional(sql(PROGRESS)).await?.ok_or(StoreError::unreadable("progress of the index"))?;
    let progress = read_progress(&row)?;
    if let Some(walked) = progress.walked {
        let end = tx.optional(sql(BATCH_END).bind(walked).bind(Uuid::max()).bind(BUILD_BATCH)).await?;
        let end = end.map(|row| row.get::<Uuid>(0)).transpose()?;
        take_in(&mut tx, walked, end.unwrap_or(Uuid::max())).await?;
        put(&mut tx, &Progress { walked: end, ..progress }).await?;
        tx.commit().await?;
        return Ok(true);
    }
    let commits = tx.all(sql(NEXT_COMMITS).bind(progress.seq).bind(COMMITS)).await?;
    let commits = commits.iter().map(commit).collect::<Result<Vec<_>, _>>()?;
    let Some(&(seq, first, last)) = commits.last() else { return Ok(false) };
    let mut from = commits.iter().map(|(_, first, _)| *first).min().unwrap_or(first);
    let to = commits.iter().map(|(_, _, last)| *last).max().unwrap_or(last);
    // Almost always one batch. Many after the clock was set back: then old and new rows lie between the same ids.
    while let Some(row) = tx.optional(sql(BATCH_END).bind(from).bind(to).bind(BATCH)).await? {
        let end = row.get(0)?;
        take_in(&mut tx, from, end).await?;
        from = end;
    }
    take_in(&mut tx, from, to).await?;
    put(&mut tx, &Progress { seq, first, last, walked: None }).await?;
    tx.commit().await?;
    Ok(commits.len() as i64 == COMMITS)
}

/// Puts the rows of a range of ids in; those that are in stay so.
async fn take_in(tx: &mut crate::db::Tx, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.run(sql(ADD_KEYS).bind(from).bind(to)).await?;
    tx.run(sql(ADD_RUNS).bind(from).bind(to)).await.map(drop)
}
