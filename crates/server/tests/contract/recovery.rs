//! Rotating, recovering and revoking keys.

use sekisho_testkit::{Ask, Person, TestApp, fixtures};

use crate::support::{assert_problem, shown};

fn reset(email: &str, code: &str) -> Ask {
    Ask::post("/api/v1/tokens/reset", format!(r#"{{"email":"{email}","code":"{code}"}}"#))
}

fn regenerate(person: &Person) -> Ask {
    Ask::new("POST", "/api/v1/tokens/regenerate").bearer(&person.key)
}

#[tokio::test]
async fn a_regenerated_key_replaces_the_presented_one_at_once() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    let person = app.register("you@example.com").await;
    // Known in memory before it ends.
    assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await.status, 200);
    let answer = app.ask(regenerate(&person)).await;
    insta::assert_snapshot!("regenerated", shown(&app, &answer));
    let new = answer.json()["api_key"].as_str().unwrap().to_owned();
    for path in ["/npm/left-pad", "/pypi/simple/", "/api/v1/tokens/status"] {
        assert_problem(&app.ask(Ask::get(path).bearer(&person.key)).await, 401, "invalid_token");
        assert_eq!(app.ask(Ask::get(path).bearer(&new)).await.status, 200, "{path}");
    }
    assert_problem(&app.ask(regenerate(&person)).await, 401, "invalid_token");
    let mail = app.mails().await.remove(0);
    assert!(mail.key().is_none());
    insta::assert_snapshot!("regenerated_mail", mail.text);
}

#[tokio::test]
async fn a_code_is_traded_for_a_key_and_every_earlier_key_ends() {
    let app = TestApp::start().await;
    let person = app.register("you@example.com").await;
    assert_eq!(app.status_of(&person.key).await, 200);
    let code = app.code_for("you@example.com").await;
    let answer = app.ask(reset("You@Example.com", &code.to_lowercase())).await;
    insta::assert_snapshot!("reset", shown(&app, &answer));
    let new = answer.json()["api_key"].as_str().unwrap().to_owned();
    assert_eq!(app.status_of(&new).await, 200);
    assert_eq!(app.status_of(&person.key).await, 401);
    insta::assert_snapshot!("reset_mail", app.mails().await[0].text);
}

#[tokio::test]
async fn wrong_used_expired_and_unknown_codes_are_answered_alike() {
    let app = TestApp::start().await;
    app.register("you@example.com").await;
    let code = app.code_for("you@example.com").await;
    let body = |answer: sekisho_testkit::Answer| {
        assert_problem(&answer, 400, "invalid_code");
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        body
    };
    let wrong = body(app.ask(reset("you@example.com", "0000000000")).await);
    let shape = body(app.ask(reset("you@example.com", "no code at all!")).await);
    let unknown = body(app.ask(reset("nobody@example.com", &code)).await);
    assert_eq!(app.ask(reset("you@example.com", &code)).await.status, 200);
    let used = body(app.ask(reset("you@example.com", &code)).await);
    let late = app.code_for("you@example.com").await;
    app.advance(3600);
    let expired = body(app.ask(reset("you@example.com", &late)).await);
    for other in [shape, unknown, used, expired] {
        assert_eq!(other, wrong);
    }
    insta::assert_snapshot!("invalid_code", format!("{wrong:#}"));
}

#[tokio::test]
async fn a_code_lasts_an_hour() {
    let app = TestApp::start().await;
    app.register("you@example.com").await;
    let code = app.code_for("you@example.com").await;
    app.advance(3599);
    assert_eq!(app.ask(reset("you@example.com", &code)).await.status, 200);
}

#[tokio::test]
async fn a_later_code_does_not_end_an_earlier_one_and_using_one_ends_all() {
    let app = TestApp::start().await;
    app.register("you@example.com").await;
    let first = app.code_for("you@example.com").await;
    app.advance(60);
    let second = app.code_for("you@example.com").await;
    assert_ne!(first, second);
    assert_eq!(app.ask(reset("you@example.com", &first)).await.status, 200);
    assert_problem(&app.ask(reset("you@example.com", &second)).await, 400, "invalid_code");
}

#[tokio::test]
async fn five_wrong_codes_end_the_tries_of_a_network_for_an_hour_and_of_no_other() {
    let app = TestApp::start().await;
    app.register("you@example.com").await;
    for _ in 0..5 {
        assert_problem(&app.ask(reset("you@example.com", "0000000000")).await, 400, "invalid_code");
    }
    let code = app.code_for("you@example.com").await;
    assert_problem(&app.ask(reset("you@example.com", &code)).await, 400, "invalid_code");
    // The person is not locked out by somebody else's tries.
    assert_eq!(app.ask(reset("you@example.com", &code).from("192.0.2.77")).await.status, 200);
    app.advance(3601);
    let code = app.code_for("you@example.com").await;
    assert_eq!(app.ask(reset("you@example.com", &code)).await.status, 200);
}

#[tokio::test]
async fn a_right_code_forgives_the_wrong_ones_before() {
    let app = TestApp::start().await;
    app.register("you@example.com").await;
    for _ in 0..2 {
        for _ in 0..4 {
            assert_problem(&app.ask(reset("you@example.com", "0000000000")).await, 400, "invalid_code");
        }
        let code = app.code_for("you@example.com").await;
        assert_eq!(app.ask(reset("you@example.com", &code)).await.status, 200);
    }
}

#[tokio::test]
async fn a_revoked_key_is_401_in_every_ecosystem_and_its_address_can_register_anew() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    let person = app.register("you@example.com").await;
    let tarball = Ask::get("/npm/left-pad/-/left-pad-1.0.0.tgz").bearer(&person.key);
    assert_eq!(app.ask(tarball).await.status, 302);
    let before = app.ledger().await;
    let answer = app.ask(Ask::new("DELETE", "/api/v1/tokens").bearer(&person.key)).await;
    insta::assert_snapshot!("revoked", shown(&app, &answer));
    for path in ["/npm/left-pad", "/pypi/simple/", "/api/v1/tokens/status", "/npm/-/ping", "/why/npm/left-pad"] {
        assert_problem(&app.ask(Ask::get(path).bearer(&person.key)).await, 401, "invalid_token");
    }
    assert_eq!(app.ledger().await, before, "the ledger keeps its rows and their account");
    insta::assert_snapshot!("revoked_mail", app.mails().await[0].text);
    // The address is unknown again: it gets a key, not a code, and nothing of before.
    let again = app.register("you@example.com").await;
    assert_eq!(app.status(&again.key).await["usage"]["installs"], 0);
}

#[tokio::test]
async fn a_pending_code_does_not_survive_the_account() {
    let app = TestApp::start().await;
    let person = app.register("you@example.com").await;
    let code = app.code_for("you@example.com").await;
    assert_eq!(app.ask(Ask::new("DELETE", "/api/v1/tokens").bearer(&person.key)).await.status, 204);
    assert_problem(&app.ask(reset("you@example.com", &code)).await, 400, "invalid_code");
    app.mails().await;
    app.register("you@example.com").await;
    assert_problem(&app.ask(reset("you@example.com", &code)).await, 400, "invalid_code");
}

#[tokio::test]
async fn found_keys_are_revoked_and_their_owner_is_told() {
    let app = TestApp::start().await;
    let person = app.register("you@example.com").await;
    let unknown = "tg_anon_0000000000000000000000000000000ND6GK";
    let body = format!(r#"{{"tokens":["{}","junk","{unknown}","{}"]}}"#, person.key, person.key);
    let answer = app.ask(Ask::post("/api/v1/leaks", body)).await;
    assert_eq!(answer.json(), serde_json::json!({"received": 4, "revoked": 1}));
    assert_eq!(app.status_of(&person.key).await, 401);
    let mails = app.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "you@example.com"));
}

#[tokio::test]
async fn the_pattern_finds_every_key() {
    let app = TestApp::start().await;
    let answer = app.get("/api/v1/tokens/pattern").await;
    insta::assert_snapshot!("pattern", shown(&app, &answer));
}
