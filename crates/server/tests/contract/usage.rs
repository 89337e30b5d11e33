//! `status`: what a key's owner reads about it, and what counts as an install.

use sekisho_core::Ecosystem;
use sekisho_testkit::{Ask, Setup, TestApp, fixtures};

use crate::support::shown;

const TARBALL: &str = "/npm/left-pad/-/left-pad-1.0.0.tgz";
const WHEEL: &str = "/pypi/files/flask/flask-1.0-py3-none-any.whl";

async fn started() -> TestApp {
    let app = Setup::default().malware("MAL-2026-1", "pkg:npm/evil@1.0.2").start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::npm(&app.upstream, "evil", &["1.0.1", "1.0.2"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    app
}

#[tokio::test]
async fn a_fresh_key_s_status_has_every_field() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    let answer = app.ask(Ask::get("/api/v1/tokens/status").bearer(&person.key)).await;
    insta::assert_snapshot!(shown(&app, &answer));
}

#[tokio::test]
async fn status_counts_what_was_taken_and_refused() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    for path in [TARBALL, WHEEL, "/npm/evil/-/evil-1.0.1.tgz", "/npm/evil/-/evil-1.0.2.tgz"] {
        app.ask(Ask::get(path).bearer(&person.key)).await;
    }
    app.advance(31 * 24 * 3600);
    app.ask(Ask::get(TARBALL).bearer(&person.key)).await;
    let answer = app.ask(Ask::get("/api/v1/tokens/status").bearer(&person.key)).await;
    insta::assert_snapshot!(shown(&app, &answer));
}

#[tokio::test]
async fn ranges_and_retries_of_ten_minutes_are_one_install() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    let take = || Ask::get(WHEEL).bearer(&person.key).header("range", "bytes=0-99");
    let installs = async || app.status(&person.key).await["usage"]["installs"].as_i64().unwrap();
    for _ in 0..3 {
        assert_eq!(app.ask(take()).await.status, 206);
        app.advance(60);
    }
    assert_eq!(installs().await, 1);
    assert_eq!(app.ledger().await.len(), 3, "every request has a row, whatever it counts as");
    app.advance(601);
    app.ask(take()).await;
    assert_eq!(installs().await, 2);
}

#[tokio::test]
async fn metadata_and_head_are_not_installs() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    let metadata = format!("{WHEEL}.metadata");
    for ask in [
        Ask::get(&metadata),
        Ask::head(&metadata),
        Ask::head(WHEEL),
        Ask::head(TARBALL),
        Ask::get("/npm/left-pad"),
        Ask::get("/npm/left-pad/1.0.0"),
        Ask::get("/pypi/simple/flask/"),
    ] {
        assert_eq!(app.ask(ask.clone().bearer(&person.key)).await.status, 200, "{ask:?}");
        assert_eq!(app.ask(ask.clone()).await.status, 200, "{ask:?}");
    }
    assert!(app.ledger().await.is_empty());
    assert!(app.anonymous(Ecosystem::Npm, "left-pad").await.is_empty());
    assert!(app.anonymous(Ecosystem::Pypi, "flask").await.is_empty());
    assert_eq!(app.status(&person.key).await["usage"]["installs"], 0);
}

#[tokio::test]
async fn last_used_is_the_last_package_request() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    let last = async || app.status(&person.key).await["token"]["last_used_at"].clone();
    assert_eq!(last().await, serde_json::Value::Null, "asking for the status is no use");
    app.advance(600);
    app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await;
    assert_eq!(last().await, "2026-11-23T09:10:00Z");
    app.advance(600);
    app.app.callers.write_uses().await.unwrap();
    assert_eq!(last().await, "2026-11-23T09:10:00Z", "it is on disk and still the same");
}

#[tokio::test]
async fn the_ledger_says_who_took_what_when_with_which_client_from_where() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    let ask = Ask::get(TARBALL).bearer(&person.key).from("2001:db8:1:2:3::4");
    let ask = ask.header("user-agent", "npm/12.2.0 node/v22.23.3 linux x64 workspaces/false");
    assert_eq!(app.ask(ask).await.status, 302);
    let row = app.ledger().await.remove(0);
    assert_eq!((row.ecosystem, row.name.as_str(), row.version.as_str()), (Ecosystem::Npm, "left-pad", "1.0.0"));
    assert_eq!((row.file.as_str(), row.outcome.as_str(), row.reason.as_str()), ("left-pad-1.0.0.tgz", "answered", ""));
    assert_eq!((row.client_name.as_str(), row.client_version.as_str()), ("npm", "12.2.0"));
    assert_eq!((row.address.as_str(), row.at), ("2001:db8:1:2::/64", sekisho_testkit::NOW));
}

#[tokio::test]
async fn a_request_without_a_key_raises_a_number_and_keeps_no_address() {
    let app = started().await;
    for _ in 0..2 {
        assert_eq!(app.get(TARBALL).await.status, 302);
    }
    assert_eq!(app.get("/npm/evil/-/evil-1.0.2.tgz").await.status, 403);
    assert!(app.ledger().await.is_empty());
    let taken = app.anonymous(Ecosystem::Npm, "left-pad").await;
    assert_eq!((taken.len(), taken[0].requests, taken[0].outcome.as_str()), (1, 2, "answered"));
    let refused = app.anonymous(Ecosystem::Npm, "evil").await;
    assert_eq!((refused.len(), refused[0].requests, refused[0].outcome.as_str()), (1, 1, "refused"));
}
