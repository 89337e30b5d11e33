//! A clock that stands still until a test moves it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::{Clock, Timestamp};

/// When tests begin: 2026-11-23T09:00:00Z.
pub const NOW: Timestamp = Timestamp(1_795_424_400_000);

/// The clock. It starts at [`NOW`].
#[derive(Debug)]
pub struct TestClock {
    at: AtomicI64,
    runs_since: OnceLock<Instant>,
}

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock { at: AtomicI64::new(NOW.0), runs_since: OnceLock::new() }
    }
}

impl TestClock {
    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.at.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Lets it run with real time from now on, for tests of waiting.
    pub fn run(&self) {
        self.runs_since.get_or_init(Instant::now);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let at = Timestamp(self.at.load(Ordering::SeqCst));
        self.runs_since.get().map_or(at, |since| at.plus(since.elapsed()))
    }
}
