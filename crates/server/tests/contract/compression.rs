//! A large document's first answer is compressed quickly, later ones as well as can be: two encodings of one document, each
//! with its own strong tag, and neither outlives what it shows.

use std::time::Duration;

use sekisho_testkit::{Answer, Ask, TestApp, fixtures};

const PACKAGE: &str = "/npm/left-pad";

/// Of so many releases a document is no small one.
fn versions() -> Vec<String> {
    (0..1000).map(|n| format!("1.{n}.0")).collect()
}

async fn started() -> TestApp {
    let app = TestApp::start().await;
    let versions = versions();
    let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
    fixtures::npm(&app.upstream, "left-pad", &versions);
    fixtures::pypi(&app.upstream, "six", &versions);
    app
}

fn gzip(path: &str) -> Ask {
    Ask::get(path).header("accept-encoding", "gzip")
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

/// Asks until the answer is another one than `first`.
async fn improved(app: &TestApp, ask: impl Fn() -> Ask, first: &Answer) -> Answer {
    for _ in 0..250 {
        let answer = app.ask(ask()).await;
        if tag(&answer) != tag(first) {
            return answer;
        }
        assert_eq!(answer.body, first.body, "one tag, one body");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} stays", tag(first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_document_is_compressed_again_and_both_tags_hold() {
    let app = started().await;
    for (path, accept) in [
        (PACKAGE, "application/json"),
        (PACKAGE, "application/vnd.npm.install-v1+json"),
        ("/pypi/simple/six/", "application/vnd.pypi.simple.v1+json"),
        ("/pypi/simple/six/", "text/html"),
    ] {
        let ask = || gzip(path).header("accept", accept);
        let first = app.ask(ask()).await;
        assert_eq!((first.status, first.header("content-encoding")), (200, Some("gzip")), "{}", first.show());
        let plain = app.ask(Ask::get(path).header("accept", accept)).await;
        let best = improved(&app, ask, &first).await;
        assert_ne!(first.body, best.body, "{accept}: other bytes, another tag");
        assert_eq!((first.text(), best.text()), (plain.text(), plain.text()), "{accept}");
        assert_eq!(tag(&app.ask(Ask::get(path).header("accept", accept)).await), tag(&plain));
        assert_eq!(tag(&app.ask(ask()).await), tag(&best), "it stays");
        for held in [&first, &best] {
            for ask in [ask(), ask().method("HEAD")] {
                let answer = app.ask(ask.header("if-none-match", &tag(held))).await;
                assert_eq!((answer.status, tag(&answer), answer.body.len()), (304, tag(held), 0), "{accept}");
            }
        }
        let length = best.body.len().to_string();
        let head = app.ask(ask().method("HEAD")).await;
        assert_eq!((tag(&head), head.header("content-length")), (tag(&best), Some(length.as_str())), "{accept}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_hidden_later_ends_both_tags() {
    let app = started().await;
    let first = app.ask(gzip(PACKAGE)).await;
    let best = improved(&app, || gzip(PACKAGE), &first).await;
    app.set_malware(&[("MAL-2026-2", "pkg:npm/left-pad@1.500.0")]);
    for held in [&first, &best] {
        let answer = app.ask(gzip(PACKAGE).header("if-none-match", &tag(held))).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.text().contains("1.500.0"));
    }
    let first = app.ask(gzip(PACKAGE)).await;
    assert!(!improved(&app, || gzip(PACKAGE), &first).await.text().contains("1.500.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_the_tag_of_the_first_answer_still_holds() {
    let mut app = started().await;
    let first = app.ask(gzip(PACKAGE)).await;
    improved(&app, || gzip(PACKAGE), &first).await;
    for _ in 0..2 {
        app.restart().await;
        let answer = app.ask(gzip(PACKAGE).header("if-none-match", &tag(&first))).await;
        assert_eq!((answer.status, tag(&answer)), (304, tag(&first)));
    }
}

#[tokio::test]
async fn a_small_document_has_one_answer() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0", "1.1.0", "1.2.0"]);
    let first = app.ask(gzip(PACKAGE)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let later = app.ask(gzip(PACKAGE)).await;
    assert_eq!((tag(&first), &first.body), (tag(&later), &later.body));
}
