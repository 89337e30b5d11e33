//! Addresses: `Host` selects one, every link starts with it, any other is `421`.

use sekisho_testkit::{Ask, Setup, TestApp, fixtures};

use crate::support::{assert_problem, shown};

async fn with_hosts() -> TestApp {
    let app = Setup::default()
        .set("public_urls", "https://packages.example.com,http://gate.example:8080")
        .set("npm_host", "npm.example.com")
        .set("pypi_host", "pypi.example.com")
        .malware("MAL-2026-1", "pkg:npm/evil")
        .start()
        .await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    app
}

#[tokio::test]
async fn every_npm_link_starts_with_the_address_that_was_asked() {
    let app = with_hosts().await;
    for (host, path, registry) in [
        ("packages.example.com", "/npm/left-pad", "https://packages.example.com/npm"),
        ("PACKAGES.example.com:443", "/npm/left-pad", "https://packages.example.com/npm"),
        ("gate.example:8080", "/npm/left-pad", "http://gate.example:8080/npm"),
        ("127.0.0.1:8417", "/npm/left-pad", "http://127.0.0.1:8417/npm"),
        ("localhost:8417", "/npm/left-pad", "http://localhost:8417/npm"),
        ("[::1]:8417", "/npm/left-pad", "http://[::1]:8417/npm"),
        ("npm.example.com", "/left-pad", "https://npm.example.com"),
    ] {
        let answer = app.ask(Ask::get(path).host(host)).await;
        assert_eq!(answer.status, 200, "{host}: {}", answer.show());
        let tarball = format!("{registry}/left-pad/-/left-pad-1.0.0.tgz");
        assert_eq!(answer.json()["versions"]["1.0.0"]["dist"]["tarball"], tarball, "{host}");
        let version = app.ask(Ask::get(&format!("{path}/1.0.0")).host(host)).await;
        assert_eq!(version.json()["dist"]["tarball"], tarball, "{host}");
    }
}

#[tokio::test]
async fn every_python_link_starts_with_the_address_that_was_asked() {
    let app = with_hosts().await;
    for (host, path, files) in [
        ("packages.example.com", "/pypi/simple/flask/", "https://packages.example.com/pypi/files"),
        ("gate.example:8080", "/pypi/simple/flask/", "http://gate.example:8080/pypi/files"),
        ("pypi.example.com", "/simple/flask/", "https://pypi.example.com/files"),
    ] {
        let file = format!("{files}/flask/flask-1.0-py3-none-any.whl");
        let json = Ask::get(path).host(host).header("accept", "application/vnd.pypi.simple.v1+json");
        assert_eq!(app.ask(json).await.json()["files"][0]["url"], file, "{host}");
        let html = app.ask(Ask::get(path).host(host).header("accept", "text/html")).await.text();
        assert!(html.contains(&format!("href=\"{file}#")), "{host}: {html}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_spelling_starts_with_the_address_that_was_asked() {
    let app = with_hosts().await;
    for (host, path, to) in [
        ("gate.example:8080", "/pypi/simple/Flask", "http://gate.example:8080/pypi/simple/flask/"),
        ("pypi.example.com", "/simple/FLASK/", "https://pypi.example.com/simple/flask/"),
        ("pypi.example.com", "/simple", "https://pypi.example.com/simple/"),
    ] {
        let answer = app.ask(Ask::get(path).host(host)).await;
        assert_eq!((answer.status, answer.header("location")), (301, Some(to)), "{host}{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{host}{path}");
    }
}

#[tokio::test]
async fn a_registry_host_serves_its_registry_and_the_api_and_nothing_else() {
    let app = with_hosts().await;
    let person = app.register("you@example.com").await;
    for host in ["npm.example.com", "pypi.example.com"] {
        let status = app.ask(Ask::get("/api/v1/tokens/status").host(host).bearer(&person.key)).await;
        assert_eq!(status.status, 200, "{host}");
        let pattern = app.ask(Ask::get("/api/v1/tokens/pattern").host(host)).await;
        assert_eq!(pattern.status, 200, "{host}");
    }
    assert_eq!(app.ask(Ask::get("/-/ping").host("npm.example.com")).await.status, 200);
    for (host, path) in [
        ("npm.example.com", "/npm/left-pad/-/left-pad-1.0.0.tgz"),
        ("pypi.example.com", "/npm/left-pad"),
        ("pypi.example.com", "/pypi/simple/flask/"),
    ] {
        assert_problem(&app.ask(Ask::get(path).host(host)).await, 404, "not_found");
    }
}

#[tokio::test]
async fn pages_that_a_registry_host_names_are_on_the_address_that_serves_everything() {
    let app = with_hosts().await;
    let body = app.ask(Ask::get("/evil").host("npm.example.com")).await.json();
    assert_eq!(body["type"], "https://packages.example.com/problems/package_blocked");
    assert!(body["detail"].as_str().unwrap().ends_with("https://packages.example.com/why/npm/evil"), "{body}");
}

#[tokio::test]
async fn a_foreign_host_is_answered_421_with_the_name_of_the_setting() {
    let app = with_hosts().await;
    let answer = app.ask(Ask::get("/npm/left-pad").host("evil.example")).await;
    insta::assert_snapshot!(shown(&app, &answer));
    for host in ["localhost", "127.0.0.1", "127.0.0.1:1", "packages.example.com.evil.example", "a@gate.example:8080"] {
        assert_problem(&app.ask(Ask::get("/npm/left-pad").host(host)).await, 421, "unknown_host");
    }
    let absolute = Ask::get("http://evil.example/npm/left-pad").host("127.0.0.1:8417");
    assert_problem(&app.ask(absolute).await, 421, "unknown_host");
}

#[tokio::test]
async fn a_mail_uses_the_addresses_under_which_it_was_asked_for() {
    let app = with_hosts().await;
    let ask = Ask::post("/api/v1/tokens", r#"{"email":"you@example.com"}"#).host("npm.example.com");
    assert_eq!(app.ask(ask).await.status, 202);
    let mail = app.mails().await.remove(0);
    assert!(mail.text.contains("https://npm.example.com/"), "{}", mail.text);
    assert!(mail.text.contains("@pypi.example.com/simple/"), "{}", mail.text);
    assert!(!mail.text.contains("127.0.0.1"), "{}", mail.text);
}

#[tokio::test]
async fn whoever_registers_a_stranger_cannot_make_the_mail_tell_of_a_loopback_name() {
    let app = with_hosts().await;
    for host in ["127.0.0.1:8417", "localhost:8417", "[::1]:8417"] {
        let ask = Ask::post("/api/v1/tokens", r#"{"email":"you@example.com"}"#).host(host);
        assert_eq!(app.ask(ask).await.status, 202);
        let mail = app.mails().await.remove(0);
        assert!(mail.text.contains("https://packages.example.com/npm/"), "{host}: {}", mail.text);
        assert!(!mail.text.contains("8417"), "{host}: {}", mail.text);
    }
}
