//! Credentials: who is asking, and what a bad one is answered.

use sekisho_testkit::{Ask, Setup, TestApp, fixtures};

use crate::support::{assert_problem, shown};

/// A path on each kind of route.
const ROUTES: [&str; 8] = [
    "/npm/left-pad",
    "/npm/left-pad/-/left-pad-1.0.0.tgz",
    "/npm/-/ping",
    "/pypi/simple/flask/",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl",
    "/api/v1/tokens/status",
    "/why/npm/left-pad",
    "/problems/package_blocked",
];

async fn started(setup: Setup) -> TestApp {
    let app = setup.start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    app
}

/// The token with its last random character changed, so that its checksum is wrong.
fn changed(key: &str) -> String {
    let (head, tail) = key.split_at(key.len() - 7);
    let other = if tail.starts_with('x') { 'y' } else { 'x' };
    format!("{head}{other}{}", &tail[1..])
}

#[tokio::test]
async fn a_key_is_taken_as_bearer_and_as_password_on_every_route() {
    let app = started(Setup::default()).await;
    let person = app.register("you@example.com").await;
    for path in ROUTES {
        let asks = [
            Ask::get(path).bearer(&person.key),
            Ask::get(path).basic("token", &person.key),
            Ask::get(path).basic("", &person.key),
            Ask::get(path).basic("__token__", &person.key),
            Ask::get(path).header("authorization", &format!("bearer {}", person.key)),
        ];
        for ask in asks {
            let answer = app.ask(ask.clone()).await;
            assert!(matches!(answer.status, 200 | 302), "{ask:?}: {}", answer.show());
        }
    }
    assert!(app.ledger().await.len() >= 2, "what was taken with a key is in the ledger");
}

#[tokio::test]
async fn a_bad_credential_is_401_everywhere_and_never_anonymous() {
    let app = started(Setup::default()).await;
    let person = app.register("you@example.com").await;
    let unknown = "tg_anon_0000000000000000000000000000000ND6GK";
    let bad = [
        "Bearer".to_owned(),
        String::new(),
        format!("Bearer {}", changed(&person.key)),
        format!("Bearer {unknown}"),
        "Bearer tg_org_0000000000000000000000000000001H306S".to_owned(),
        "Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
        format!("Token {}", person.key),
        format!("Bearer {} {}", person.key, person.key),
        format!("Bearer {},", person.key),
        "Basic !!!".to_owned(),
        "Basic dG9rZW4=".to_owned(),
        "Basic dG9rZW46".to_owned(),
        "Negotiate YII=".to_owned(),
    ];
    for (number, authorization) in bad.iter().enumerate() {
        for path in ROUTES {
            let ask = Ask::get(path).header("authorization", authorization).from(&format!("198.51.100.{number}"));
            assert_problem(&app.ask(ask).await, 401, "invalid_token");
        }
    }
    assert!(app.ledger().await.is_empty());
    let anonymous = app.anonymous(sekisho_core::Ecosystem::Npm, "left-pad").await;
    assert!(anonymous.is_empty(), "a bad credential was treated as none: {anonymous:?}");
}

#[tokio::test]
async fn two_authorization_headers_are_a_bad_credential() {
    let app = started(Setup::default()).await;
    let person = app.register("you@example.com").await;
    let ask = Ask::get("/npm/left-pad").bearer(&person.key).bearer(&person.key);
    assert_problem(&app.ask(ask).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_token_in_a_query_is_no_credential() {
    let app = started(Setup::default()).await;
    let person = app.register("you@example.com").await;
    let path = format!("/api/v1/tokens/status?access_token={}&token={}", person.key, person.key);
    assert_problem(&app.get(&path).await, 401, "token_required");
}

#[tokio::test]
async fn no_credential_is_anonymous_on_package_routes_and_401_on_the_api() {
    let app = started(Setup::default()).await;
    for path in &ROUTES[..5] {
        let answer = app.get(path).await;
        assert!(matches!(answer.status, 200 | 302), "{path}: {}", answer.show());
    }
    for ask in [
        Ask::get("/api/v1/tokens/status"),
        Ask::new("POST", "/api/v1/tokens/regenerate"),
        Ask::new("DELETE", "/api/v1/tokens"),
    ] {
        assert_problem(&app.ask(ask).await, 401, "token_required");
    }
}

#[tokio::test]
async fn an_operator_can_forbid_anonymous_package_requests() {
    let app = started(Setup::default().set("anonymous", "false")).await;
    for path in ["/npm/left-pad", "/npm/left-pad/1.0.0", "/npm/left-pad/-/left-pad-1.0.0.tgz", "/pypi/simple/flask/"] {
        assert_problem(&app.get(path).await, 401, "token_required");
    }
    for path in ["/pypi/simple/", "/pypi/simple/Flask", "/pypi/files/flask/flask-1.0-py3-none-any.whl"] {
        assert_problem(&app.get(path).await, 401, "token_required");
    }
    let person = app.register("you@example.com").await;
    assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await.status, 200);
    assert_eq!(app.get("/npm/-/ping").await.status, 200);
    assert!(app.anonymous(sekisho_core::Ecosystem::Npm, "left-pad").await.is_empty());
}

#[tokio::test]
async fn npm_routes_challenge_nobody_because_npm_hides_the_text_then() {
    let app = started(Setup::default().set("anonymous", "false")).await;
    for ask in [
        Ask::get("/npm/left-pad"),
        Ask::get("/npm/left-pad").bearer("junk"),
        Ask::get("/npm/-/whoami"),
        Ask::get("/npm/nothing/at/all").bearer("junk"),
    ] {
        let answer = app.ask(ask.clone()).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, None), "{ask:?}");
    }
    insta::assert_snapshot!(shown(&app, &app.get("/npm/left-pad").await));
}

#[tokio::test]
async fn python_routes_challenge_with_basic_once() {
    let app = started(Setup::default().set("anonymous", "false")).await;
    for ask in [
        Ask::get("/pypi/simple/flask/"),
        Ask::get("/pypi/files/flask/flask-1.0-py3-none-any.whl"),
        Ask::get("/pypi/simple/flask/").basic("token", "junk"),
    ] {
        let answer = app.ask(ask.clone()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.all("www-authenticate"), ["Basic realm=\"Sekisho\", charset=\"UTF-8\""], "{ask:?}");
    }
}

#[tokio::test]
async fn the_api_challenges_with_bearer_and_says_when_a_token_was_bad() {
    let app = started(Setup::default()).await;
    let none = app.get("/api/v1/tokens/status").await;
    assert_eq!(none.all("www-authenticate"), ["Bearer"]);
    let bad = app.ask(Ask::get("/api/v1/tokens/status").bearer("junk")).await;
    assert_eq!(bad.all("www-authenticate"), ["Bearer error=\"invalid_token\""]);
    insta::assert_snapshot!("api_without_a_token", shown(&app, &none));
    insta::assert_snapshot!("api_with_a_bad_token", shown(&app, &bad));
}

#[tokio::test]
async fn whoami_names_the_owner_of_the_key() {
    let app = started(Setup::default()).await;
    let person = app.register("you@example.com").await;
    let answer = app.ask(Ask::get("/npm/-/whoami").bearer(&person.key)).await;
    assert_eq!(answer.json(), serde_json::json!({"username": "you@example.com"}));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
