//! An upstream that is broken, lying, slow or far too large: each a clear problem with a stable code.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use sekisho_server::config::Settings;
use sekisho_testkit::{Ask, Reply, Setup, TestApp, fixtures};
use sekisho_upstream::SourceState;

use crate::support::{assert_problem, shown};

/// A megabyte is the most that a document may have, a second the most that an answer may take.
async fn started() -> TestApp {
    let setup = Setup::default()
        .set("upstream.max_document_mb", "1")
        .set("upstream.max_transfer_mb", "1")
        .set("upstream.patience_seconds", "1");
    setup.start().await
}

async fn assert_unavailable(app: &TestApp, path: &str) {
    let answer = app.get(path).await;
    assert_problem(&answer, 503, "upstream_unavailable");
    assert!(answer.header("retry-after").is_some(), "{path}");
    assert_eq!(answer.all("www-authenticate"), Vec::<&str>::new(), "{path}");
    let url = app.upstream.url();
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    assert!(!answer.text().contains(host), "an upstream's address in an answer: {}", answer.text());
}

fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..20 {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_answer_that_is_no_document_is_503() {
    let app = started().await;
    let document = fixtures::packument(&app.upstream, "x", &["1.0.0"]).to_string();
    let half = document[..document.len() / 2].to_owned();
    let doubled = document.replacen("{", "{\"versions\":{},", 1);
    for (name, reply) in [
        ("html", Reply::ok("text/html", "<!DOCTYPE html><html><body>Sign in</body></html>")),
        ("half", Reply::json(half)),
        ("cut", Reply::json(document.clone()).half()),
        ("empty", Reply::json("")),
        ("list", Reply::json("[]")),
        ("number", Reply::json("17")),
        ("deep", Reply::json("[".repeat(100_000))),
        ("doubled", Reply::json(doubled)),
        ("latin", Reply::json(&b"{\"name\":\"\xff\xfe\",\"versions\":{}}"[..])),
    ] {
        fixtures::npm_reply(&app.upstream, name, reply);
        let answer = app.get(&format!("/npm/{name}")).await;
        assert_problem(&answer, 503, "upstream_unavailable");
    }
    let answer = app.get("/npm/html").await;
    insta::assert_snapshot!("npm_html", shown(&app, &answer));
}

#[tokio::test]
async fn a_page_that_is_no_page_is_503() {
    let app = started().await;
    let json = "application/vnd.pypi.simple.v1+json";
    let page = fixtures::page(&app.upstream, "x", &["1.0"]).to_string();
    for (name, reply) in [
        ("half", Reply::ok(json, page[..page.len() / 2].to_owned())),
        ("cut", Reply::ok(json, page.clone()).half()),
        ("empty", Reply::ok(json, "")),
        ("list", Reply::ok(json, "[]")),
        ("deep", Reply::ok(json, "[".repeat(100_000))),
        ("html-as-json", Reply::ok(json, "<!DOCTYPE html><html><body>Sign in</body></html>")),
        ("doubled", Reply::ok(json, page.replacen("{", "{\"files\":[],", 1))),
    ] {
        fixtures::pypi_reply(&app.upstream, name, reply);
        assert_unavailable(&app, &format!("/pypi/simple/{name}/")).await;
        assert_unavailable(&app, &format!("/pypi/files/{name}/{name}-1.0-py3-none-any.whl")).await;
    }
}

#[tokio::test]
async fn an_upstream_s_own_errors_are_never_passed_on_as_ours() {
    let app = started().await;
    for status in [400, 401, 402, 403, 407, 418, 429, 451, 500, 501] {
        let name = format!("s{status}");
        let reply = || Reply::status(status).header("www-authenticate", "Basic").header("retry-after", "9999");
        fixtures::npm_reply(&app.upstream, &name, reply());
        fixtures::pypi_reply(&app.upstream, &name, reply());
        assert_unavailable(&app, &format!("/npm/{name}")).await;
        assert_unavailable(&app, &format!("/npm/{name}/-/{name}-1.0.0.tgz")).await;
        assert_unavailable(&app, &format!("/pypi/simple/{name}/")).await;
    }
    for status in [404, 410] {
        fixtures::npm_reply(&app.upstream, "gone", Reply::status(status));
        assert_problem(&app.get("/npm/gone").await, 404, "not_found");
        app.advance(61);
    }
}

#[tokio::test]
async fn an_upstream_s_error_on_a_file_is_never_passed_on_as_ours() {
    let app = started().await;
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    for status in [401, 403, 429, 500] {
        app.upstream.on("/files/flask-1.0-py3-none-any.whl", Reply::status(status));
        app.upstream.on("/files/flask-1.0-py3-none-any.whl.metadata", Reply::status(status));
        app.upstream.on("/npm/left-pad/-/left-pad-1.0.0.tgz", Reply::status(status));
        let metadata = app.get("/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata").await;
        assert_problem(&metadata, 503, "upstream_unavailable");
        for path in ["/pypi/files/flask/flask-1.0-py3-none-any.whl", "/npm/left-pad/-/left-pad-1.0.0.tgz"] {
            assert_eq!(app.ask(Ask::head(path)).await.status, 503, "{status} {path}");
        }
    }
}

#[tokio::test]
async fn an_upstream_that_says_nothing_costs_our_patience_and_no_more() {
    let app = started().await;
    let document = fixtures::packument(&app.upstream, "slow", &["1.0.0"]).to_string();
    fixtures::npm_reply(&app.upstream, "slow", Reply::json(document.clone()).delay(Duration::from_secs(60)));
    fixtures::npm_reply(&app.upstream, "hang", Reply::json(document).hang());
    let began = Instant::now();
    let (slow, hang) = tokio::join!(app.get("/npm/slow"), app.get("/npm/hang"));
    assert_problem(&slow, 503, "upstream_unavailable");
    assert_problem(&hang, 503, "upstream_unavailable");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_upstream_that_drips_costs_our_patience_and_the_document_is_there_for_the_next() {
    let app = started().await;
    let document = fixtures::packument(&app.upstream, "drip", &["1.0.0"]).to_string();
    let page = fixtures::page(&app.upstream, "drip", &["1.0"]).to_string();
    let every = |body: &str| Duration::from_secs(3) / u32::try_from(body.len()).unwrap();
    fixtures::npm_reply(&app.upstream, "drip", Reply::json(document.clone()).drip(every(&document)));
    let json = "application/vnd.pypi.simple.v1+json";
    fixtures::pypi_reply(&app.upstream, "drip", Reply::ok(json, page.clone()).drip(every(&page)));
    let paths = ["/npm/drip", "/npm/drip/-/drip-1.0.0.tgz", "/pypi/simple/drip/"];
    let began = Instant::now();
    let (npm, tarball, pypi) = tokio::join!(app.get(paths[0]), app.get(paths[1]), app.get(paths[2]));
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    for answer in [npm, tarball, pypi] {
        assert_problem(&answer, 503, "upstream_unavailable");
        assert!(answer.header("retry-after").is_some(), "{}", answer.show());
    }
    for (path, status) in paths.into_iter().zip([200, 302, 200]) {
        let mut answer = app.get(path).await;
        for _ in 0..20 {
            // Each asks again and waits for what is under way.
            if answer.status == 503 {
                answer = app.get(path).await;
            }
        }
        assert_eq!(answer.status, status, "{path}: {}", answer.show());
    }
    assert_eq!((app.upstream.count("/npm/drip"), app.upstream.count("/simple/drip/")), (1, 1));
}

#[tokio::test]
async fn a_wait_for_a_place_at_the_upstream_counts_as_patience() {
    let setup = Setup::default().set("upstream.patience_seconds", "2").set("upstream.connections", "1");
    let app = setup.start().await;
    let slow = |name| {
        let document = fixtures::packument(&app.upstream, name, &["1.0.0"]).to_string();
        fixtures::npm_reply(&app.upstream, name, Reply::json(document).delay(Duration::from_millis(1300)));
    };
    ["first", "second"].into_iter().for_each(slow);
    let began = Instant::now();
    let second = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        app.get("/npm/second").await
    };
    let (first, second) = tokio::join!(app.get("/npm/first"), second);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(first.status, 200, "{}", first.show());
    assert_problem(&second, 503, "upstream_unavailable");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_503() {
    let app = started().await;
    app.upstream.stop();
    assert_unavailable(&app, "/npm/left-pad").await;
    assert_unavailable(&app, "/pypi/simple/flask/").await;
}

#[tokio::test]
async fn a_document_that_is_too_large_is_503_before_and_after_decompression() {
    let app = started().await;
    fixtures::npm_reply(&app.upstream, "zeros", Reply::zeros(200 << 20));
    fixtures::npm_reply(&app.upstream, "bomb", Reply::json(bomb()).header("content-encoding", "gzip"));
    fixtures::npm_reply(&app.upstream, "garbled", Reply::json("not gzip").header("content-encoding", "gzip"));
    fixtures::pypi_reply(&app.upstream, "bomb", Reply::ok("text/html", bomb()).header("content-encoding", "gzip"));
    let began = Instant::now();
    for path in ["/npm/zeros", "/npm/bomb", "/npm/garbled", "/pypi/simple/bomb/"] {
        assert_unavailable(&app, path).await;
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_redirect_is_followed_only_where_the_upstream_may_send_us() {
    let app = started().await;
    let own = app.upstream.at("npm/real");
    fixtures::npm_document(&app.upstream, "real", "{}");
    let document = fixtures::packument(&app.upstream, "moved", &["1.0.0"]).to_string();
    app.upstream.on("/npm/real", Reply::json(document));
    fixtures::npm_reply(&app.upstream, "moved", Reply::redirect(own.as_str()));
    assert_eq!(app.get("/npm/moved").await.status, 200);
    for (name, to) in [
        ("r1", "http://169.254.169.254/latest/meta-data/"),
        ("r2", "http://127.0.0.1:22/"),
        ("r3", "http://[::1]:8418/metrics"),
        ("r4", "file:///etc/passwd"),
        ("r5", "http://user:pass@registry.example/"),
        ("r6", "http://localhost/"),
        ("r7", ""),
    ] {
        fixtures::npm_reply(&app.upstream, name, Reply::redirect(to));
        assert_unavailable(&app, &format!("/npm/{name}")).await;
    }
    fixtures::npm_reply(&app.upstream, "round", Reply::redirect(app.upstream.at("npm/round").as_str()));
    assert_unavailable(&app, "/npm/round").await;
}

#[tokio::test]
async fn a_loop_through_another_server_is_508() {
    let app = started().await;
    fixtures::npm_reply(&app.upstream, "x", Reply::status(508));
    assert_problem(&app.get("/npm/x").await, 508, "loop_detected");
}

#[tokio::test]
async fn what_was_good_is_served_while_the_upstream_talks_nonsense() {
    let app = started().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    let good = app.get("/npm/left-pad").await;
    for reply in [
        Reply::status(500),
        Reply::status(403),
        Reply::ok("text/html", "<html>"),
        Reply::zeros(200 << 20),
        Reply::redirect("http://169.254.169.254/"),
        Reply::dropped(),
    ] {
        fixtures::npm_reply(&app.upstream, "left-pad", reply);
        app.advance(120);
        let answer = app.get("/npm/left-pad").await;
        assert_eq!((answer.status, &answer.body), (200, &good.body));
        assert_eq!(app.get("/npm/left-pad/-/left-pad-1.0.0.tgz").await.status, 302);
    }
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0", "1.1.0"]);
    app.advance(120);
    assert!(app.get("/npm/left-pad").await.text().contains("1.1.0"), "and what is new is served again");
}

#[tokio::test]
async fn a_release_with_a_doubled_key_or_another_name_is_refused_and_the_others_are_not() {
    let app = started().await;
    let document = fixtures::packument(&app.upstream, "odd", &["1.0.0", "2.0.0", "3.0.0"]).to_string();
    let document = document
        .replacen("\"version\":\"2.0.0\"", "\"version\":\"2.0.0\",\"version\":\"1.0.0\"", 1)
        .replacen("\"name\":\"odd\",\"version\":\"3.0.0\"", "\"name\":\"other\",\"version\":\"3.0.0\"", 1);
    fixtures::npm_document(&app.upstream, "odd", &document);
    let versions = app.get("/npm/odd").await.json()["versions"].as_object().unwrap().len();
    assert_eq!(versions, 1);
    for version in ["2.0.0", "3.0.0"] {
        let tarball = app.get(&format!("/npm/odd/-/odd-{version}.tgz")).await;
        assert_problem(&tarball, 403, "package_blocked");
    }
    assert_eq!(app.get("/npm/odd/-/odd-1.0.0.tgz").await.status, 302);
}

#[tokio::test]
async fn two_releases_that_share_a_tarball_are_both_refused() {
    let app = Setup::default().malware("MAL-1", "pkg:npm/shared@2.0.0").start().await;
    let mut document = fixtures::packument(&app.upstream, "shared", &["1.0.0", "2.0.0"]);
    let tarball = document["versions"]["2.0.0"]["dist"]["tarball"].clone();
    document["versions"]["1.0.0"]["dist"]["tarball"] = tarball;
    fixtures::npm_document(&app.upstream, "shared", &document.to_string());
    for file in ["shared-1.0.0.tgz", "shared-2.0.0.tgz"] {
        let answer = app.get(&format!("/npm/shared/-/{file}")).await;
        assert!(matches!(answer.status, 403 | 404), "{file}: {}", answer.show());
    }
}

#[tokio::test]
async fn a_front_without_a_registry_says_which_setting_is_missing() {
    let app = started().await;
    app.set_npm_source(SourceState::Off("No registry is known: set upstream.npm.url.".to_owned()));
    let answer = app.get("/npm/left-pad").await;
    insta::assert_snapshot!(shown(&app, &answer));
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    assert_eq!(app.ask(Ask::get("/pypi/simple/flask/")).await.status, 200, "the other front works");
    let settings: &Settings = &app.app.settings;
    assert!(settings.upstream.npm.enabled);
}
