//! Metadata survives: restarts, upstreams that are down, slow or flapping, bursts, and a damaged or full disk.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sekisho_testkit::{Answer, Ask, Reply, Setup, TestApp, fixtures};

const FULL: &str = "/npm/left-pad";
/// Enough of them for an abbreviated packument that is worth compressing.
const VERSIONS: [&str; 5] = ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.1.0"];

async fn started() -> TestApp {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &VERSIONS);
    app
}

fn gzip(path: &str) -> Ask {
    Ask::get(path).header("accept-encoding", "gzip")
}

fn abbreviated() -> Ask {
    gzip(FULL).header("accept", "application/vnd.npm.install-v1+json")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    inside.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Files are written behind the answers: waits until so many documents and answers lie there.
pub(crate) async fn until_stored(app: &TestApp, documents: usize, answers: usize) {
    let cache = app.app.settings.data_dir.join("cache");
    for _ in 0..500 {
        let kept = files(&cache.join("answers"));
        let all = files(&cache);
        if (all.len() - kept.len(), kept.len()) == (documents, answers)
            && !all.iter().any(|path| path.display().to_string().contains("tmp-"))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", files(&cache));
}

fn compiled(app: &TestApp) -> u64 {
    app.app.counters.compiled.get()
}

fn is_stale(answer: &Answer) -> bool {
    answer.header("cache-status").is_some_and(|status| status.contains("ttl=-") && status.contains("detail=stale"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_the_same_answers_come_at_once_though_the_upstream_is_down() {
    let mut app = started().await;
    let before = [app.ask(gzip(FULL)).await, app.ask(abbreviated()).await];
    fixtures::pypi(&app.upstream, "six", &["1.0", "1.1"]);
    let page = app.ask(gzip("/pypi/simple/six/")).await;
    until_stored(&app, 2, 3).await;
    app.upstream.stop();
    for (seconds, stale) in [(0, false), (3600, true)] {
        app.advance(seconds);
        app.restart().await;
        for (asked, was) in
            [gzip(FULL), abbreviated(), gzip("/pypi/simple/six/")].into_iter().zip([&before[0], &before[1], &page])
        {
            let now = app.ask(asked).await;
            assert_eq!((now.status, is_stale(&now)), (200, stale), "{}", now.show());
            assert_eq!((&now.body, now.header("etag")), (&was.body, was.header("etag")));
        }
        assert!(app.app.counters.shelved.get() >= 2, "the first of each name did not wait for its document");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_no_gzip_gets_the_kept_answer_decompressed() {
    let mut app = started().await;
    let plain = app.get(FULL).await;
    app.ask(gzip(FULL)).await;
    until_stored(&app, 1, 1).await;
    app.upstream.stop();
    app.restart().await;
    let now = app.get(FULL).await;
    assert_eq!((now.status, &now.body, now.header("etag")), (200, &plain.body, plain.header("etag")));
    assert_eq!(now.header("content-length"), Some(plain.body.len().to_string().as_str()));
    let head = app.ask(Ask::head(FULL)).await;
    assert_eq!(head.header("content-length"), now.header("content-length"));
    let again = app.ask(Ask::get(FULL).header("if-none-match", plain.header("etag").unwrap())).await;
    assert_eq!((again.status, app.app.counters.shelved.get() > 0), (304, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_blocked_since_does_not_come_out_of_a_kept_answer() {
    let mut app = started().await;
    app.ask(gzip(FULL)).await;
    app.ask(abbreviated()).await;
    until_stored(&app, 1, 2).await;
    app.set_malware(&[("MAL-2026-1", "pkg:npm/left-pad@1.1.0")]);
    app.restart().await;
    for asked in [gzip(FULL), abbreviated(), Ask::get(FULL)] {
        let now = app.ask(asked).await;
        assert_eq!(now.status, 200);
        let versions = now.json()["versions"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(versions, VERSIONS[..4], "{}", now.show());
    }
    assert_eq!(app.app.counters.shelved.get(), 0);
    app.set_malware(&[("MAL-2026-1", "pkg:npm/left-pad")]);
    app.restart().await;
    assert_eq!(app.ask(gzip(FULL)).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_with_advisories_is_never_answered_from_before_a_restart() {
    let mut app = Setup::default().malware("MAL-2026-1", "pkg:npm/left-pad@1.1.0").start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0", "1.1.0"]);
    app.ask(gzip(FULL)).await;
    until_stored(&app, 1, 0).await;
    app.restart().await;
    let now = app.ask(gzip(FULL)).await;
    assert_eq!((now.status, app.app.counters.shelved.get(), compiled(&app)), (200, 0, 1));
    assert!(now.json()["versions"].get("1.1.0").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_answer_on_disk_is_made_again_and_never_served() {
    let mut app = started().await;
    let before = app.ask(gzip(FULL)).await;
    until_stored(&app, 1, 1).await;
    let file = files(&app.app.settings.data_dir.join("cache/answers")).remove(0);
    let whole = std::fs::read(&file).unwrap();
    for at in [0, 40, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        std::fs::write(&file, damaged).unwrap();
        app.restart().await;
        let now = app.ask(gzip(FULL)).await;
        assert_eq!((now.status, &now.body), (200, &before.body), "byte {at}");
        until_stored(&app, 1, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_can_not_be_written_or_read_does_not_stop_serving() {
    let mut app = started().await;
    let cache = app.app.settings.data_dir.join("cache");
    std::fs::write(&cache, "a file where the folder should be").unwrap();
    assert_eq!(app.ask(gzip(FULL)).await.status, 200);
    app.restart().await;
    assert_eq!(app.ask(gzip(FULL)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_hangs_holds_nobody_longer_than_the_wait_for_a_stale_document() {
    let mut app = started().await;
    app.ask(gzip(FULL)).await;
    until_stored(&app, 1, 1).await;
    fixtures::npm_reply(&app.upstream, "left-pad", Reply::json("{}").delay(Duration::from_secs(20)));
    app.advance(3600);
    for restarted in [true, false] {
        if restarted {
            app.restart().await;
        }
        let started = Instant::now();
        let now = app.ask(gzip(FULL)).await;
        assert_eq!((now.status, is_stale(&now)), (200, true), "{}", now.show());
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flapping_upstream_never_takes_a_stored_document_away() {
    let mut app = started().await;
    let document = fixtures::packument(&app.upstream, "left-pad", &VERSIONS).to_string();
    let before = app.ask(gzip(FULL)).await;
    until_stored(&app, 1, 1).await;
    for round in 0..12 {
        let good = Reply::json(document.clone());
        let reply = match round % 6 {
            0 => Reply::status(500),
            1 => good,
            2 => Reply::dropped(),
            3 => good.delay(Duration::from_millis(800)),
            4 => good.half(),
            _ => Reply::status(429),
        };
        fixtures::npm_reply(&app.upstream, "left-pad", reply);
        app.advance(61);
        if round % 4 == 3 {
            app.restart().await;
        }
        for _ in 0..3 {
            let now = app.ask(gzip(FULL)).await;
            assert_eq!((now.status, &now.body), (200, &before.body), "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_at_a_cold_cache_is_held_and_answered() {
    let app = TestApp::start().await;
    for n in 0..100 {
        let name = format!("p{n}");
        let document = fixtures::packument(&app.upstream, &name, &["1.0.0"]).to_string();
        fixtures::npm_reply(&app.upstream, &name, Reply::json(document).delay(Duration::from_millis(50)));
    }
    let asks = (0..500).map(|n| app.ask(gzip(&format!("/npm/p{}", n % 100))));
    let answers = futures_util::future::join_all(asks).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!((0..100).all(|n| app.upstream.count(&format!("/npm/p{n}")) == 1));
}

#[tokio::test]
async fn a_new_release_is_visible_after_a_minute() {
    let app = started().await;
    assert!(app.get(FULL).await.json()["versions"].get("2.0.0").is_none());
    fixtures::npm(&app.upstream, "left-pad", &["1.1.0", "2.0.0"]);
    app.advance(60);
    assert!(app.get(FULL).await.json()["versions"].get("2.0.0").is_some());
}

#[tokio::test]
async fn how_long_a_document_is_fresh_is_the_registrys_wish_within_the_configured_bounds() {
    let app = Setup::default().set("cache.min_seconds", "20").set("cache.max_seconds", "300").start().await;
    for (name, wish, seconds) in
        [("wish", "max-age=200", 200), ("least", "no-cache", 20), ("most", "max-age=86400", 300)]
    {
        let document = fixtures::packument(&app.upstream, name, &["1.0.0"]).to_string();
        fixtures::npm_reply(&app.upstream, name, Reply::json(document).header("cache-control", wish));
        let asked = async |after: u64| {
            app.advance(after);
            assert_eq!(app.get(&format!("/npm/{name}")).await.status, 200);
            app.upstream.count(&format!("/npm/{name}"))
        };
        assert_eq!((asked(0).await, asked(seconds - 1).await, asked(1).await), (1, 1, 2), "{wish}");
    }
}
