//! What the tests stand on: a running gate, a user's home, a mail server, and readers of letters and of the ledger.

pub(crate) mod feed;
pub(crate) mod gate;
pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod ledger;
pub(crate) mod letter;
pub(crate) mod person;
pub(crate) mod post;
pub(crate) mod recipes;
pub(crate) mod storage;
pub(crate) mod upstreams;
pub(crate) mod wire;

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The Python tools of the tests: pip, uv and the mail server.
pub(crate) fn tools() -> PathBuf {
    let bin = root().join(".test/venv/bin");
    assert!(bin.join("uv").exists(), "uv is not in .test/venv: run `make tools` first");
    std::fs::canonicalize(bin).expect("a folder that exists")
}

/// Asks again and again until there is something.
pub(crate) fn wait_for<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < within, "waited {within:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
