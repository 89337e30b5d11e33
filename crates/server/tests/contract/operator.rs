//! The operator's listener: alive, ready, counted.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Response;
use http_body_util::BodyExt;
use sekisho_server::admin::Admin;
use sekisho_server::gate::Knowledge;
use sekisho_testkit::{Setup, TestApp, fixtures};
use sekisho_upstream::SourceState;
use serde_json::Value;

async fn ask(app: &TestApp, path: &str) -> (u16, String) {
    let response: Response<Body> = Admin(app.app.clone()).handle(path).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn ready(app: &TestApp) -> (u16, Value) {
    let (status, body) = ask(app, "/readyz").await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn it_is_ready_when_the_database_answers_something_decides_and_a_registry_is_known() {
    let app = Setup::default().malware("MAL-1", "pkg:npm/evil").block("pkg:npm/x").start().await;
    let (status, body) = ready(&app).await;
    assert_eq!(status, 200);
    insta::assert_snapshot!(format!("{body:#}"));
    app.set_npm_source(SourceState::Off("set upstream.npm.url".to_owned()));
    let (status, body) = ready(&app).await;
    assert_eq!((status, &body["npm"]), (200, &Value::from("off: set upstream.npm.url")), "the other front works");
    app.app.store.close().await;
    let (status, body) = ready(&app).await;
    assert_eq!((status, &body["database"]), (503, &Value::from("not available")));
    assert_eq!(ask(&app, "/healthz").await, (200, "ok\n".to_owned()), "alive all the same");
}

#[tokio::test]
async fn it_says_where_nothing_decides() {
    let nothing = Setup::default().knows(Knowledge::NothingLoaded).start().await;
    let (status, body) = ready(&nothing).await;
    assert_eq!(status, 503, "{body}");
    let own = Setup::default().knows(Knowledge::OwnEntriesOnly).start().await;
    let (status, body) = ready(&own).await;
    assert_eq!(status, 200);
    assert!(body["advisories"].as_str().unwrap().contains("no source configured"), "{body}");
}

#[tokio::test]
async fn sources_that_fail_leave_it_ready_and_are_told_with_when_and_why() {
    let app = Setup::default().set("feed.sources", "/srv/advisories").start().await;
    let health = &app.app.feed_health;
    let metric = async |name: &str| {
        let (_, text) = ask(&app, "/metrics").await;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{name}: {text}"))
    };
    assert_eq!(metric("sekisho_feed_last_success_timestamp_seconds").await, "0");
    let good = app.app.clock.now();
    health.succeeded(good);
    app.advance(60);
    let bad = app.app.clock.now();
    health.failed(Some("/srv/advisories"), "/srv/advisories: it holds no record", bad);
    let (status, body) = ready(&app).await;
    assert_eq!((status, &body["ready"]), (200, &Value::from(true)));
    assert_eq!(body["feed"]["failing"], true);
    assert_eq!(body["feed"]["last_success"], good.to_string());
    let failure = &body["feed"]["failures"][0];
    assert_eq!((&failure["source"], &failure["last_failure"]), (&"/srv/advisories".into(), &bad.to_string().into()));
    assert_eq!(failure["problem"], "/srv/advisories: it holds no record");
    assert_eq!(metric("sekisho_feed_failing").await, "1");
    assert_eq!(metric("sekisho_feed_last_success_timestamp_seconds").await, (good.0 / 1000).to_string());
    assert_eq!(metric("sekisho_feed_last_failure_timestamp_seconds").await, (bad.0 / 1000).to_string());
    for _ in 0..1000 {
        health.failed(Some("/srv/advisories"), "again", bad);
    }
    health.succeeded(app.app.clock.now());
    let (_, body) = ready(&app).await;
    assert_eq!((&body["feed"]["failing"], body["feed"]["failures"].as_array().map(Vec::len)), (&false.into(), Some(1)));
    assert_eq!(metric("sekisho_feed_failing").await, "0");
}

#[tokio::test]
async fn the_documentation_lists_every_metric_and_nothing_else() {
    let app = Setup::default().set("artifacts.mode", "cache").set("feed.sources", "/srv/advisories").start().await;
    app.get("/npm/nothing").await;
    let (_, text) = ask(&app, "/metrics").await;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let served: BTreeSet<String> =
        types.map(|(name, kind)| format!("{name}{}", if kind == "counter" { "_total" } else { "" })).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `sekisho_")?.split_once(" | "));
    let names = rows.flat_map(|(names, _)| names.split(['`', ',', ' ', '{']).map(str::to_owned).collect::<Vec<_>>());
    let documented: BTreeSet<String> = names
        .filter(|name| name.len() > 8 && !name.ends_with('}'))
        .map(|name| if name.starts_with("sekisho_") { name } else { format!("sekisho_{name}") })
        .collect();
    assert_eq!(documented, served);
}

#[tokio::test]
async fn answers_are_counted_and_nothing_of_the_operator_s_is_on_the_public_address() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    for path in ["/npm/left-pad", "/npm/nothing", "/pypi/simple/", "/metrics", "/readyz", "/healthz"] {
        app.get(path).await;
    }
    let (status, text) = ask(&app, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "sekisho_answers_total{front=\"npm\",class=\"2xx\"} 1",
        "sekisho_answers_total{front=\"npm\",class=\"4xx\"} 1",
        "sekisho_answers_total{front=\"pypi\",class=\"2xx\"} 1",
        "sekisho_answers_total{front=\"pages\",class=\"4xx\"} 3",
        "sekisho_documents_compiled_total 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}
