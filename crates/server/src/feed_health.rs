//! How the advisories' sources do: the last good look at all of them, and each one's last failure. For `/readyz`, the
//! metrics and whoever sets an alarm on them; what is in force is the gate's.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_core::Timestamp;

/// What is known of the configured sources.
#[derive(Debug, Default)]
pub struct FeedHealth(Mutex<State>);

/// A moment's picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// When all sources were last looked at and in force; of an earlier run, if this one has not got there yet.
    pub last_success: Option<Timestamp>,
    /// The last look failed.
    pub failing: bool,
    /// The sources that ever failed since the start. One that lies behind a failing one is not looked at.
    pub failures: Vec<Failure>,
}

/// A source's last failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The source as the log names it; `None` where it is the server's own folder that fails.
    pub source: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub problem: String,
    /// It still fails.
    pub failing: bool,
}

impl FeedHealth {
    /// All sources are in force as they are.
    pub fn succeeded(&self, at: Timestamp) {
        let mut state = self.lock();
        state.last_success = Some(at);
        state.failing = false;
        state.failures.iter_mut().for_each(|failure| failure.failing = false);
    }

    /// A source failed, so that nothing of the rest changed either. There are as many entries as there are sources.
    pub fn failed(&self, source: Option<&str>, problem: &str, at: Timestamp) {
        let mut state = self.lock();
        state.failing = true;
        state.failures.iter_mut().for_each(|failure| failure.failing = false);
        state.failures.retain(|failure| failure.source.as_deref() != source);
        let (source, problem) = (source.map(str::to_owned), problem.to_owned());
        state.failures.push(Failure { source, at, problem, failing: true });
    }

    /// As it is now.
    pub fn state(&self) -> State {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
