//! The machine's clock and its random generator: the only place where the server touches the ambient ones.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sekisho_core::{Clock, Random, Timestamp};

/// The machine's clock; its monotonic side does not follow an operator who sets the time.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock that counts its monotonic time from now.
    pub fn new() -> SystemClock {
        SystemClock { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The operating system's random generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[allow(clippy::disallowed_methods, reason = "this is the generator that everybody else is given")]
    fn fill(&self, out: &mut [u8]) {
        // Without randomness no token may be made: ending the process is the only safe answer.
        getrandom::fill(out).expect("the operating system gives random bytes");
    }
}
