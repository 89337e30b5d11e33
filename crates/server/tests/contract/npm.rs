//! The npm front's documents.

use sekisho_testkit::{Answer, Ask, FakeUpstream, Reply, Setup, TestApp, fixtures};
use serde_json::json;

use crate::support::{assert_problem, shown};

const INSTALL_V1: &str = "application/vnd.npm.install-v1+json";
/// What pnpm, Yarn 1 and Bun send.
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

async fn started() -> TestApp {
    let app = Setup::default().malware("MAL-2026-1", "pkg:npm/evil@1.0.2").start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.2.0", "1.3.0"]);
    fixtures::npm(&app.upstream, "@scope/pad", &["1.0.0"]);
    fixtures::npm(&app.upstream, "evil", &["1.0.1", "1.0.2"]);
    app
}

#[tokio::test]
async fn a_full_packument_is_the_upstream_s_with_our_tarballs() {
    let app = started().await;
    let answer = app.get("/npm/left-pad").await;
    let mut wanted = fixtures::packument(&app.upstream, "left-pad", &["1.2.0", "1.3.0"]);
    for version in ["1.2.0", "1.3.0"] {
        let tarball = format!("http://127.0.0.1:8417/npm/left-pad/-/left-pad-{version}.tgz");
        wanted["versions"][version]["dist"]["tarball"] = json!(tarball);
    }
    assert_eq!(answer.json(), wanted);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("private, max-age=60"));
    assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
    assert_eq!(answer.header("npm-notice"), None);
}

#[tokio::test]
async fn an_abbreviated_packument_is_made_here_for_those_who_prefer_it() {
    let app = started().await;
    let answer = app.ask(Ask::get("/npm/left-pad").header("accept", ABBREVIATED)).await;
    assert_eq!(answer.header("content-type"), Some(INSTALL_V1));
    insta::assert_snapshot!(shown(&app, &answer));
    for (accept, form) in [
        ("application/json", "application/json"),
        ("application/json; q=1.0, */*", "application/json"),
        ("*/*", "application/json"),
        ("application/json, application/vnd.npm.install-v1+json;q=0.1", "application/json"),
        ("application/vnd.npm.install-v1+json;q=0, application/json", "application/json"),
        (INSTALL_V1, INSTALL_V1),
        ("application/vnd.npm.install-v1+json, application/json", INSTALL_V1),
    ] {
        let answer = app.ask(Ask::get("/npm/left-pad").header("accept", accept)).await;
        assert_eq!(answer.header("content-type"), Some(form), "{accept}");
    }
    assert_eq!(app.upstream.count("/npm/left-pad"), 1, "one upstream document is all forms");
}

#[tokio::test]
async fn a_scoped_name_is_served_in_every_spelling() {
    let app = started().await;
    let tarball = "http://127.0.0.1:8417/npm/@scope/pad/-/pad-1.0.0.tgz";
    for spelling in ["@scope/pad", "@scope%2fpad", "@scope%2Fpad", "%40scope%2fpad"] {
        let document = app.get(&format!("/npm/{spelling}")).await;
        assert_eq!(document.json()["versions"]["1.0.0"]["dist"]["tarball"], tarball, "{spelling}");
        let version = app.get(&format!("/npm/{spelling}/1.0.0")).await;
        assert_eq!(version.json()["dist"]["tarball"], tarball, "{spelling}");
        let file = app.get(&format!("/npm/{spelling}/-/pad-1.0.0.tgz")).await;
        assert_eq!(file.status, 302, "{spelling}");
        let tags = app.get(&format!("/npm/-/package/{spelling}/dist-tags")).await;
        assert_eq!(tags.json(), json!({"latest": "1.0.0"}), "{spelling}");
    }
}

#[tokio::test]
async fn one_release_is_asked_for_by_version_or_tag() {
    let app = started().await;
    for spec in ["1.3.0", "latest"] {
        let answer = app.get(&format!("/npm/left-pad/{spec}")).await;
        assert_eq!((answer.status, answer.json()["version"].as_str()), (200, Some("1.3.0")), "{spec}");
    }
    assert_problem(&app.get("/npm/left-pad/9.9.9").await, 404, "not_found");
    assert_problem(&app.get("/npm/left-pad/no-tag").await, 404, "not_found");
    // The refused release is named, not hidden, to who asks for exactly it; its tag has moved.
    assert_problem(&app.get("/npm/evil/1.0.2").await, 403, "package_blocked");
    assert_eq!(app.get("/npm/evil/latest").await.json()["version"], "1.0.1");
    assert_eq!(app.get("/npm/-/package/evil/dist-tags").await.json(), json!({"latest": "1.0.1"}));
}

#[tokio::test]
async fn a_tarball_is_a_redirect_to_the_upstream_s_file() {
    let app = started().await;
    let answer = app.get("/npm/left-pad/-/left-pad-1.3.0.tgz").await;
    insta::assert_snapshot!("tarball", shown(&app, &answer));
    let head = app.ask(Ask::head("/npm/left-pad/-/left-pad-1.3.0.tgz")).await;
    insta::assert_snapshot!("tarball_head", shown(&app, &head));
    assert_problem(&app.get("/npm/left-pad/-/left-pad-9.9.9.tgz").await, 404, "not_found");
    assert_problem(&app.get("/npm/left-pad/-/other-1.3.0.tgz").await, 404, "not_found");
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let app = started().await;
    for path in ["/npm/left-pad", "/npm/left-pad/1.3.0", "/npm/-/package/left-pad/dist-tags", "/npm/-/ping"] {
        let (get, head) = (app.get(path).await, app.ask(Ask::head(path)).await);
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_empty(), "{path}");
        let headers = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.remove("ratelimit");
            headers.remove("content-length");
            headers
        };
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
        assert_eq!(headers(&get), headers(&head), "{path}");
    }
}

#[tokio::test]
async fn what_the_client_has_is_answered_304() {
    let app = started().await;
    for path in ["/npm/left-pad", "/npm/left-pad/1.3.0", "/npm/-/package/left-pad/dist-tags", "/npm/evil"] {
        let whole = app.get(path).await;
        let tag = whole.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "{path}: a strong tag: {tag}");
        for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let answer = app.ask(Ask::get(path).header("if-none-match", &held)).await;
            assert_eq!((answer.status, answer.body.len()), (304, 0), "{path} {held}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "{path}");
            assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"), "{path}");
            assert_eq!(answer.header("cache-control"), whole.header("cache-control"), "{path}");
        }
        assert_eq!(app.ask(Ask::get(path).header("if-none-match", "\"other\"")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn gzip_is_sent_where_it_is_taken() {
    let app = started().await;
    for path in ["/npm/left-pad"] {
        let plain = app.get(path).await;
        let zipped = app.ask(Ask::get(path).header("accept-encoding", "gzip,deflate,br")).await;
        assert_eq!((plain.header("content-encoding"), zipped.header("content-encoding")), (None, Some("gzip")));
        assert_eq!(plain.text(), zipped.text());
        assert!(zipped.body.len() < plain.body.len());
        assert_eq!(zipped.header("content-length"), Some(zipped.body.len().to_string().as_str()));
        let refused = app.ask(Ask::get(path).header("accept-encoding", "gzip;q=0, *;q=0")).await;
        assert_eq!(refused.header("content-encoding"), None);
    }
}

/// The tags of every form in which a document can be had.
async fn tags(app: &TestApp, path: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for accept in ["application/json", INSTALL_V1] {
        for encoding in ["identity", "gzip"] {
            for host in ["127.0.0.1:8417", "localhost:8417"] {
                let ask = Ask::get(path).header("accept", accept).header("accept-encoding", encoding).host(host);
                tags.push(app.ask(ask).await.header("etag").unwrap().to_owned());
            }
        }
    }
    tags
}

#[tokio::test]
async fn a_tag_differs_by_form_encoding_address_hidden_set_and_revision() {
    let app = started().await;
    let mut all = tags(&app, "/npm/left-pad").await;
    app.set_malware(&[("MAL-2026-2", "pkg:npm/left-pad@1.3.0")]);
    all.extend(tags(&app, "/npm/left-pad").await);
    app.set_malware(&[("MAL-2026-2", "pkg:npm/left-pad@1.2.0")]);
    all.extend(tags(&app, "/npm/left-pad").await);
    fixtures::npm(&app.upstream, "left-pad", &["1.2.0", "1.3.0", "1.4.0"]);
    app.advance(61);
    all.extend(tags(&app, "/npm/left-pad").await);
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "{all:#?}");
}

#[tokio::test]
async fn a_document_that_was_hidden_from_is_not_held_for_the_old_one() {
    let app = started().await;
    let before = app.get("/npm/left-pad").await.header("etag").unwrap().to_owned();
    app.set_malware(&[("MAL-2026-2", "pkg:npm/left-pad@1.3.0")]);
    let answer = app.ask(Ask::get("/npm/left-pad").header("if-none-match", &before)).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.text().contains("1.3.0"), "{}", answer.text());
    app.set_malware(&[]);
    assert_eq!(app.ask(Ask::get("/npm/left-pad").header("if-none-match", &before)).await.status, 304);
}

#[tokio::test]
async fn many_who_ask_at_once_cost_the_upstream_one_request() {
    let app = std::sync::Arc::new(started().await);
    let document = fixtures::packument(&app.upstream, "slow", &["1.0.0"]).to_string();
    fixtures::npm_reply(&app.upstream, "slow", Reply::json(document).delay(std::time::Duration::from_millis(100)));
    let asks: Vec<_> = (0..20)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.get("/npm/slow").await.status })
        })
        .collect();
    for ask in asks {
        assert_eq!(ask.await.unwrap(), 200);
    }
    assert_eq!(app.upstream.count("/npm/slow"), 1);
}

#[tokio::test]
async fn a_stored_document_is_served_and_marked_while_the_upstream_is_down() {
    let app = started().await;
    let before = app.get("/npm/left-pad").await;
    app.upstream.stop();
    app.advance(3600);
    let answer = app.get("/npm/left-pad").await;
    assert_eq!((answer.status, &answer.body), (200, &before.body));
    assert!(answer.header("cache-status").unwrap().starts_with("sekisho; hit; ttl=-"), "{}", answer.show());
    app.advance(8 * 24 * 3600);
    assert_problem(&app.get("/npm/left-pad").await, 503, "upstream_unavailable");
}

#[tokio::test]
async fn what_is_not_upstream_is_404() {
    let app = started().await;
    let answer = app.get("/npm/nothing-here").await;
    insta::assert_snapshot!(shown(&app, &answer));
    for path in ["/npm/", "/npm/-/v1/nothing", "/npm/-/package/left-pad/other", "/npm/left-pad/1.3.0/more"] {
        assert_problem(&app.get(path).await, 404, "not_found");
    }
}

#[tokio::test]
async fn publishing_is_answered_405_with_how_to_publish() {
    let app = started().await;
    let put = app.ask(Ask::new("PUT", "/npm/left-pad").header("content-type", "application/json").body("{}")).await;
    insta::assert_snapshot!(shown(&app, &put));
    for (method, path) in [
        ("DELETE", "/npm/left-pad/-rev/1"),
        ("PUT", "/npm/@scope%2fpad"),
        ("POST", "/pypi/simple/"),
        ("PATCH", "/pypi/simple/flask/"),
    ] {
        let answer = app.ask(Ask::new(method, path)).await;
        assert_problem(&answer, 405, "unsupported_method");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
    }
}

#[tokio::test]
async fn our_own_request_that_comes_back_is_508() {
    let app = started().await;
    let answer = app.ask(Ask::get("/npm/left-pad").header("via", "1.1 nginx, 1.1 sekisho-test")).await;
    assert_problem(&answer, 508, "loop_detected");
    app.get("/npm/left-pad").await;
    let via = app.upstream.requests()[0].headers["via"].to_str().unwrap().to_owned();
    assert_eq!(via, "1.1 sekisho-test");
}

#[tokio::test]
async fn a_caller_s_headers_never_go_upstream() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    let ask =
        Ask::get("/npm/left-pad").bearer(&person.key).header("cookie", "a=b").header("x-forwarded-for", "10.0.0.1");
    app.ask(ask.header("user-agent", "npm/12.2.0").header("npm-session", "123")).await;
    app.ask(Ask::head("/npm/left-pad/-/left-pad-1.3.0.tgz").bearer(&person.key)).await;
    let seen = app.upstream.requests();
    assert_eq!(seen.len(), 2);
    for request in seen {
        for name in ["authorization", "cookie", "x-forwarded-for", "forwarded", "npm-session"] {
            assert!(!request.headers.contains_key(name), "{name} of {}", request.path);
        }
        assert_eq!(request.headers["user-agent"], "sekisho/test");
    }
}

fn tarball_at(upstream: &FakeUpstream, name: &str, url: &str) {
    let mut document = fixtures::packument(upstream, name, &["1.0.0"]);
    document["versions"]["1.0.0"]["dist"]["tarball"] = json!(url);
    // The table of files is by name, so the file's own name stays.
    fixtures::npm_document(upstream, name, &document.to_string());
}

#[tokio::test]
async fn a_location_leads_only_where_the_upstream_may_send_us() {
    let app = TestApp::start().await;
    for (number, (url, status)) in [
        ("https://files.example/p/-/p-1.0.0.tgz", 302),
        ("https://127.0.0.1/p-1.0.0.tgz", 503),
        ("https://169.254.169.254/latest/p-1.0.0.tgz", 503),
        ("https://[::ffff:10.0.0.1]/p-1.0.0.tgz", 503),
        ("https://localhost/p-1.0.0.tgz", 503),
        ("https://user:secret@files.example/p-1.0.0.tgz", 503),
        ("ftp://files.example/p-1.0.0.tgz", 503),
        ("file:///etc/passwd/p-1.0.0.tgz", 503),
        ("javascript:alert(1)/p-1.0.0.tgz", 503),
        ("http://10.0.0.1:8080/p-1.0.0.tgz", 503),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("p{number}");
        tarball_at(&app.upstream, &name, &url.replace("p-1.0.0", &format!("{name}-1.0.0")));
        let answer = app.get(&format!("/npm/{name}/-/{name}-1.0.0.tgz")).await;
        // An address that can be none of a tarball makes the release a contradiction.
        assert!(answer.status == status || (status, answer.status) == (503, 403), "{url}: {}", answer.show());
        assert_eq!(answer.header("location").is_some(), status == 302, "{url}");
        let taken = app.anonymous(sekisho_core::Ecosystem::Npm, &name).await;
        assert_eq!(taken.iter().any(|row| row.outcome == "answered"), status == 302, "{url}");
        let head = app.ask(Ask::head(&format!("/npm/{name}/-/{name}-1.0.0.tgz"))).await;
        assert_eq!(head.header("location"), None, "{url}");
    }
}
