//! What the feed's tests stand on: a folder of their own, a clock that stands still, an outgoing client that answers
//! what a test tells it to.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sekisho_core::blocklist::Blocklist;
use sekisho_core::policy::Verdict;
use sekisho_core::{Clock, PackageUrl, Timestamp};
use sekisho_feed::{Feed, FeedError, FeedSettings, Fetch, FetchError, FetchOutcome, Refresh, Snapshot, Source};
use tempfile::TempDir;
use url::Url;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const NOW: Timestamp = Timestamp(1_795_424_400_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Answers requests in order and notes what was asked.
#[derive(Default)]
pub(crate) struct Client {
    answers: Mutex<VecDeque<Result<Answer, FetchError>>>,
    asked: Mutex<Vec<(String, Option<String>)>>,
}

/// An answer: an ETag and the body's pieces, or 304.
pub(crate) enum Answer {
    NotModified,
    Body(Option<&'static str>, Vec<Result<Vec<u8>, FetchError>>),
}

impl Client {
    pub(crate) fn answers(&self, answer: Result<Answer, FetchError>) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) fn zip(&self, etag: &'static str, bytes: Vec<u8>) {
        self.answers(Ok(Answer::Body(Some(etag), bytes.chunks(100).map(|chunk| Ok(chunk.to_vec())).collect())));
    }

    /// The ETags that requests were made with.
    pub(crate) fn conditions(&self) -> Vec<Option<String>> {
        self.asked.lock().unwrap().iter().map(|(_, etag)| etag.clone()).collect()
    }
}

impl Fetch for Client {
    async fn fetch(&self, url: &Url, etag: Option<&str>) -> Result<FetchOutcome, FetchError> {
        self.asked.lock().unwrap().push((url.to_string(), etag.map(str::to_owned)));
        match self.answers.lock().unwrap().pop_front().expect("a request that no test planned")? {
            Answer::NotModified => Ok(FetchOutcome::NotModified),
            Answer::Body(etag, pieces) => {
                let pieces = pieces.into_iter().map(|piece| piece.map(bytes::Bytes::from));
                let body = Box::pin(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
                Ok(FetchOutcome::Fetched { etag: etag.map(str::to_owned), body })
            }
        }
    }
}

/// A feed over a fresh folder.
pub(crate) struct TestFeed {
    pub(crate) folder: TempDir,
    pub(crate) client: Client,
    pub(crate) feed: Feed,
    settings: FeedSettings,
}

impl TestFeed {
    /// `sources` are paths below the folder, or addresses.
    pub(crate) fn new(sources: &[&str]) -> TestFeed {
        let folder = TempDir::new().unwrap();
        let source = |text: &&str| match text.contains("://") {
            true => Source::parse(text).unwrap(),
            false => Source::Path(folder.path().join(text)),
        };
        let settings = FeedSettings::new(sources.iter().map(source).collect(), folder.path().join("data"));
        let feed = Feed::new(settings.clone(), Arc::new(Still));
        TestFeed { client: Client::default(), feed, settings, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn snapshot_path(&self) -> PathBuf {
        self.path("data/feed/snapshot")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        write(&self.path(name), content);
    }

    /// The next start by other settings.
    pub(crate) fn restart(&mut self, change: impl FnOnce(&mut FeedSettings)) {
        change(&mut self.settings);
        self.feed = Feed::new(self.settings.clone(), Arc::new(Still));
    }

    pub(crate) async fn refresh(&self) -> Result<Refresh, FeedError> {
        sendable(self.feed.refresh(&self.client)).await
    }

    /// A refresh that compiles.
    pub(crate) async fn compiled(&self) -> Snapshot {
        match self.refresh().await.unwrap() {
            Refresh::Compiled(snapshot) => snapshot,
            Refresh::Unchanged => panic!("nothing was compiled"),
        }
    }

    /// A refresh that fails; its message, with this test's folder left out.
    pub(crate) async fn failed(&self) -> String {
        match self.refresh().await {
            Err(error) => error.to_string().replace(&format!("{}/", self.folder.path().display()), ""),
            Ok(_) => panic!("it did not fail"),
        }
    }
}

/// A server refreshes in a task of its own.
fn sendable<T: Send>(future: T) -> T {
    future
}

pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A record about an npm package with one version.
pub(crate) fn record(id: &str, name: &str, version: &str) -> String {
    format!(
        r#"{{"id":"{id}","affected":[{{"package":{{"ecosystem":"npm","name":"{name}"}},"versions":["{version}"]}}]}}"#
    )
}

/// A zip of these entries.
pub(crate) fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The ids of the records that refuse a release; the reason, if none does and it is refused.
pub(crate) fn refused_by(list: &Blocklist, purl: &str) -> Vec<String> {
    let purl = PackageUrl::parse(purl).unwrap();
    match list.rules(&purl.name).map(|rules| rules.decide(&purl.version.unwrap())) {
        None | Some(Verdict::Allow) => Vec::new(),
        Some(Verdict::Refuse(refusal)) if refusal.advisories.is_empty() => vec![refusal.reason.as_str().to_owned()],
        Some(Verdict::Refuse(refusal)) => refusal.advisories,
    }
}
