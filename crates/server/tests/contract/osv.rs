//! The OSV-shaped endpoint: what is refused here, as scanners ask for it.

use sekisho_core::Timestamp;
use sekisho_testkit::{Ask, NOW, Setup, TestApp};
use serde_json::{Value, json};

use crate::support::{assert_problem, shown};

async fn started() -> TestApp {
    Setup::default()
        .malware("MAL-2026-1", "pkg:npm/evil@1.0.2")
        .malware("GHSA-by-alias", "pkg:pypi/worm")
        .block("pkg:pypi/six@1.17.0")
        .block("pkg:npm/@a/b")
        .start()
        .await
}

async fn ids(app: &TestApp, queries: Value) -> Vec<Vec<String>> {
    let answer = app.ask(Ask::post("/osv/v1/querybatch", json!({ "queries": queries }).to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.show());
    let body = answer.json();
    let results = body["results"].as_array().unwrap().iter();
    let ids = |result: &Value| {
        let vulns = result["vulns"].as_array().cloned().unwrap_or_default();
        vulns.iter().map(|v| v["id"].as_str().unwrap().to_owned()).collect()
    };
    results.map(ids).collect()
}

#[tokio::test]
async fn many_questions_are_answered_in_their_order() {
    let app = started().await;
    let found = ids(
        &app,
        json!([
            {"package": {"name": "evil", "ecosystem": "npm"}, "version": "1.0.2"},
            {"package": {"name": "evil", "ecosystem": "npm"}, "version": "1.0.1"},
            {"package": {"name": "Six", "ecosystem": "PyPI"}, "version": "1.17"},
            {"package": {"name": "worm", "ecosystem": "PyPI"}, "version": "3"},
            {"package": {"purl": "pkg:npm/%40a/b@2.0.0"}},
            {"package": {"purl": "pkg:npm/evil?arch=x"}, "version": "1.0.2"},
            {"package": {"name": "evil", "ecosystem": "npm"}},
            {"package": {"name": "rails", "ecosystem": "RubyGems"}, "version": "1"},
            {"package": {"purl": "pkg:gem/rails@1"}},
            {"package": {"name": "../x", "ecosystem": "npm"}, "version": "1"},
            {"commit": "abc"},
            {},
        ]),
    )
    .await;
    let wanted: [&[&str]; 12] = [
        &["MAL-2026-1"],
        &[],
        &["MAL-SEKISHO-pypi-six@1.17"],
        &["GHSA-by-alias", "MAL-SEKISHO-pypi-worm@3"],
        &["MAL-SEKISHO-npm-@a+b@2.0.0"],
        &["MAL-2026-1"],
        &[],
        &[],
        &[],
        &[],
        &[],
        &[],
    ];
    assert_eq!(found, wanted);
    assert!(app.upstream.requests().is_empty(), "no registry is asked");
}

#[tokio::test]
async fn every_id_leads_to_a_record() {
    let app = started().await;
    for (id, name) in [
        ("MAL-2026-1", "evil"),
        ("GHSA-by-alias", "worm"),
        ("MAL-SEKISHO-pypi-six@1.17.0", "six"),
        ("MAL-SEKISHO-npm-@a+b@2.0.0", "@a/b"),
        ("MAL-SEKISHO-npm-@a+b", "@a/b"),
    ] {
        let answer = app.get(&format!("/osv/v1/vulns/{id}")).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["id"]), (200, &json!(id)), "{}", answer.show());
        assert_eq!(body["affected"][0]["package"]["name"], name);
        let text = format!("{}{}", body["summary"], body["details"]);
        assert!(text.contains("/why/") && text.is_ascii(), "{text}");
    }
    for id in ["MAL-2026-9", "MAL-SEKISHO-pypi-six@1.16.0", "MAL-SEKISHO-npm-evil@1.0.1", "x%2Fy", "%ff"] {
        assert_problem(&app.get(&format!("/osv/v1/vulns/{id}")).await, 404, "not_found");
    }
    assert_problem(&app.get(&format!("/osv/v1/vulns/MAL-{}", "1".repeat(400))).await, 404, "not_found");
    app.set_malware(&[]);
    assert_problem(&app.get("/osv/v1/vulns/MAL-2026-1").await, 404, "not_found");
}

#[tokio::test]
async fn one_question_is_answered_with_the_whole_record() {
    let app = started().await;
    let ask = |version: &str| {
        Ask::post(
            "/osv/v1/query",
            json!({"package": {"name": "evil", "ecosystem": "npm"}, "version": version}).to_string(),
        )
    };
    insta::assert_snapshot!(shown(&app, &app.ask(ask("1.0.2")).await));
    assert_eq!(app.ask(ask("1.0.1")).await.json(), json!({}));
}

#[tokio::test]
async fn a_source_s_record_says_when_it_was_published_and_nothing_else_does() {
    let app = Setup::default()
        .malware_since("MAL-2026-1", "pkg:npm/evil", "2026-06-28T20:16:20Z".parse().unwrap())
        .malware_since("MAL-2026-2", "pkg:npm/early", Timestamp(NOW.0 + 60_000))
        .malware("MAL-2026-3", "pkg:npm/undated")
        .block_since("pkg:npm/own", Timestamp(0))
        .start()
        .await;
    for (id, published) in [
        ("MAL-2026-1", json!("2026-06-28T20:16:20Z")),
        ("MAL-2026-2", Value::Null),
        ("MAL-2026-3", Value::Null),
        ("MAL-SEKISHO-npm-own", Value::Null),
    ] {
        let body = app.get(&format!("/osv/v1/vulns/{id}")).await.json();
        assert_eq!((&body["id"], &body["published"]), (&json!(id), &published), "{body}");
        assert_eq!(body.get("published").is_some(), !published.is_null(), "left out: OSV has no null there");
        assert_eq!(body["modified"], NOW.to_string());
    }
}

#[tokio::test]
async fn a_query_that_is_none_is_refused() {
    let app = started().await;
    for path in ["/osv/v1/query", "/osv/v1/querybatch"] {
        for bad in
            ["", "[]x", "5", "[[]]", r#"{"package":5,"queries":5}"#, r#"{"package":["worm","PyPI"],"queries":[["1"]]}"#]
        {
            assert_problem(&app.ask(Ask::post(path, bad)).await, 400, "invalid_request");
        }
        assert_problem(&app.ask(Ask::post(path, vec![b' '; 3 << 20])).await, 413, "body_too_large");
        assert_problem(&app.ask(Ask::new("POST", path).body("{}")).await, 415, "unsupported_media_type");
        assert_problem(&app.get(path).await, 405, "unsupported_method");
    }
    let many = json!({"queries": vec![json!({}); 10_001]}).to_string();
    assert_problem(&app.ask(Ask::post("/osv/v1/querybatch", many)).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_name_or_version_of_a_stranger_does_not_come_back_to_a_terminal() {
    let app = started().await;
    let found = ids(&app, json!([{"package": {"name": "worm", "ecosystem": "PyPI"}, "version": "1\u{1b}[2J"}])).await;
    assert_eq!(found, [["GHSA-by-alias", "MAL-SEKISHO-pypi-worm"]]);
}

#[tokio::test]
async fn where_nothing_was_loaded_nothing_is_said_to_be_good() {
    let app = Setup::default().knows(sekisho_server::gate::Knowledge::NothingLoaded).start().await;
    let answer = app.ask(Ask::post("/osv/v1/querybatch", r#"{"queries":[]}"#)).await;
    assert_problem(&answer, 503, "nothing_loaded");
}
