//! Limits: headers on every answer, a hold before a refusal, and nobody in another's way.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_testkit::{Ask, Setup, TestApp};

use crate::support::{assert_problem, shown};

const PING: &str = "/npm/-/ping";

#[tokio::test]
async fn every_answer_says_what_is_left() {
    let app = Setup::default().malware("MAL-1", "pkg:npm/evil").start().await;
    let person = app.register("you@example.com").await;
    for ask in [
        Ask::get(PING),
        Ask::get("/npm/nothing"),
        Ask::get("/npm/evil"),
        Ask::get("/npm/../x"),
        Ask::get("/nothing/here"),
        Ask::get("/pypi/simple"),
        Ask::get("/api/v1/tokens/status"),
        Ask::get("/problems/package_blocked"),
        Ask::get("/assets/page.css"),
        Ask::new("PUT", "/npm/x"),
        Ask::post("/api/v1/tokens", "{"),
        Ask::get(PING).bearer("junk"),
        Ask::get(PING).host("evil.example"),
        Ask::get(PING).header("via", "1.1 sekisho-test"),
    ] {
        let answer = app.ask(ask.clone()).await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"anonymous\";q=2000;w=60"), "{ask:?}");
        assert!(answer.header("ratelimit").unwrap().starts_with("\"anonymous\";r="), "{ask:?}");
    }
    let answer = app.ask(Ask::get(PING).bearer(&person.key)).await;
    assert_eq!(answer.header("ratelimit-policy"), Some("\"personal\";q=10000;w=60"));
    assert_eq!(answer.header("ratelimit"), Some("\"personal\";r=9999"));
    let status = app.ask(Ask::get("/api/v1/tokens/status").bearer(&person.key)).await;
    assert_eq!(status.header("ratelimit"), Some("\"personal\";r=9998"));
    let limit = &status.json()["rate_limit"];
    assert_eq!(*limit, serde_json::json!({"limit": 10000, "window_seconds": 60, "remaining": 9998}));
}

#[tokio::test]
async fn beyond_the_hold_the_answer_is_429_with_when_to_come_back() {
    let app = Setup::default().set("limits.anonymous_per_minute", "3").set("limits.hold_seconds", "0").start().await;
    for left in ["2", "1", "0"] {
        let answer = app.get(PING).await;
        assert_eq!((answer.status, answer.header("ratelimit").unwrap().rsplit('=').next()), (200, Some(left)));
    }
    let answer = app.get(PING).await;
    insta::assert_snapshot!(shown(&app, &answer));
    // Others have their own: another address, another /64, a key.
    for other in ["192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"] {
        assert_eq!(app.ask(Ask::get(PING).from(other)).await.status, 200, "{other}");
    }
    for same in ["2001:db8::2", "2001:db8::ffff:1", "2001:db8::3"] {
        app.ask(Ask::get(PING).from(same)).await;
    }
    assert_problem(&app.ask(Ask::get(PING).from("2001:db8::4")).await, 429, "rate_limited");
    app.advance(20);
    assert_eq!(app.get(PING).await.status, 200);
}

#[tokio::test]
async fn a_key_has_its_own_limit_wherever_it_comes_from() {
    let setup = Setup::default().set("limits.personal_per_minute", "2").set("limits.hold_seconds", "0");
    let app = setup.start().await;
    let person = app.register("you@example.com").await;
    for from in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(app.ask(Ask::get(PING).bearer(&person.key).from(from)).await.status, 200);
    }
    assert_problem(&app.ask(Ask::get(PING).bearer(&person.key).from("192.0.2.3")).await, 429, "rate_limited");
    assert_eq!(app.get(PING).await.status, 200, "without the key there is the address's own limit");
}

#[tokio::test]
async fn bad_keys_are_counted_against_the_address_that_tries_them() {
    let app = Setup::default().set("limits.anonymous_per_minute", "2").set("limits.hold_seconds", "0").start().await;
    for _ in 0..2 {
        assert_problem(&app.ask(Ask::get(PING).bearer("junk")).await, 401, "invalid_token");
    }
    assert_problem(&app.ask(Ask::get(PING).bearer("junk")).await, 429, "rate_limited");
    assert_problem(&app.get(PING).await, 429, "rate_limited");
}

#[tokio::test]
async fn a_request_over_the_limit_is_held_until_there_is_room() {
    let app = Setup::default().set("limits.anonymous_per_minute", "300").start().await;
    for _ in 0..300 {
        assert_eq!(app.get(PING).await.status, 200);
    }
    // One more every 200 ms.
    app.clock.run();
    let began = std::time::Instant::now();
    assert_eq!(app.get(PING).await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(50), "{:?}", began.elapsed());
}

#[tokio::test]
async fn only_so_many_wait_at_once() {
    let setup = Setup::default().set("limits.anonymous_per_minute", "60").set("limits.hold_waiting", "4");
    let app: Arc<TestApp> = Arc::new(setup.set("limits.hold_seconds", "2").start().await);
    for _ in 0..60 {
        assert_eq!(app.get(PING).await.status, 200);
    }
    // Time stands still, so nobody gets through: four wait in vain, the rest is told at once.
    let began = std::time::Instant::now();
    let asks: Vec<_> = (0..10)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move {
                let answer = app.get(PING).await;
                (answer.status, answer.header("retry-after").is_some(), began.elapsed())
            })
        })
        .collect();
    let mut waits = Vec::new();
    for ask in asks {
        let (status, says_when, waited) = ask.await.unwrap();
        assert_eq!((status, says_when), (429, true));
        waits.push(waited);
    }
    let held = waits.iter().filter(|waited| **waited >= Duration::from_millis(900)).count();
    assert_eq!(held, 4, "{waits:?}");
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_is_counted_and_a_stranger_cannot_choose_an_address() {
    let setup = Setup::default().set("limits.anonymous_per_minute", "1").set("limits.hold_seconds", "0");
    let app = setup.set("trusted_proxies", "10.0.0.0/8").start().await;
    let through = |client: &str| Ask::get(PING).from("10.0.0.1").header("x-forwarded-for", client);
    assert_eq!(app.ask(through("192.0.2.50")).await.status, 200);
    assert_eq!(app.ask(through("192.0.2.51")).await.status, 200);
    assert_eq!(app.ask(through("192.0.2.50")).await.status, 429);
    assert_eq!(app.ask(through("203.0.113.1, 192.0.2.50")).await.status, 429, "what the client wrote does not count");
    let direct = |client: &str| Ask::get(PING).from("192.0.2.60").header("x-forwarded-for", client);
    assert_eq!(app.ask(direct("192.0.2.70")).await.status, 200);
    assert_eq!(app.ask(direct("192.0.2.71")).await.status, 429);
}

#[tokio::test]
async fn made_up_keys_of_the_right_shape_are_counted_before_the_database_is_asked() {
    let settings = Setup::default().set("limits.anonymous_per_minute", "20").set("limits.hold_seconds", "0");
    let app = settings.start().await;
    let person = app.register("you@example.com").await;
    let known = app.register("known@example.com").await;
    let ask = |key: &str| app.ask(Ask::get(PING).bearer(key).from("198.51.100.7"));
    assert_eq!(ask(&known.key).await.status, 200);
    for _ in 0..19 {
        let made_up = PlainToken::mint(TokenKind::Personal, &*app.random);
        assert_problem(&ask(made_up.expose()).await, 401, "invalid_token");
    }
    assert_problem(&ask(&person.key).await, 429, "rate_limited");
    assert_eq!(ask(&known.key).await.status, 200, "who is known is not in their way");
    assert_eq!(app.ask(Ask::get(PING).bearer(&person.key)).await.status, 200, "nor in another network's");
    assert_eq!(ask(&person.key).await.status, 200, "known by now");
}
