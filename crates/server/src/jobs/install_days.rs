//! Counts installs and refusals by day for the console: today's each minute, what is missing after the first start or a
//! pause too. Of several nodes one counts an organisation.

use std::sync::Arc;
use std::time::Duration;

use sekisho_store::{Due, StoreError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::app::App;

/// How often it looks who is due.
const LOOK: Duration = Duration::from_secs(10);
/// How often an organisation's day is counted.
const EVERY: Duration = Duration::from_secs(60);
/// But no more than this part of the time is spent on one organisation: who installs millions a day waits longer.
const SHARE: u32 = 20;

/// Runs until it is dropped.
pub async fn run(app: Arc<App>) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = once(&app).await {
            tracing::warn!("installs could not be counted by day and are counted later: {}", error.told());
        }
    }
}

/// Counts whoever is due.
pub async fn once(app: &App) -> Result<(), StoreError> {
    for due in app.store.install_days().due(app.clock.now()).await? {
        count(app, &due).await?;
    }
    Ok(())
}

async fn count(app: &App, due: &Due) -> Result<(), StoreError> {
    let days = app.store.install_days();
    let Some(mut turn) = days.begin(due, app.clock.now()).await? else { return Ok(()) };
    let mut took = Duration::ZERO;
    loop {
        let start = Instant::now();
        if days.count_next(&mut turn, app.clock.now()).await?.is_none() {
            break;
        }
        took = start.elapsed();
        // Of many days in a row, half of the time is everybody else's.
        sleep(took).await;
    }
    let now = app.clock.now();
    days.end(turn, now.plus(EVERY.max(took * SHARE)), now).await
}
