//! Follows what organisations block and allow for themselves.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;

/// Half of the second within which an entry counts everywhere: the look itself takes time too, and one may just have been
/// missed.
const LOOK: Duration = Duration::from_millis(500);

/// Runs until it is dropped.
pub async fn run(app: Arc<App>) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.follow_entries().await {
            tracing::warn!("organisations' own entries can't be followed and are looked for again: {error}");
        }
    }
}
