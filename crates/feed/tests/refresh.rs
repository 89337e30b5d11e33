//! Loading, refreshing, and what stays when something fails.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Answer, NOW, TestFeed, record, refused_by, zip};
use sekisho_feed::{FetchError, Refresh, Source};

const ADDRESS: &str = "https://feed.example/all.zip?token=secret";

fn one() -> String {
    record("MAL-1", "a", "1.0.0")
}

fn two() -> String {
    record("MAL-2", "b", "1.0.0")
}

async fn unchanged(feed: &TestFeed) -> bool {
    matches!(feed.refresh().await, Ok(Refresh::Unchanged))
}

#[tokio::test]
async fn a_source_that_is_away_or_empty_loads_nothing() {
    let feed = TestFeed::new(&["feed"]);
    assert!(feed.feed.is_configured());
    assert!(feed.feed.load_snapshot().is_none(), "nothing was ever loaded");
    assert!(feed.failed().await.starts_with("feed: "), "the folder is not there");
    assert!(feed.feed.load_snapshot().is_none());

    fs::create_dir(feed.path("feed")).unwrap();
    let empty = "feed: it holds no record (0 before); name the place of the OSV files, or take it out of feed.sources";
    assert_eq!(feed.failed().await, empty, "an empty folder is a wrong one");
    assert!(feed.feed.load_snapshot().is_none());
}

#[tokio::test]
async fn without_sources_nothing_is_loaded() {
    let feed = TestFeed::new(&[]);
    assert!(!feed.feed.is_configured());
    assert!(unchanged(&feed).await);
    assert!(feed.feed.load_snapshot().is_none());
}

#[tokio::test]
async fn a_start_uses_the_snapshot_of_the_last_run() {
    let mut feed = TestFeed::new(&["feed"]);
    feed.write("feed/1.json", one());
    let compiled = feed.compiled().await;
    feed.restart(|_| {});
    let loaded = feed.feed.load_snapshot().unwrap();
    assert_eq!(loaded.blocklist.digest(), compiled.blocklist.digest());
    assert_eq!((loaded.compiled_at, &loaded.report), (NOW, &compiled.report));
    assert_eq!(refused_by(&loaded.blocklist, "pkg:npm/a@1.0.0"), ["MAL-1"]);
    assert!(unchanged(&feed).await, "nothing changed since");
    feed.restart(|_| {});
    assert!(
        matches!(feed.refresh().await, Ok(Refresh::Compiled(_))),
        "without the snapshot there is nothing to compare"
    );
}

#[tokio::test]
async fn a_snapshot_of_other_settings_is_absent() {
    let mut feed = TestFeed::new(&["feed"]);
    feed.write("feed/1.json", one());
    feed.compiled().await;
    feed.restart(|settings| settings.prefixes.push("GHSA-".to_owned()));
    assert!(feed.feed.load_snapshot().is_none());
    feed.restart(|settings| drop(settings.prefixes.pop()));
    assert!(feed.feed.load_snapshot().is_some());
    feed.restart(|settings| settings.sources.push(Source::Path("more".into())));
    assert!(feed.feed.load_snapshot().is_none());
}

#[tokio::test]
async fn a_damaged_snapshot_is_absent() {
    let feed = TestFeed::new(&["feed"]);
    feed.write("feed/1.json", one());
    feed.compiled().await;
    let good = fs::read(feed.snapshot_path()).unwrap();
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(feed.snapshot_path(), bytes).unwrap();
        assert!(feed.feed.load_snapshot().is_none(), "changed at {place}");
    }
    for length in 0..good.len() {
        fs::write(feed.snapshot_path(), &good[..length]).unwrap();
        assert!(feed.feed.load_snapshot().is_none(), "cut at {length}");
    }
    fs::write(feed.snapshot_path(), &good).unwrap();
    assert!(feed.feed.load_snapshot().is_some());
}

#[tokio::test]
async fn a_snapshot_of_another_format_is_absent_and_its_sources_are_compiled_anew() {
    let mut feed = TestFeed::new(&["feed"]);
    feed.write("feed/1.json", one());
    feed.compiled().await;
    let good = fs::read(feed.snapshot_path()).unwrap();
    let begin = good.windows(8).position(|bytes| bytes == b"sekiblk\n").unwrap();
    let mut older = good.clone();
    older[begin + 8] = 2;
    fs::write(feed.snapshot_path(), older).unwrap();
    feed.restart(|_| {});
    assert!(feed.feed.load_snapshot().is_none());
    assert_eq!(refused_by(&feed.compiled().await.blocklist, "pkg:npm/a@1.0.0"), ["MAL-1"]);
    assert_eq!(fs::read(feed.snapshot_path()).unwrap()[begin..], good[begin..]);
}

#[tokio::test]
async fn new_changed_and_removed_records_are_seen() {
    let feed = TestFeed::new(&["feed"]);
    feed.write("feed/npm/1.json", one());
    feed.write("feed/.git/objects/x.json", "no record");
    feed.compiled().await;
    assert!(unchanged(&feed).await);
    feed.write("feed/README.md", "no record");
    assert!(unchanged(&feed).await);

    feed.write("feed/npm/2.json", two());
    assert_eq!(feed.compiled().await.blocklist.records(), 2);
    feed.write("feed/npm/2.json", record("MAL-2", "b", "2.0.0"));
    assert_eq!(refused_by(&feed.compiled().await.blocklist, "pkg:npm/b@2.0.0"), ["MAL-2"]);
    fs::remove_file(feed.path("feed/npm/1.json")).unwrap();
    assert_eq!(feed.compiled().await.blocklist.records(), 1);
    assert!(unchanged(&feed).await);
}

#[tokio::test]
async fn a_source_that_fails_leaves_the_last_good_snapshot() {
    let feed = TestFeed::new(&["feed"]);
    feed.write("feed/1.json", one());
    let good = feed.compiled().await.blocklist.digest();
    feed.write("feed/2.json", "{\"id\":");
    assert_eq!(feed.failed().await, "feed: 2.json: EOF while parsing a value at line 1 column 6");
    assert_eq!(feed.feed.load_snapshot().unwrap().blocklist.digest(), good);
    assert_eq!(feed.failed().await, "feed: 2.json: EOF while parsing a value at line 1 column 6", "it is said again");
    feed.write("feed/2.json", two());
    assert_eq!(feed.compiled().await.blocklist.records(), 2);
}

#[tokio::test]
async fn a_source_that_suddenly_holds_nothing_has_failed() {
    let mut feed = TestFeed::new(&["feed"]);
    feed.write("feed/1.json", one());
    feed.compiled().await;
    fs::remove_file(feed.path("feed/1.json")).unwrap();
    let expected =
        "feed: it holds no record (1 before); name the place of the OSV files, or take it out of feed.sources";
    assert_eq!(feed.failed().await, expected);
    feed.restart(|_| {});
    assert_eq!(feed.feed.load_snapshot().unwrap().blocklist.records(), 1);
    assert_eq!(feed.failed().await, expected);
}

#[tokio::test]
async fn several_sources_make_one_list() {
    let feed = TestFeed::new(&["feed", "more.json", "feed.zip", ADDRESS]);
    feed.write("feed/1.json", one());
    feed.write("more.json", format!("[{},{}]", one(), two()));
    feed.write("feed.zip", zip(&[("3.json", &record("MAL-3", "a", "1.0.0"))]));
    feed.client.zip("\"v1\"", zip(&[("4.json", &record("MAL-4", "d", "1.0.0"))]));
    let snapshot = feed.compiled().await;
    assert_eq!(refused_by(&snapshot.blocklist, "pkg:npm/a@1.0.0"), ["MAL-1", "MAL-3"]);
    assert_eq!((snapshot.report.records, snapshot.report.names), (4, 3));
    let read: Vec<u64> = snapshot.report.sources.iter().map(|source| source.read).collect();
    assert_eq!(read, [1, 2, 1, 1]);
    assert_eq!(snapshot.report.sources[3].source, "https://feed.example/all.zip");
}

#[tokio::test]
async fn an_address_is_asked_by_its_etag() {
    let mut feed = TestFeed::new(&[ADDRESS]);
    feed.client.zip("\"v1\"", zip(&[("1.json", &one())]));
    feed.compiled().await;
    feed.client.answers(Ok(Answer::NotModified));
    assert!(unchanged(&feed).await);
    feed.restart(|_| {});
    feed.feed.load_snapshot().unwrap();
    feed.client.answers(Ok(Answer::NotModified));
    assert!(unchanged(&feed).await, "the ETag outlives the process");
    feed.client.zip("\"v2\"", zip(&[("1.json", &one()), ("2.json", &two())]));
    assert_eq!(feed.compiled().await.blocklist.records(), 2);
    let v1 = || Some("\"v1\"".to_owned());
    assert_eq!(feed.client.conditions(), [None, v1(), v1(), v1()]);
}

#[tokio::test]
async fn an_address_without_etags_is_compared_by_its_bytes() {
    let feed = TestFeed::new(&[ADDRESS]);
    let same = || Ok(Answer::Body(None, vec![Ok(zip(&[("1.json", &one())]))]));
    feed.client.answers(same());
    feed.compiled().await;
    feed.client.answers(same());
    assert!(unchanged(&feed).await);
}

#[tokio::test]
async fn a_broken_transfer_leaves_what_was_there() {
    let feed = TestFeed::new(&[ADDRESS]);
    feed.client.zip("\"v1\"", zip(&[("1.json", &one())]));
    feed.compiled().await;
    for broken in [
        Err(FetchError("no route".to_owned())),
        Ok(Answer::Body(Some("\"v2\""), vec![Ok(b"PK".to_vec()), Err(FetchError("connection reset".to_owned()))])),
    ] {
        feed.client.answers(broken);
        let message = feed.failed().await;
        assert!(message.starts_with("https://feed.example/all.zip: ") && !message.contains("secret"), "{message}");
    }
    feed.client.answers(Ok(Answer::NotModified));
    assert!(unchanged(&feed).await);
    let left: Vec<_> = fs::read_dir(feed.path("data/feed")).unwrap().collect();
    assert_eq!(left.len(), 3, "a zip, its ETag, the snapshot: {left:?}");
}

#[tokio::test]
async fn a_zip_that_cannot_be_read_is_asked_for_anew() {
    let feed = TestFeed::new(&[ADDRESS]);
    feed.client.zip("\"bad\"", b"<html>maintenance</html>".to_vec());
    assert!(feed.failed().await.starts_with("https://feed.example/all.zip: not a zip"));
    feed.client.zip("\"good\"", zip(&[("1.json", &one())]));
    assert_eq!(feed.compiled().await.blocklist.records(), 1);
    assert_eq!(feed.client.conditions(), [None, None]);
}

#[tokio::test]
async fn a_304_to_an_unconditional_request_is_an_error() {
    let feed = TestFeed::new(&[ADDRESS]);
    feed.client.answers(Ok(Answer::NotModified));
    assert!(feed.failed().await.contains("304"));
}

#[cfg(unix)]
#[tokio::test]
async fn links_to_files_count_and_links_to_folders_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let feed = TestFeed::new(&["feed"]);
    feed.write("elsewhere/1.json", one());
    fs::create_dir(feed.path("feed")).unwrap();
    symlink(feed.path("elsewhere/1.json"), feed.path("feed/linked.json")).unwrap();
    symlink(feed.path("feed"), feed.path("feed/circle")).unwrap();
    assert_eq!(feed.compiled().await.blocklist.records(), 1);
    symlink(feed.path("nowhere"), feed.path("feed/dangling.json")).unwrap();
    assert!(feed.failed().await.starts_with("feed: dangling.json: "));
}

#[tokio::test]
async fn folders_nested_without_end_are_refused() {
    let feed = TestFeed::new(&["feed"]);
    feed.write(&format!("feed/{}1.json", "d/".repeat(32)), one());
    assert_eq!(feed.compiled().await.blocklist.records(), 1);
    feed.write(&format!("feed/{}1.json", "d/".repeat(33)), one());
    assert!(feed.failed().await.ends_with("folders are nested too deep"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_list_that_cannot_be_stored_still_protects() {
    let feed = TestFeed::new(&["feed"]);
    feed.write("feed/1.json", one());
    fs::create_dir_all(feed.snapshot_path().join("in-the-way")).unwrap();
    let snapshot = feed.compiled().await;
    assert_eq!(snapshot.blocklist.records(), 1);
    assert!(snapshot.report.notes.iter().any(|note| note.contains("could not be stored")));
}
