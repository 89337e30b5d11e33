//! A cache over a fake upstream, with a clock that the test moves.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sekisho_core::{Clock, Ecosystem, PackageName, Timestamp};
use sekisho_upstream::testing::FakeUpstream;
use sekisho_upstream::{
    CacheConfig, CacheParts, Client, ClientConfig, Counters, Document, MetadataCache, Private, RawDocument, Routes,
    SourceState, Upstream,
};
use tokio::sync::watch;

/// A clock that the test moves.
#[derive(Clone)]
pub struct TestClock(pub Arc<AtomicI64>);

impl TestClock {
    pub fn new() -> TestClock {
        TestClock(Arc::new(AtomicI64::new(1_795_424_400_000)))
    }

    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// JSON texts only; `"panic"` panics.
#[derive(Debug)]
pub struct Text(pub String);

impl Document for Text {
    fn compile(_: &PackageName, fetched: &RawDocument) -> Result<Self, String> {
        let text = String::from_utf8(fetched.body.to_vec()).map_err(|_| "not UTF-8")?;
        assert_ne!(text, "\"panic\"");
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        Ok(Text(value.to_string()))
    }

    fn weight(&self) -> usize {
        self.0.len()
    }
}

pub struct World {
    pub fake: FakeUpstream,
    pub clock: TestClock,
    pub counters: Arc<Counters>,
    pub data: tempfile::TempDir,
    pub config: CacheConfig,
    pub source: watch::Sender<SourceState>,
    pub private: Vec<Private>,
}

impl World {
    pub async fn new() -> World {
        let fake = FakeUpstream::start().await;
        let ready = SourceState::Ready(Arc::new(Upstream::new(Ecosystem::Npm, &fake.url()).unwrap()));
        World {
            fake,
            clock: TestClock::new(),
            counters: Arc::default(),
            data: tempfile::tempdir().unwrap(),
            config: CacheConfig { stale_wait: Duration::from_millis(100), ..CacheConfig::default() },
            source: watch::Sender::new(ready),
            private: Vec::new(),
        }
    }

    /// A cache as it is after a start.
    pub fn start(&self) -> MetadataCache<Text> {
        let patience = Duration::from_millis(400);
        let config = ClientConfig { system_proxy: false, patience, ..ClientConfig::new("0", "x", []) };
        MetadataCache::new(CacheParts {
            ecosystem: Ecosystem::Npm,
            routes: Routes::new(self.source.subscribe(), self.private.clone()),
            patience,
            client: Client::new(config, self.counters.clone()).unwrap(),
            clock: Arc::new(self.clock.clone()),
            folder: Some(self.data.path().to_owned()),
            config: self.config.clone(),
            counters: self.counters.clone(),
        })
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The files of stored documents.
    pub fn stored(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
            }
        }
        let mut found = Vec::new();
        walk(self.data.path(), &mut found);
        found
    }

    /// Writing happens off the request's path: waits until it is done.
    pub async fn until_stored(&self, files: usize) {
        for _ in 0..200 {
            if self.stored().len() == files && !self.stored().iter().any(|p| p.display().to_string().contains("tmp-")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.stored());
    }
}

pub fn name(text: &str) -> PackageName {
    PackageName::parse(Ecosystem::Npm, text).unwrap()
}
