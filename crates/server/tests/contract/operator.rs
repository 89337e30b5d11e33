//! The operator's listener: alive, ready, counted.

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
