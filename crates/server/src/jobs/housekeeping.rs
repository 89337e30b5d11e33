//! Small regular work: write down last uses, forget idle callers and bodies, throw away what has had its time.

use std::sync::Arc;
use std::time::Duration;

use sekisho_store::StoreError;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;

const LAST_USES: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(60);
const SWEEP: Duration = Duration::from_secs(600);
/// Rows of each sort that are thrown away at once.
const BATCH: u32 = 500;

/// Runs until it is dropped.
pub async fn run(app: Arc<App>) {
    let every = |period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut uses, mut idle, mut sweeps) = (every(LAST_USES), every(IDLE), every(SWEEP));
    loop {
        let done = tokio::select! {
            _ = uses.tick() => app.callers.write_uses().await,
            _ = idle.tick() => {
                app.limiter.forget_idle();
                app.body_files.forget_idle();
                Ok(())
            }
            _ = sweeps.tick() => sweep(&app).await,
        };
        if let Err(error) = done {
            tracing::warn!("regular work could not be done and is tried again: {error}");
        }
    }
}

async fn sweep(app: &App) -> Result<(), StoreError> {
    loop {
        let swept = app.store.maintenance().sweep(app.clock.now(), BATCH).await?;
        if swept.is_empty() {
            return Ok(());
        }
        tracing::info!(
            accounts = swept.accounts,
            tokens = swept.tokens,
            messages = swept.messages,
            logins = swept.logins,
            "old rows were removed"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
