//! Files through the server: passed on or kept, whole or in part, and never without the gate and the ledger.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_core::Ecosystem;
use sekisho_testkit::{Answer, Ask, FakeUpstream, Reply, Setup, TestApp, fixtures};
use serde_json::json;
use sha2::{Digest, Sha256, Sha512};

use crate::support::assert_problem;

const TARBALL: &str = "/npm/left-pad/-/left-pad-1.0.0.tgz";
const WHEEL: &str = "/pypi/files/flask/flask-1.0-py3-none-any.whl";
/// The two files, and where the fake upstream has them.
pub(crate) const FILES: [(&str, &str); 2] =
    [(TARBALL, "/npm/left-pad/-/left-pad-1.0.0.tgz"), (WHEEL, "/files/flask-1.0-py3-none-any.whl")];
const MODES: [&str; 2] = ["stream", "cache"];

pub(crate) fn content() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Documents of both registries that give the hashes of `content`.
pub(crate) fn documents(upstream: &FakeUpstream, content: &[u8]) {
    let mut packument = fixtures::packument(upstream, "left-pad", &["1.0.0"]);
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(content)));
    packument["versions"]["1.0.0"]["dist"]["integrity"] = json!(integrity);
    fixtures::npm_document(upstream, "left-pad", &packument.to_string());
    let mut page = fixtures::page(upstream, "flask", &["1.0"]);
    let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    page["files"][0]["hashes"] = json!({ "sha256": hash });
    fixtures::pypi_document(upstream, "flask", &page.to_string());
}

pub(crate) fn serve(upstream: &FakeUpstream, reply: impl Fn() -> Reply) {
    FILES.iter().for_each(|(_, path)| upstream.on(path, reply()));
}

async fn started(mode: &str) -> TestApp {
    let app = Setup::default().set("artifacts.mode", mode).set("artifacts.max_file_mb", "1").start().await;
    documents(&app.upstream, &content());
    serve(&app.upstream, || Reply::ok("text/html", content()).ranges());
    app
}

/// What is kept is kept after the asker was answered.
pub(crate) async fn until_kept(app: &TestApp, files: u64) {
    for _ in 0..500 {
        if app.app.counters.artifacts_kept.get() == files {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing was kept");
}

/// Both files, downloaded and kept where the mode is to keep.
pub(crate) async fn warmed(mode: &str) -> TestApp {
    let app = started(mode).await;
    for (path, _) in FILES {
        assert_eq!(app.get(path).await.status, 200);
    }
    if mode == "cache" {
        until_kept(&app, 2).await;
    }
    app
}

#[track_caller]
fn assert_bytes(answer: &Answer, status: u16, bytes: &[u8]) {
    assert_eq!(answer.status, status, "{:?}", answer.headers);
    assert!(answer.body == bytes, "{} bytes instead of {}", answer.body.len(), bytes.len());
    assert_eq!(answer.header("content-length"), Some(&*bytes.len().to_string()));
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"), "never what a registry says");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    assert_eq!(answer.header("location"), None);
    let tag = answer.header("etag").expect("a tag");
    assert!(tag.starts_with("\"sha"), "{tag}");
}

#[tokio::test]
async fn a_file_comes_through_the_server_and_is_recorded() {
    for mode in MODES {
        let app = started(mode).await;
        let person = app.register("you@example.com").await;
        for (path, upstream) in FILES {
            for round in 1..=2 {
                let before = app.ledger().await.len();
                assert_bytes(&app.ask(Ask::get(path).bearer(&person.key)).await, 200, &content());
                let rows = app.ledger().await;
                assert_eq!(rows.len(), before + 1, "{mode} {path}");
                assert_eq!(rows[0].outcome, "answered");
                let asked = if mode == "cache" { 1 } else { round };
                assert_eq!(app.upstream.count(upstream), asked, "{mode} {path}");
                if mode == "cache" {
                    until_kept(&app, if path == TARBALL { 1 } else { 2 }).await;
                }
            }
        }
        let sent = app.upstream.requests();
        let files: Vec<_> = sent.iter().filter(|seen| FILES.iter().any(|(_, path)| *path == seen.path)).collect();
        for seen in files {
            assert_eq!(seen.headers["accept-encoding"], "identity");
            assert!(!seen.headers.contains_key("authorization"), "a caller's key went to the upstream");
        }
    }
}

#[tokio::test]
async fn a_head_tells_size_and_tag_takes_nothing_and_leaves_no_row() {
    for mode in MODES {
        for app in [started(mode).await, warmed(mode).await] {
            let person = app.register("you@example.com").await;
            for (path, _) in FILES {
                let answer = app.ask(Ask::head(path).bearer(&person.key)).await;
                assert_eq!(answer.status, 200);
                assert_eq!(answer.header("content-length"), Some("300000"));
                assert_eq!(answer.header("accept-ranges"), Some("bytes"));
                assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
                assert_eq!(answer.header("etag"), app.get(path).await.header("etag"));
            }
            assert!(app.ledger().await.is_empty());
        }
    }
}

#[tokio::test]
async fn a_range_is_answered_from_the_upstream_and_from_what_is_kept_alike() {
    let content = content();
    for mode in MODES {
        for app in [started(mode).await, warmed(mode).await] {
            for (path, _) in FILES {
                for (range, part, shown) in [
                    ("bytes=0-0", 0..1, "bytes 0-0/300000"),
                    ("bytes=100-199999", 100..200_000, "bytes 100-199999/300000"),
                    ("bytes=299990-", 299_990..300_000, "bytes 299990-299999/300000"),
                    ("bytes=-10000", 290_000..300_000, "bytes 290000-299999/300000"),
                    ("bytes=299999-9999999", 299_999..300_000, "bytes 299999-299999/300000"),
                ] {
                    let answer = app.ask(Ask::get(path).header("range", range)).await;
                    assert_bytes(&answer, 206, &content[part]);
                    assert_eq!(answer.header("content-range"), Some(shown), "{mode} {path}");
                }
                let beyond = app.ask(Ask::get(path).header("range", "bytes=300000-")).await;
                assert_eq!(beyond.status, 416, "{mode} {path}");
                assert_eq!(beyond.header("content-range"), Some("bytes */300000"));
                assert!(beyond.body.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn several_ranges_a_broken_one_or_another_file_s_get_the_whole() {
    for mode in MODES {
        for app in [started(mode).await, warmed(mode).await] {
            for (path, _) in FILES {
                for range in ["bytes=0-1,5-6", "bytes=9-1", "pages=1-2", "bytes=x-"] {
                    assert_bytes(&app.ask(Ask::get(path).header("range", range)).await, 200, &content());
                }
                let tag = app.ask(Ask::head(path)).await.header("etag").unwrap().to_owned();
                for (condition, status) in [(tag.as_str(), 206), ("\"another\"", 200)] {
                    let ask = Ask::get(path).header("range", "bytes=0-9").header("if-range", condition);
                    assert_eq!(app.ask(ask).await.status, status, "{mode} {path} {condition}");
                }
            }
        }
    }
}

#[tokio::test]
async fn who_has_the_file_gets_304_and_a_row_and_the_upstream_is_not_asked() {
    for mode in MODES {
        let app = warmed(mode).await;
        let person = app.register("you@example.com").await;
        for (path, upstream) in FILES {
            let tag = app.ask(Ask::head(path)).await.header("etag").unwrap().to_owned();
            let (asked, before) = (app.upstream.count(upstream), app.ledger().await.len());
            let ask = || Ask::get(path).bearer(&person.key);
            let answer = app.ask(ask().header("if-none-match", &tag)).await;
            assert_eq!((answer.status, answer.body.len()), (304, 0));
            assert_eq!(answer.header("etag"), Some(&*tag));
            assert_eq!(app.ledger().await.len(), before + 1);
            assert_eq!(app.upstream.count(upstream), asked);
            assert_eq!(app.ask(ask().header("if-none-match", "\"another\"")).await.status, 200);
        }
    }
}

fn ways(path: &str, tag: &str) -> [Ask; 5] {
    [
        Ask::get(path),
        Ask::head(path),
        Ask::get(path).header("range", "bytes=0-3"),
        Ask::get(path).header("range", "bytes=-3"),
        Ask::get(path).header("if-none-match", tag),
    ]
}

#[tokio::test]
async fn what_turned_bad_after_it_was_kept_is_refused_however_it_is_asked_for() {
    for mode in MODES {
        let app = warmed(mode).await;
        let mut tags = Vec::new();
        for (path, _) in FILES {
            tags.push(app.ask(Ask::head(path)).await.header("etag").unwrap().to_owned());
        }
        app.set_malware(&[("MAL-1", "pkg:npm/left-pad@1.0.0"), ("MAL-2", "pkg:pypi/flask@1.0")]);
        for ((path, upstream), tag) in FILES.iter().zip(&tags) {
            let asked = app.upstream.count(upstream);
            for ask in ways(path, tag) {
                let answer = app.ask(ask).await;
                assert_eq!(answer.status, 403, "{mode} {}", answer.show());
                assert_eq!(answer.header("x-guard-notice"), Some("package-blocked"));
                assert_eq!(answer.header("etag"), None);
            }
            assert_eq!(app.upstream.count(upstream), asked, "nothing is asked for what is refused");
        }
        app.set_malware(&[]);
        for (path, _) in FILES {
            assert_bytes(&app.get(path).await, 200, &content());
        }
    }
}

#[tokio::test]
async fn what_the_upstream_removed_is_not_served_from_what_is_kept() {
    let app = warmed("cache").await;
    let tag = app.ask(Ask::head(TARBALL)).await.header("etag").unwrap().to_owned();
    fixtures::npm(&app.upstream, "left-pad", &["1.1.0"]);
    fixtures::pypi(&app.upstream, "flask", &["1.1"]);
    app.advance(61);
    for (path, _) in FILES {
        for ask in ways(path, &tag) {
            assert_eq!(app.ask(ask).await.status, 404, "{path}");
        }
    }
    fixtures::npm_reply(&app.upstream, "left-pad", Reply::status(404));
    app.advance(61);
    assert_problem(&app.get(TARBALL).await, 404, "not_found");
}

#[tokio::test]
async fn what_is_kept_is_served_while_the_upstream_is_down() {
    let app = warmed("cache").await;
    app.upstream.stop();
    for (path, _) in FILES {
        assert_bytes(&app.get(path).await, 200, &content());
        assert_eq!(app.ask(Ask::head(path)).await.header("content-length"), Some("300000"));
    }
    app.advance(600);
    for (path, _) in FILES {
        assert_bytes(&app.get(path).await, 200, &content());
    }
}

#[tokio::test]
async fn a_file_whose_document_names_other_bytes_is_another_file() {
    let app = warmed("cache").await;
    let other: Vec<u8> = content().into_iter().rev().collect();
    documents(&app.upstream, &other);
    serve(&app.upstream, || Reply::ok("application/octet-stream", other.clone()));
    app.advance(61);
    for (path, _) in FILES {
        assert_bytes(&app.get(path).await, 200, &other);
    }
}

#[tokio::test]
async fn no_byte_leaves_when_it_cannot_be_recorded() {
    for mode in MODES {
        let app = warmed(mode).await;
        app.app.store.close().await;
        for (path, upstream) in FILES {
            let asked = app.upstream.count(upstream);
            for range in ["bytes=0-3", "none"] {
                let answer = app.ask(Ask::get(path).header("range", range)).await;
                assert_problem(&answer, 503, "database_unavailable");
            }
            assert_eq!(app.upstream.count(upstream), asked);
        }
    }
}

/// The answer's head and how many bytes of a body came, as a client on a socket sees it.
async fn received(app: &TestApp, path: &str) -> (String, usize) {
    let served = app.serve().await;
    let answer = served.get(path).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.chars().count())
}

#[tokio::test]
async fn a_file_that_is_wrong_or_broken_off_is_never_finished_or_kept() {
    let letters: Vec<u8> = content().iter().map(|byte| b'a' + byte % 26).collect();
    let mut wrong = letters.clone();
    wrong[0] = b'!';
    for mode in MODES {
        let app = started(mode).await;
        documents(&app.upstream, &letters);
        for reply in [
            Reply::ok("application/octet-stream", wrong.clone()),
            Reply::ok("application/octet-stream", letters.clone()).half(),
            Reply::ok("application/octet-stream", letters[..299_999].to_vec()),
        ] {
            serve(&app.upstream, || reply.clone());
            for (path, _) in FILES {
                let (head, body) = received(&app, path).await;
                // A length that is not kept to, or pieces without an end: a client sees that it is not whole.
                let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                match announced {
                    Some(length) => assert!(body < length.parse().unwrap(), "{mode} {path}: {head}, {body}"),
                    None => assert!(head.contains("transfer-encoding: chunked") && body < 320_000, "{head}"),
                }
            }
        }
        assert_eq!(app.app.counters.artifacts_kept.get(), 0);
        serve(&app.upstream, || Reply::ok("application/octet-stream", letters.clone()));
        for (path, _) in FILES {
            assert_bytes(&app.get(path).await, 200, &letters);
        }
    }
}

#[tokio::test]
async fn an_upstream_s_error_on_a_file_is_never_passed_on_as_ours() {
    for mode in MODES {
        let app = started(mode).await;
        for status in [401, 402, 403, 407, 429, 451, 500, 503] {
            serve(&app.upstream, || {
                Reply::status(status).header("www-authenticate", "Basic").header("retry-after", "999")
            });
            for (path, _) in FILES {
                for ask in [Ask::get(path), Ask::head(path), Ask::get(path).header("range", "bytes=0-1")] {
                    let answer = app.ask(ask).await;
                    assert_eq!((answer.status, answer.header("www-authenticate")), (503, None), "{mode} {status}");
                }
                assert_problem(&app.get(path).await, 503, "upstream_unavailable");
            }
        }
        serve(&app.upstream, || Reply::status(404));
        assert_problem(&app.get(TARBALL).await, 404, "not_found");
        serve(&app.upstream, || Reply::redirect("http://169.254.169.254/latest/meta-data/"));
        assert_problem(&app.get(WHEEL).await, 503, "upstream_unavailable");
    }
}

#[tokio::test]
async fn a_file_larger_than_the_setting_is_503() {
    for mode in MODES {
        let app = started(mode).await;
        serve(&app.upstream, || Reply::ok("application/octet-stream", vec![0; (1 << 20) + 1]));
        for (path, _) in FILES {
            assert_problem(&app.get(path).await, 503, "upstream_unavailable");
        }
        serve(&app.upstream, || Reply::zeros(3 << 20));
        for (path, _) in FILES {
            let (head, body) = received(&app, path).await;
            assert!(head.contains("chunked") && body < (1 << 20) + 20_000, "{head} {body}");
        }
        assert_eq!(app.app.counters.artifacts_kept.get(), 0);
    }
}

#[tokio::test]
async fn an_answer_to_another_range_than_was_asked_for_is_503() {
    for mode in MODES {
        let app = started(mode).await;
        for range in ["bytes 1-4/300000", "bytes 0-3/4000000000", "bytes 0-2/300000", "bytes 0-3/*", "junk"] {
            let reply = || Reply::ok("application/octet-stream", "abcd").partial(range);
            serve(&app.upstream, reply);
            for (path, _) in FILES {
                let answer = app.ask(Ask::get(path).header("range", "bytes=0-4")).await;
                assert_problem(&answer, 503, "upstream_unavailable");
            }
        }
    }
}

#[tokio::test]
async fn many_who_ask_at_once_cost_the_upstream_one_download_and_have_a_row_each() {
    let app = started("cache").await;
    let person = app.register("you@example.com").await;
    for (path, upstream) in FILES {
        let asking = (0..24).map(|_| app.ask(Ask::get(path).bearer(&person.key)));
        for answer in futures_util::future::join_all(asking).await {
            assert_bytes(&answer, 200, &content());
        }
        assert_eq!(app.upstream.count(upstream), 1, "{path}");
    }
    assert_eq!(app.ledger().await.len(), 48);
}

#[tokio::test]
async fn a_file_without_a_usable_hash_is_passed_on_without_a_tag_and_not_kept() {
    for mode in MODES {
        let app = Setup::default().set("artifacts.mode", mode).start().await;
        fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
        fixtures::pypi(&app.upstream, "flask", &["1.0"]);
        for (path, upstream) in [(TARBALL, FILES[0].1), (WHEEL, FILES[1].1)] {
            for round in 1..=2 {
                let answer = app.get(path).await;
                assert_eq!((answer.status, answer.header("etag")), (200, None));
                assert!(answer.text().starts_with("a "), "{}", answer.text());
                assert_eq!(app.upstream.count(upstream), round);
            }
        }
        assert_eq!(app.app.counters.artifacts_kept.get(), 0);
    }
}

#[tokio::test]
async fn an_old_release_with_a_shasum_only_is_checked_by_it_and_kept() {
    let app = started("cache").await;
    let mut packument = fixtures::packument(&app.upstream, "left-pad", &["1.0.0"]);
    let dist = packument["versions"]["1.0.0"]["dist"].as_object_mut().unwrap();
    dist.remove("integrity");
    dist.insert("shasum".to_owned(), json!("a9993e364706816aba3e25717850c26c9cd0d89d"));
    fixtures::npm_document(&app.upstream, "left-pad", &packument.to_string());
    app.upstream.on(FILES[0].1, Reply::ok("application/octet-stream", "abc"));
    assert_bytes(&app.get(TARBALL).await, 200, b"abc");
    until_kept(&app, 1).await;
    app.upstream.on(FILES[0].1, Reply::ok("application/octet-stream", "abd"));
    assert_bytes(&app.get(TARBALL).await, 200, b"abc");
    assert_eq!(app.upstream.count(FILES[0].1), 1);
}

#[tokio::test]
async fn anonymous_takings_are_counted_in_every_mode() {
    for mode in MODES {
        let app = warmed(mode).await;
        let counts = app.anonymous(Ecosystem::Npm, "left-pad").await;
        assert_eq!(counts.iter().map(|count| count.requests).sum::<i64>(), 1, "{counts:?}");
    }
}

#[tokio::test]
async fn where_files_are_redirected_a_small_part_is_passed_on_and_everything_else_is_redirected() {
    let app = started("redirect").await;
    let status = async |range: &str| app.ask(Ask::get(WHEEL).header("range", range)).await.status;
    for small in ["bytes=-100", "bytes=0-99", "bytes=100-16777315"] {
        assert_eq!(status(small).await, 206, "{small}");
    }
    for other in ["bytes=0-", "bytes=0-16777216", "x=1", "bytes=9-1", "bytes=0-1,5-6"] {
        assert_eq!(status(other).await, 302, "{other}");
    }
    // The upstream is away, or takes its time: the redirect is what everybody else gets.
    serve(&app.upstream, Reply::dropped);
    assert_eq!(status("bytes=-100").await, 302);
    assert_eq!(app.anonymous(Ecosystem::Pypi, "flask").await[0].requests, 9, "each is counted");
}

#[tokio::test]
async fn who_reads_slowly_holds_places_of_his_own_network_only() {
    let app = Setup::default()
        .set("artifacts.mode", "stream")
        .set("artifacts.connections", "8")
        .set("upstream.patience_seconds", "1")
        .start()
        .await;
    documents(&app.upstream, &content());
    serve(&app.upstream, || Reply::ok("text/html", content()).ranges());
    let ask =
        |from: &str| app.app.handle(Ask::get(TARBALL).from(from).request(), from.parse::<IpAddr>().unwrap().into());
    // A quarter of the places, and nothing of their bodies is read.
    let held = [ask("198.51.100.1").await, ask("198.51.100.1").await];
    assert!(held.iter().all(|answer| answer.status() == 200));
    assert_eq!(ask("198.51.100.1").await.status(), 503);
    assert_eq!(ask("198.51.100.2").await.status(), 200, "others have theirs");
    drop(held);
    assert_eq!(ask("198.51.100.1").await.status(), 200);
}
