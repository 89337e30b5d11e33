//! What npm's front answers besides packages: search, keys, attestations, tokens.

use sekisho_testkit::{Ask, Reply, Setup, TestApp, fixtures};
use serde_json::{Value, json};

use crate::support::assert_problem;

const SEARCH: &str = "/npm/-/v1/search";
const KEYS: &str = "/npm/-/npm/v1/keys";

async fn started() -> TestApp {
    let app = Setup::default()
        .malware("MAL-1", "pkg:npm/mixed@2.0.0")
        .malware("MAL-2", "pkg:npm/bad")
        .malware("MAL-3", "pkg:npm/unreachable@1.0.0")
        .start()
        .await;
    fixtures::npm(&app.upstream, "mixed", &["1.0.0", "2.0.0"]);
    fixtures::npm(&app.upstream, "good", &["1.0.0"]);
    app
}

fn found(name: &str, version: &str) -> Value {
    json!({"package": {"name": name, "version": version, "description": "x"}})
}

#[tokio::test]
async fn a_search_shows_no_refused_name_and_no_refused_version() {
    let app = started().await;
    let all = [found("good", "1.0.0"), found("mixed", "2.0.0"), found("bad", "1.0.0"), found("unreachable", "1.0.0")];
    let path = "/npm/-/v1/search?text=x&size=20&from=0&quality=0.65&popularity=0.98&maintenance=0.5";
    app.upstream.on(path, Reply::json(json!({"objects": all, "total": 4, "time": "x"}).to_string()));
    let answer = app.get(&format!("{path}&token=secret")).await;
    let body = answer.json();
    let shown: Vec<_> = body["objects"].as_array().unwrap().iter().map(|o| &o["package"]).collect();
    assert_eq!(shown, [&found("good", "1.0.0")["package"], &found("mixed", "1.0.0")["package"]]);
    assert_eq!(body["total"], 4);
    assert_eq!(app.upstream.count(path), 1, "only npm's parameters are passed on");
    // It is remembered, and decided on anew.
    app.set_malware(&[("MAL-4", "pkg:npm/good")]);
    let names: Vec<Value> = app.get(path).await.json()["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["package"]["name"].clone())
        .collect();
    assert_eq!(names, ["mixed", "bad", "unreachable"]);
    assert_eq!(app.upstream.count(path), 1);
}

#[tokio::test]
async fn a_registry_without_a_search_finds_nothing() {
    for status in [404, 405, 501] {
        let app = started().await;
        app.upstream.on("/npm/-/v1/search?text=x", Reply::status(status));
        let answer = app.get(&format!("{SEARCH}?text=x")).await;
        assert_eq!((answer.status, &answer.json()["objects"], &answer.json()["total"]), (200, &json!([]), &json!(0)));
        assert!(answer.header("npm-notice").unwrap().contains("has no search"), "{}", answer.show());
    }
    let app = started().await;
    app.upstream
        .on("/npm/-/v1/search?text=x", Reply::json(json!({"objects": [], "total": 0, "time": "x"}).to_string()));
    assert_eq!(app.get(&format!("{SEARCH}?text=x")).await.header("npm-notice"), None, "it looked, and found nothing");
}

#[tokio::test]
async fn a_search_that_is_none_is_refused_and_one_that_fails_is_told() {
    let app = started().await;
    for query in ["size=x", "from=-1", "quality=2", "popularity=NaN", &format!("text={}", "x".repeat(600))] {
        assert_problem(&app.get(&format!("{SEARCH}?{query}")).await, 400, "invalid_request");
    }
    app.upstream.on("/npm/-/v1/search?text=x", Reply::json("<html>"));
    assert_problem(&app.get(&format!("{SEARCH}?text=x")).await, 503, "upstream_unavailable");
    app.upstream.on("/npm/-/v1/search?text=y&size=250", Reply::status(403));
    assert_problem(&app.get(&format!("{SEARCH}?text=y&size=999999")).await, 503, "upstream_unavailable");
}

#[tokio::test]
async fn the_registrys_keys_are_passed_on() {
    let app = started().await;
    assert_problem(&app.get(KEYS).await, 404, "not_found");
    app.advance(61);
    let key = json!({"expires": null, "keyid": "SHA256:x", "keytype": "k", "scheme": "s", "key": "MFkw=="});
    app.upstream.on(KEYS, Reply::json(json!({"keys": [key]}).to_string()));
    assert_eq!(app.get(KEYS).await.json(), json!({"keys": [key]}));
    app.advance(61);
    app.upstream.on(KEYS, Reply::status(500));
    assert_eq!(app.get(KEYS).await.json(), json!({"keys": [key]}), "an old answer is better than none");
}

#[tokio::test]
async fn attestations_are_those_of_a_release_that_may_be_taken() {
    let app = started().await;
    let upstream = "/npm/-/npm/v1/attestations/mixed@1.0.0";
    let body = r#"{"attestations":[{"predicateType":"x","bundle":{"a":1.50}}]}"#;
    app.upstream.on(upstream, Reply::json(body));
    app.upstream.on("/npm/-/npm/v1/attestations/mixed@2.0.0", Reply::json(body));
    assert_eq!(app.get(upstream).await.text(), body, "signed bytes stay as they are");
    assert_problem(&app.get("/npm/-/npm/v1/attestations/mixed@2.0.0").await, 403, "package_blocked");
    assert_problem(&app.get("/npm/-/npm/v1/attestations/bad@1.0.0").await, 403, "package_blocked");
    assert_problem(&app.get("/npm/-/npm/v1/attestations/mixed@9.9.9").await, 404, "not_found");
    assert_problem(&app.get("/npm/-/npm/v1/attestations/good@1.0.0").await, 404, "not_found");
    assert_eq!(app.upstream.count("/npm/-/npm/v1/attestations/mixed@2.0.0"), 0);
}

#[tokio::test]
async fn attestations_are_at_the_root_too_where_npm_looks_by_the_path_in_the_release() {
    let app = started().await;
    let body = r#"{"attestations":[]}"#;
    app.upstream.on("/npm/-/npm/v1/attestations/mixed@1.0.0", Reply::json(body));
    assert_eq!(app.get("/-/npm/v1/attestations/mixed@1.0.0").await.text(), body);
    assert_problem(&app.get("/-/npm/v1/attestations/mixed@2.0.0").await, 403, "package_blocked");
    for other in ["/-/npm/v1/keys", "/-/ping", "/-/npm/v1/attestations", "/mixed"] {
        assert_problem(&app.get(other).await, 404, "not_found");
    }
}

#[tokio::test]
async fn npms_token_commands_say_where_keys_are_managed() {
    let app = started().await;
    for (method, path) in [("GET", "/npm/-/npm/v1/tokens"), ("DELETE", "/npm/-/npm/v1/tokens/token/abc")] {
        assert_problem(&app.ask(Ask::new(method, path)).await, 405, "unsupported_method");
    }
    let told = app.get("/npm/-/npm/v1/tokens").await.json()["error"].as_str().unwrap().to_owned();
    assert!(told.contains("/api/v1/tokens/status"), "{told}");
    assert!(app.upstream.requests().is_empty());
}

#[tokio::test]
async fn nothing_is_published_and_no_registry_is_asked() {
    let app = started().await;
    for (method, path) in [
        ("PUT", "/npm/good"),
        ("PUT", "/npm/@a%2fb"),
        ("PUT", "/npm/good/-rev/1-abc"),
        ("DELETE", "/npm/good/-/good-1.0.0.tgz/-rev/1"),
        ("PUT", "/npm/-/package/good/dist-tags/beta"),
        ("POST", "/npm/-/package/good/access"),
        ("POST", "/pypi/"),
        ("POST", "/pypi/legacy/"),
        ("POST", "/pypi/simple/"),
    ] {
        let answer = app.ask(Ask::post(path, "x".repeat(100_000)).method(method)).await;
        assert_problem(&answer, 405, "unsupported_method");
        let told = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(told.contains("read-only checkpoint") && told.contains("Publish to the registry itself"), "{told}");
    }
    assert!(app.upstream.requests().is_empty());
    assert_eq!(app.get("/npm/good?write=true").await.status, 200);
    assert_eq!(app.upstream.count("/npm/good"), 1);
}

#[tokio::test]
async fn a_warning_is_told_with_what_may_be_taken() {
    let app = Setup::default().warn("pkg:npm/mixed@2.0.0").warn("pkg:npm/good").start().await;
    fixtures::npm(&app.upstream, "mixed", &["1.0.0", "2.0.0"]);
    fixtures::npm(&app.upstream, "good", &["1.0.0"]);
    for (path, told) in [
        ("/npm/mixed", Some("mixed 2.0.0")),
        ("/npm/mixed/2.0.0", Some("mixed 2.0.0")),
        ("/npm/mixed/-/mixed-2.0.0.tgz", Some("mixed 2.0.0")),
        ("/npm/good/latest", Some("good 1.0.0")),
        ("/npm/mixed/1.0.0", None),
        ("/npm/mixed/-/mixed-1.0.0.tgz", None),
    ] {
        let answer = app.get(path).await;
        assert!(matches!(answer.status, 200 | 302), "{}", answer.show());
        let notice = told.map(|told| {
            format!("npm {told}: because of ticket 17 http://127.0.0.1:8417/why/npm/{}", told.replace(' ', "/"))
        });
        assert_eq!(answer.header("npm-notice").map(str::to_owned), notice, "{path}");
        if told.is_some() {
            assert_eq!(
                answer.header("cache-control"),
                Some("no-store"),
                "npm tells only what it does not store: {path}"
            );
        }
    }
    let why = app.ask(Ask::get("/why/npm/mixed/2.0.0").header("accept", "application/json")).await.json();
    assert_eq!((&why["verdict"], &why["entries"][0]["effect"]), (&json!("allowed"), &json!("warn")));
}

#[tokio::test]
async fn who_has_the_registry_s_keys_is_told_that_they_are_the_same() {
    let app = started().await;
    let keys = json!({"keys": [{"keyid": "SHA256:x", "keytype": "k", "scheme": "s", "key": "a", "expires": null}]});
    app.upstream.on("/npm/-/npm/v1/keys", Reply::json(keys.to_string()));
    let answer = app.get(KEYS).await;
    assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"), "{}", answer.show());
    let etag = answer.header("etag").unwrap().to_owned();
    let again = app.ask(Ask::get(KEYS).header("if-none-match", &etag)).await;
    assert_eq!((again.status, again.text().as_str()), (304, ""));
}
