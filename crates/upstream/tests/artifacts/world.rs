//! A place for files, an upstream that serves them, and reading what comes out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use sekisho_core::Ecosystem;
use sekisho_upstream::artifacts::{ArtifactConfig, Artifacts, Bytestream, Digest, Place, Wanted};
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sekisho_upstream::{Client, ClientConfig, Counters, FetchError, Upstream};
use sha2::Digest as _;

use crate::common::TestClock;

pub(crate) struct World {
    pub(crate) fake: FakeUpstream,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: TestClock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) place: Place,
    pub(crate) max_kept: u64,
}

impl World {
    pub(crate) async fn new() -> World {
        World {
            fake: FakeUpstream::start().await,
            folder: tempfile::tempdir().unwrap(),
            clock: TestClock::new(),
            counters: Arc::default(),
            place: Place::Folder,
            max_kept: 1 << 30,
        }
    }

    /// As after a start of the process.
    pub(crate) fn artifacts(&self) -> Artifacts {
        let config = ClientConfig {
            system_proxy: false,
            patience: Duration::from_secs(2),
            artifact_connections: 4,
            ..ClientConfig::new("test", "test", [])
        };
        let client = Client::new(config, self.counters.clone()).unwrap();
        let config = ArtifactConfig {
            folder: self.folder.path().join("store"),
            place: self.place.clone(),
            max_kept: self.max_kept,
            max_file: 8 << 20,
            linger: Duration::from_millis(400),
        };
        Artifacts::new(client, config, Arc::new(self.clock.clone()), self.counters.clone())
    }

    /// The file `name`, which has to be `bytes`.
    pub(crate) fn wanted(&self, name: &str, bytes: &[u8]) -> Wanted {
        let upstream = Arc::new(Upstream::new(Ecosystem::Npm, &self.fake.url()).unwrap());
        let hash: String = sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        Wanted { upstream, url: self.fake.at(name), digest: Digest::from_hex([("sha256", &*hash)]) }
    }

    /// Serves a file under its name, and gives what to ask for.
    pub(crate) fn serve(&self, name: &str, bytes: &[u8]) -> Wanted {
        self.fake.on(&format!("/{name}"), Reply::ok("application/octet-stream", bytes.to_vec()));
        self.wanted(name, bytes)
    }

    pub(crate) fn files(&self, below: &str) -> Vec<std::path::PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path().is_dir() {
                    true => walk(&entry.path(), found),
                    false => found.push(entry.path()),
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.folder.path().join("store").join(below), &mut found);
        found
    }

    /// What is kept is kept after the asker was answered.
    pub(crate) async fn settled(&self, kept: u64) {
        wait_until(|| self.counters.artifacts_kept.get() == kept && self.files("tmp").is_empty()).await;
    }
}

pub(crate) async fn wait_until(mut done: impl FnMut() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain");
}

pub(crate) fn bytes(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|n| (n as u8).wrapping_mul(31).wrapping_add(seed) ^ (n >> 8) as u8).collect()
}

pub(crate) async fn all(body: Bytestream) -> Result<Vec<u8>, FetchError> {
    body.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    })
    .await
}

pub(crate) async fn download(artifacts: &Artifacts, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
    all(artifacts.download(wanted).await?.body).await
}

pub(crate) async fn kept(artifacts: &Artifacts, wanted: &Wanted) -> Option<Vec<u8>> {
    let kept = artifacts.kept(wanted).await?;
    let length = kept.length();
    Some(all(kept.read(0..length).await.unwrap()).await.unwrap())
}
