//! Forgetting rows of the ledger that have had their time, and making the tables of the months to come.

use std::sync::Arc;
use std::time::Duration;

use sekisho_store::{Retention, StoreError};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::app::App;

const EVERY: Duration = Duration::from_secs(60 * 60);
/// How long a node waits for another's round, which may end with that node, before it looks whether something is left.
const WHILE_ANOTHER: Duration = Duration::from_secs(30);
/// Rows of one batch. On SQLite an install waits for it, as for one more group.
const BATCH: u32 = 200;
/// Between two batches.
const PAUSE: Duration = Duration::from_millis(50);
/// After a batch for which the database had no time, and how many such batches in a row end the round.
const LONG_PAUSE: Duration = Duration::from_secs(2);
const TRIES: u32 = 30;

/// Runs until it is dropped.
pub async fn run(app: Arc<App>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match once(&app).await {
                Ok(Some(0)) => {}
                Ok(Some(rows)) => tracing::info!(rows, "rows of the ledger that had their time were removed"),
                Ok(None) => {
                    tracing::debug!("another node tidies the ledger");
                    sleep(WHILE_ANOTHER).await;
                    continue;
                }
                Err(error) => tracing::warn!("the ledger could not be tidied and is tidied later: {}", error.told()),
            }
            break;
        }
    }
}

/// One round; how many rows were forgotten one by one, and none if it is another node's turn.
pub async fn once(app: &App) -> Result<Option<u64>, StoreError> {
    let ledger = app.store.ledger();
    ledger.make_months(app.clock.now()).await?;
    let own = app.store.organisations().retention_days().await?.into_iter();
    let own = own.filter_map(|(org, days)| u32::try_from(days).ok().map(|days| (org, days)));
    let retention = Retention { days: app.settings.ledger.retention_days, own: own.collect() };
    ledger.drop_months(&retention, app.clock.now()).await?;
    app.store.install_days().forget(&retention, app.clock.now()).await?;
    let Some(mut round) = ledger.begin_forgetting(&retention, app.clock.now()).await? else {
        return Ok(None);
    };
    let (mut forgotten, mut failed) = (0, 0);
    loop {
        match ledger.forget(&mut round, BATCH).await {
            Ok(None) => return Ok(Some(forgotten)),
            Ok(Some(rows)) => (forgotten, failed) = (forgotten + rows, 0),
            Err(error) if error.is_unavailable() && failed < TRIES => {
                failed += 1;
                sleep(LONG_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
        sleep(PAUSE).await;
    }
}
