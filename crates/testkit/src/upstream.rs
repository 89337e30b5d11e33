//! The fake upstream: scriptable per path, and as slow, broken, lying or large as a test needs it.

pub use sekisho_upstream::testing::{FakeUpstream, Reply, Seen};
