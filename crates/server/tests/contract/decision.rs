//! The decision as callers see it: knowledge, the operator's entries, and time.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::policy::Policy;
use sekisho_server::gate::Knowledge;
use sekisho_testkit::{Ask, NOW, Setup, TestApp, fixtures};

use crate::support::{assert_problem, shown};

const PACKAGE_ROUTES: [&str; 8] = [
    "/npm/left-pad",
    "/npm/left-pad/1.0.0",
    "/npm/left-pad/latest",
    "/npm/-/package/left-pad/dist-tags",
    "/npm/left-pad/-/left-pad-1.0.0.tgz",
    "/pypi/simple/flask/",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata",
];

async fn started(setup: Setup) -> TestApp {
    let app = setup.start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::npm(&app.upstream, "evil", &["1.0.1", "1.0.2"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    fixtures::pypi(&app.upstream, "evil", &["1.0", "1.1"]);
    app
}

/// Whether a release comes out of npm: its metadata and its tarball, which never differ.
async fn npm_has(app: &TestApp, version: &str) -> bool {
    let document = app.get("/npm/evil").await;
    let listed = document.status == 200 && document.json()["versions"].get(version).is_some();
    let tarball = app.get(&format!("/npm/evil/-/evil-{version}.tgz")).await.status;
    assert_eq!(tarball, if listed { 302 } else { 403 }, "metadata and tarball of {version} disagree");
    listed
}

#[tokio::test]
async fn nothing_passes_unchecked_while_a_configured_source_was_never_loaded() {
    let app = started(Setup::default().knows(Knowledge::NothingLoaded)).await;
    for path in PACKAGE_ROUTES {
        for ask in [Ask::get(path), Ask::head(path)] {
            let answer = app.ask(ask.clone()).await;
            assert_eq!(answer.status, 503, "{ask:?}");
            assert!(answer.header("retry-after").is_some(), "{ask:?}");
        }
    }
    insta::assert_snapshot!(shown(&app, &app.get("/npm/left-pad").await));
    assert!(app.upstream.requests().is_empty());
    // The API does not depend on it, and all is well once something was loaded.
    app.register("you@example.com").await;
    app.set_malware(&[]);
    for path in PACKAGE_ROUTES {
        assert!(matches!(app.get(path).await.status, 200 | 302), "{path}");
    }
}

#[tokio::test]
async fn without_a_source_the_operator_s_own_entries_count() {
    let app = started(Setup::default().knows(Knowledge::OwnEntriesOnly).block("pkg:npm/evil@1.0.2")).await;
    for path in PACKAGE_ROUTES {
        assert!(matches!(app.get(path).await.status, 200 | 302), "{path}");
    }
    assert!(npm_has(&app, "1.0.1").await && !npm_has(&app, "1.0.2").await);
}

#[tokio::test]
async fn a_name_or_a_release_is_blocked_by_an_advisory_or_by_the_operator() {
    let app = started(Setup::default().malware("MAL-1", "pkg:npm/evil@1.0.1").block("pkg:pypi/evil@1.0.0")).await;
    assert!(!npm_has(&app, "1.0.1").await && npm_has(&app, "1.0.2").await);
    // 1.0.0 is 1.0 by the ecosystem's equality.
    assert_problem(&app.get("/pypi/files/evil/evil-1.0-py3-none-any.whl").await, 403, "package_blocked");
    assert_eq!(app.get("/pypi/files/evil/evil-1.1-py3-none-any.whl").await.status, 302);
    app.set_malware(&[("MAL-2", "pkg:npm/evil")]);
    assert!(!npm_has(&app, "1.0.1").await && !npm_has(&app, "1.0.2").await);
}

#[tokio::test]
async fn new_advisories_hold_from_the_next_request_on_and_may_be_taken_back() {
    let app = started(Setup::default()).await;
    assert!(npm_has(&app, "1.0.2").await);
    app.set_malware(&[("MAL-1", "pkg:npm/evil@1.0.2"), ("MAL-1", "pkg:pypi/evil@1.1")]);
    assert!(!npm_has(&app, "1.0.2").await);
    assert_problem(&app.get("/pypi/files/evil/evil-1.1-py3-none-any.whl").await, 403, "package_blocked");
    app.set_malware(&[]);
    assert!(npm_has(&app, "1.0.2").await);
    assert_eq!(app.get("/pypi/files/evil/evil-1.1-py3-none-any.whl").await.status, 302);
}

#[tokio::test]
async fn an_allow_entry_lets_through_and_not_beyond_its_end() {
    let end = NOW.plus(Duration::from_secs(30));
    let setup = Setup::default()
        .malware("MAL-1", "pkg:npm/evil@1.0.2")
        .malware("MAL-2", "pkg:pypi/evil")
        .allow("pkg:npm/evil@1.0.2", Some(end))
        .allow("pkg:pypi/evil@1.1", Some(end));
    let app = started(setup).await;
    let yanked = async || {
        let ask = Ask::get("/pypi/simple/evil/").header("accept", "application/vnd.pypi.simple.v1+json");
        let page = app.ask(ask).await.json();
        let files = page["files"].as_array().unwrap().clone();
        files.iter().map(|file| file.get("yanked").is_some_and(|y| y.is_string())).collect::<Vec<_>>()
    };
    let file = "/pypi/files/evil/evil-1.1-py3-none-any.whl";
    for _ in 0..2 {
        assert!(npm_has(&app, "1.0.2").await);
        assert_eq!(yanked().await, [true, false]);
        assert_eq!(app.get(file).await.status, 302);
        app.advance(14);
    }
    // 28 s have passed: the documents are fresh, and what was seen in them is remembered. Two more seconds end it.
    app.advance(2);
    assert!(!npm_has(&app, "1.0.2").await);
    assert_eq!(yanked().await, [true, true]);
    assert_problem(&app.get(file).await, 403, "package_blocked");
}

#[tokio::test]
async fn entries_survive_a_reload_of_advisories_and_advisories_one_of_entries() {
    let app = started(Setup::default().block("pkg:npm/evil@1.0.1").malware("MAL-1", "pkg:npm/evil@1.0.2")).await;
    app.set_malware(&[("MAL-1", "pkg:npm/evil@1.0.2")]);
    assert!(!npm_has(&app, "1.0.1").await && !npm_has(&app, "1.0.2").await);
    app.app.gate.set_policy(Arc::new(Policy::default()));
    assert!(npm_has(&app, "1.0.1").await && !npm_has(&app, "1.0.2").await);
}

#[tokio::test]
async fn a_refused_release_leaves_no_trace_in_a_packument() {
    let app = started(Setup::default().malware("MAL-1", "pkg:npm/evil@1.0.2")).await;
    for accept in ["application/json", "application/vnd.npm.install-v1+json"] {
        let answer = app.ask(Ask::get("/npm/evil").header("accept", accept)).await;
        assert!(!answer.text().contains("1.0.2"), "{accept}: {}", answer.text());
        assert_eq!(answer.json()["dist-tags"]["latest"], "1.0.1");
    }
}
