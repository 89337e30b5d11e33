//! Measures the feed with a zip of records: compiling, loading the snapshot, looking names up, memory.
//!
//! `cargo run --release -p sekisho-feed --example measure -- <file.zip> <data folder>`: the first run compiles, and
//! every run loads the snapshot. For the memory of a start without a compilation, give `load` as a third argument.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sekisho_core::blocklist::Blocklist;
use sekisho_core::{Clock, Ecosystem, PackageName, Timestamp};
use sekisho_feed::{Feed, FeedSettings, Fetch, FetchError, FetchOutcome, Refresh, Source};
use url::Url;

struct Machine(Instant);

impl Clock for Machine {
    #[expect(clippy::disallowed_methods, reason = "this program is what the clock is passed in from")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Only files are measured.
struct NoNetwork;

impl Fetch for NoNetwork {
    async fn fetch(&self, _: &Url, _: Option<&str>) -> Result<FetchOutcome, FetchError> {
        Err(FetchError("this program has no network".to_owned()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [zip, data, rest @ ..] = arguments.as_slice() else {
        return Err("usage: measure <file.zip> <data folder> [load]".into());
    };
    let settings = FeedSettings::new(vec![Source::parse(zip)?], data);
    let new_feed = || Feed::new(settings.clone(), Arc::new(Machine(Instant::now())));

    if rest.is_empty() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
        let begun = Instant::now();
        match runtime.block_on(new_feed().refresh(&NoNetwork))? {
            Refresh::Compiled(snapshot) => {
                println!("compiled and stored   {:>10.2?}", begun.elapsed());
                println!("                      {:?}", snapshot.report);
                println!("snapshot              {:>10.1} MB", megabytes(snapshot.blocklist.as_bytes().len()));
            }
            Refresh::Unchanged => return Err("nothing was compiled".into()),
        }
        println!("memory, highest       {:>10}", status("VmHWM"));
    }

    let begun = Instant::now();
    let snapshot = new_feed().load_snapshot().ok_or("there is no snapshot; run without `load` first")?;
    println!("loaded                {:>10.1?}", begun.elapsed());
    println!("memory now            {:>10}", status("VmRSS"));
    println!("memory, highest       {:>10}", status("VmHWM"));
    look_up(&snapshot.blocklist);
    Ok(())
}

/// Names that are not there, as almost all are, and names that may be.
fn look_up(list: &Blocklist) {
    for (what, prefix) in [("unknown names", "left-pad"), ("likely names", "react-node")] {
        let names: Vec<PackageName> =
            (0..250_000).filter_map(|n| PackageName::parse(Ecosystem::Npm, &format!("{prefix}-{n}")).ok()).collect();
        let begun = Instant::now();
        let found = names.iter().filter(|name| black_box(list.rules(name)).is_some()).count();
        let each = begun.elapsed().as_secs_f64() / names.len() as f64;
        println!("{what:<22}{:>10.0} look-ups/s, {found} found", 1.0 / each);
    }
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// A line of Linux's account of this process.
fn status(key: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.map_or("unknown".to_owned(), |value| value.trim().to_owned())
}
