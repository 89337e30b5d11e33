//! Bad input of callers: each a clear problem with a stable code, and nothing lost.

use sekisho_testkit::{Ask, TestApp, fixtures};

use crate::support::{assert_problem, shown};

/// The detail of an invalid request.
async fn detail(app: &TestApp, path: &str, body: &str) -> String {
    let answer = app.ask(Ask::post(path, body.to_owned())).await;
    assert_problem(&answer, 400, "invalid_request");
    answer.json()["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_named_with_its_place() {
    let app = TestApp::start().await;
    for body in ["", "{", "{\"email\":}", "nope", "[]", "\"text\"", "null", "17", "{\"email\":\"a@b.c\"} x", "\u{0}"] {
        detail(&app, "/api/v1/tokens", body).await;
    }
    let deep = "[".repeat(20_000);
    detail(&app, "/api/v1/tokens", &deep).await;
    let answer = app.ask(Ask::post("/api/v1/tokens", "{\n  \"email\": oops\n}")).await;
    insta::assert_snapshot!(shown(&app, &answer));
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let app = TestApp::start().await;
    let mut said = String::new();
    for (path, body) in [
        ("/api/v1/tokens", r#"{}"#),
        ("/api/v1/tokens", r#"{"email":null}"#),
        ("/api/v1/tokens", r#"{"email":17}"#),
        ("/api/v1/tokens", r#"{"email":["a@example.com"]}"#),
        ("/api/v1/tokens", r#"{"email":"not an address"}"#),
        ("/api/v1/tokens", r#"{"email":"a@example.com\r\nBcc: b@example.com"}"#),
        ("/api/v1/tokens", r#"{"email":"a@example.com","language":"fr"}"#),
        ("/api/v1/tokens", r#"{"email":"a@example.com","language":17}"#),
        ("/api/v1/tokens", r#"{"email":"x","language":"tlh"}"#),
        ("/api/v1/tokens/reset", r#"{}"#),
        ("/api/v1/tokens/reset", r#"{"email":"a@example.com"}"#),
        ("/api/v1/tokens/reset", r#"{"email":"a@example.com","code":17}"#),
        ("/api/v1/tokens/reset", r#"{"email":"a@example.com","code":null}"#),
        ("/api/v1/leaks", r#"{}"#),
        ("/api/v1/leaks", r#"{"tokens":"tg_anon_x"}"#),
        ("/api/v1/leaks", r#"{"tokens":[1]}"#),
    ] {
        said.push_str(&format!("{body}\n  {}\n", detail(&app, path, body).await));
    }
    insta::assert_snapshot!(said);
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn a_body_over_64_kib_is_413_and_one_of_exactly_that_is_read() {
    let app = TestApp::start().await;
    let body = |size: usize| {
        let rest = r#"{"email":"you@example.com","x":""}"#.len();
        format!(r#"{{"email":"you@example.com","x":"{}"}}"#, "a".repeat(size - rest))
    };
    assert_eq!(app.ask(Ask::post("/api/v1/tokens", body(64 * 1024))).await.status, 202);
    let answer = app.ask(Ask::post("/api/v1/tokens", body(64 * 1024 + 1))).await;
    insta::assert_snapshot!(shown(&app, &answer));
    let huge = Ask::post("/api/v1/tokens", "x".repeat(10 << 20));
    assert_problem(&app.ask(huge).await, 413, "body_too_large");
}

#[tokio::test]
async fn another_content_type_is_415() {
    let app = TestApp::start().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let ask = Ask::new("POST", "/api/v1/tokens").header("content-type", content_type);
        assert_problem(&app.ask(ask.body(r#"{"email":"you@example.com"}"#)).await, 415, "unsupported_media_type");
    }
    let none = Ask::new("POST", "/api/v1/tokens").body(r#"{"email":"you@example.com"}"#);
    assert_problem(&app.ask(none).await, 415, "unsupported_media_type");
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        let ask = Ask::new("POST", "/api/v1/tokens").header("content-type", content_type);
        assert_eq!(app.ask(ask.body(r#"{"email":"you@example.com"}"#)).await.status, 202, "{content_type}");
    }
}

#[tokio::test]
async fn a_path_that_walks_is_refused_in_every_spelling_and_never_goes_upstream() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    for path in [
        "/npm/../etc/passwd",
        "/npm/..%2f..%2fetc%2fpasswd",
        "/npm/%2e%2e/%2e%2e/secret",
        "/npm/%252e%252e/x",
        "/npm/left-pad/../other",
        "/npm/left-pad/-/..",
        "/npm/left-pad/-/..%2fleft-pad-1.0.0.tgz",
        "/npm/left-pad/-/%2e%2e%2fsecret.tgz",
        "/npm/left-pad/-/%252e%252e%252fsecret.tgz",
        "/npm/@scope%2f..%2fleft-pad",
        "/npm/@..%2fleft-pad",
        "/npm/left-pad%00",
        "/npm/left-pad\\..\\x",
        "/npm//left-pad",
        "/npm/.",
        "/npm/%ff",
        "/pypi/simple/../flask/",
        "/pypi/simple/%2e%2e/flask/",
        "/pypi/simple/%252e%252e/",
        "/pypi/simple/flask%2f..%2fother/",
        "/pypi/files/flask/../x.whl",
        "/pypi/files/flask/%2e%2e",
        "/pypi/files/flask/..%2f..%2fsecret",
        "/pypi/files/flask/%252e%252e%252fsecret.whl",
        "/pypi/files/flask/x%00.whl",
        "/pypi/files/flask/..",
        "/pypi/files/flask/x%zz.whl",
        "/pypi/../npm/left-pad",
        "/api/v1/../../npm/left-pad",
        "/why/npm/%2e%2e",
    ] {
        let answer = app.get(path).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.show());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        assert!(!answer.text().contains("passwd"), "{path}: {}", answer.text());
    }
    let asked: Vec<String> = app.upstream.requests().into_iter().map(|seen| seen.path).collect();
    assert!(asked.iter().all(|path| !path.contains("..") && !path.contains("2e")), "{asked:?}");
    assert_problem(&app.get("/npm/%2e%2e/x").await, 400, "invalid_request");
    assert_problem(&app.get("/pypi/simple/%2e%2e/").await, 400, "invalid_request");
    assert_problem(&app.get(&format!("/npm/{}", "a".repeat(5000))).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_query_changes_nothing() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    assert_eq!(app.get("/npm/left-pad?write=true&x=../../y").await.status, 200);
    assert_eq!(app.upstream.requests()[0].path, "/npm/left-pad");
}

#[tokio::test]
async fn a_client_s_name_in_the_ledger_is_cut_and_plain() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    let person = app.register("you@example.com").await;
    let long = format!("{}/1.0", "x".repeat(9000));
    for agent in [long.as_str(), "\"><script>alert(1)</script>/6", "a\tb/1"] {
        let ask = Ask::get("/npm/left-pad/-/left-pad-1.0.0.tgz").bearer(&person.key).header("user-agent", agent);
        assert_eq!(app.ask(ask).await.status, 302, "{agent}");
    }
    for row in app.ledger().await {
        for text in [&row.client_name, &row.client_version] {
            assert!(text.len() <= 40 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'<'), "{text}");
        }
    }
}
