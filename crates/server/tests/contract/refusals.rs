//! Refusals, whole: what people and package managers read.

use sekisho_testkit::{Ask, Setup, TestApp, fixtures};

use crate::support::{assert_problem, shown};

async fn started() -> TestApp {
    let app = Setup::default()
        .set("public_urls", "https://packages.example.com")
        .malware("MAL-2026-1234", "pkg:npm/evil-pkg@1.0.2")
        .malware("MAL-2026-1234", "pkg:pypi/evil-pkg@1.1")
        .malware("MAL-2026-2", "pkg:npm/@scope/worse")
        .block("pkg:npm/unwanted@1.0.0")
        .start()
        .await;
    fixtures::npm(&app.upstream, "evil-pkg", &["1.0.1", "1.0.2"]);
    fixtures::npm(&app.upstream, "@scope/worse", &["1.0.0"]);
    fixtures::npm(&app.upstream, "unwanted", &["1.0.0"]);
    fixtures::pypi(&app.upstream, "evil-pkg", &["1.0", "1.1"]);
    app
}

async fn show(app: &TestApp, path: &str) -> String {
    shown(app, &app.ask(Ask::get(path).host("packages.example.com")).await)
}

#[tokio::test]
async fn every_refusal_has_one_body() {
    let app = started().await;
    for (name, path) in [
        ("npm_tarball", "/npm/evil-pkg/-/evil-pkg-1.0.2.tgz"),
        ("npm_version", "/npm/evil-pkg/1.0.2"),
        ("npm_name", "/npm/@scope%2fworse"),
        ("npm_tarball_of_refused_name", "/npm/@scope/worse/-/worse-1.0.0.tgz"),
        ("npm_every_release", "/npm/unwanted"),
        ("pypi_file", "/pypi/files/evil-pkg/evil_pkg-1.1-py3-none-any.whl"),
        ("pypi_metadata", "/pypi/files/evil-pkg/evil_pkg-1.1-py3-none-any.whl.metadata"),
    ] {
        insta::assert_snapshot!(name, show(&app, path).await);
    }
}

#[tokio::test]
async fn canaries_are_refused_without_any_upstream() {
    let app = started().await;
    app.upstream.stop();
    let file = "/pypi/files/sekisho-canary/sekisho_canary-1.0.0-py3-none-any.whl";
    for (name, path) in [
        ("canary_npm", "/npm/@sekisho%2fcanary"),
        ("canary_npm_tarball", "/npm/@sekisho/canary/-/canary-1.0.0.tgz"),
        ("canary_pypi", "/pypi/simple/sekisho-canary/"),
        ("canary_pypi_file", file),
    ] {
        insta::assert_snapshot!(name, show(&app, path).await);
    }
    for ask in [
        Ask::head("/npm/@sekisho/canary/-/canary-1.0.0.tgz"),
        Ask::head(file),
        Ask::get("/npm/@sekisho/canary/latest"),
        Ask::get("/npm/-/package/@sekisho/canary/dist-tags"),
        Ask::get(&format!("{file}.metadata")),
    ] {
        assert_eq!(app.ask(ask.clone()).await.status, 403, "{ask:?}");
    }
}

#[tokio::test]
async fn the_file_that_the_canary_s_page_lists_is_the_one_that_is_refused() {
    let app = started().await;
    let page =
        app.ask(Ask::get("/pypi/simple/sekisho-canary/").header("accept", "application/vnd.pypi.simple.v1+json"));
    let page = page.await.json();
    let files = page["files"].as_array().unwrap();
    assert_eq!(files.len(), 1);
    assert!(!files[0]["yanked"].as_bool().unwrap_or(false), "listed un-yanked, or nobody reaches for it");
    let path = files[0]["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8417").unwrap();
    assert_problem(&app.get(path).await, 403, "package_blocked");
}

#[tokio::test]
async fn npm_notice_comes_only_where_a_tag_moved_or_exactly_that_release_was_asked_for() {
    let app = started().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    // The highest release is fine, so no tag moves although one is hidden.
    app.set_malware(&[("MAL-1", "pkg:npm/evil-pkg@1.0.1")]);
    assert_eq!(app.get("/npm/evil-pkg").await.header("npm-notice"), None);
    assert_eq!(app.get("/npm/left-pad").await.header("npm-notice"), None);
    assert_eq!(app.get("/npm/evil-pkg/1.0.2").await.header("npm-notice"), None);
    app.set_malware(&[("MAL-1", "pkg:npm/evil-pkg@1.0.2")]);
    for path in ["/npm/evil-pkg", "/npm/evil-pkg/1.0.2"] {
        let answer = app.get(path).await;
        let notice = answer.header("npm-notice").unwrap_or_else(|| panic!("{path}: {}", answer.show()));
        assert_eq!(
            notice,
            "npm evil-pkg 1.0.2 was passed over. Blocked by Sekisho: malware (MAL-1). http://127.0.0.1:8417/why/npm/evil-pkg/1.0.2"
        );
    }
    assert_eq!(app.get("/npm/evil-pkg/1.0.1").await.header("npm-notice"), None);
    // npm prints the notice only of an answer that it does not store.
    assert_eq!(app.get("/npm/evil-pkg").await.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn only_refusals_carry_the_guard_s_notice() {
    let app = started().await;
    let refused = app.get("/npm/evil-pkg/-/evil-pkg-1.0.2.tgz").await;
    assert_eq!(refused.header("x-guard-notice"), Some("package-blocked"));
    for path in ["/npm/evil-pkg", "/npm/evil-pkg/-/evil-pkg-1.0.1.tgz", "/npm/nothing", "/pypi/simple/evil-pkg/"] {
        assert_eq!(app.get(path).await.header("x-guard-notice"), None, "{path}");
    }
}

#[tokio::test]
async fn a_refusal_is_made_of_printable_ascii_and_holds_nothing_that_a_stranger_wrote() {
    let app = Setup::default().malware("MAL-1", "pkg:npm/odd").malware("MAL-1", "pkg:pypi/odd").start().await;
    for path in [
        "/npm/odd/-/odd-1.0.0%E2%80%AE.tgz",
        "/npm/odd/%1b[31mred",
        "/npm/odd/-/odd-1.0.0%3Cscript%3E.tgz",
        "/pypi/files/odd/odd-1.0%3Cscript%3E.tar.gz",
        "/npm/odd/caf%C3%A9",
    ] {
        let answer = app.ask(Ask::get(path).header("user-agent", "evil-agent/6.6.6")).await;
        assert!(matches!(answer.status, 400 | 403 | 404), "{path}: {}", answer.show());
        let shown = answer.show();
        assert!(!shown.contains("evil-agent"), "{shown}");
        let body = answer.json();
        for key in ["title", "detail", "error"] {
            let text = body[key].as_str().unwrap();
            assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b)), "{path}: {text:?}");
        }
        assert!(answer.phrase.iter().all(|p| p.bytes().all(|b| (0x20..0x7f).contains(&b))), "{path}");
    }
}

#[tokio::test]
async fn file_names_that_a_stranger_makes_up_leave_no_rows_of_their_own() {
    let app = started().await;
    for number in 0..5 {
        for path in [
            format!("/pypi/files/sekisho-canary/made-up-{number}.whl"),
            format!("/npm/@scope/worse/-/worse-9.9.{number}.tgz"),
            format!("/pypi/files/evil-pkg/evil_pkg-1.1+{number}.tar.gz"),
        ] {
            app.get(&path).await;
        }
    }
    let ecosystems =
        [(sekisho_core::Ecosystem::Pypi, "sekisho-canary"), (sekisho_core::Ecosystem::Npm, "@scope/worse")];
    for (ecosystem, name) in ecosystems {
        let rows = app.anonymous(ecosystem, name).await;
        assert_eq!(rows.len(), 1, "{name}: {rows:?}");
        assert_eq!(rows[0].requests, 5, "{name}");
    }
    // A person's own requests are written down as they were.
    let person = app.register("you@example.com").await;
    app.ask(Ask::get("/npm/@scope/worse/-/worse-9.9.9.tgz").bearer(&person.key)).await;
    assert_eq!(app.ledger().await[0].file, "worse-9.9.9.tgz");
}

#[tokio::test]
async fn a_request_that_names_two_hosts_is_refused() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    for hosts in ["127.0.0.1:1\r\nHost: other.example", "other.example\r\nHost: 127.0.0.1:1"] {
        let head = format!("GET /npm/-/ping HTTP/1.1\r\nHost: {hosts}\r\nConnection: close\r\n\r\n");
        let answer = served.raw(head).await;
        assert!(answer.starts_with("HTTP/1.1 400 Invalid request"), "{answer}");
    }
    served.stop().await;
}
