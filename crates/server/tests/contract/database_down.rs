//! The database is down: what is known holds for a minute, what is not is `503` and never `401`.

use sekisho_testkit::{Ask, Setup, TestApp, TestEngine, fixtures};

use crate::support::{assert_problem, shown};

const TARBALL: &str = "/npm/left-pad/-/left-pad-1.0.0.tgz";

async fn started(engine: TestEngine) -> TestApp {
    let app = Setup::default().on(engine).start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    app
}

/// Another process over the same database revokes the key.
async fn revoked_elsewhere(app: &TestApp, key: &str) {
    let other = app.database.open().await;
    let hash = sekisho_core::token::PlainToken::parse(key).unwrap().hash();
    let row = other.tokens().find_by_hash(&hash).await.unwrap().unwrap();
    let now = sekisho_core::Clock::now(&*app.clock);
    let id = sekisho_core::id::MessageId::mint(now, &*app.random);
    let notice = sekisho_store::Notice { id, base_url: String::new(), payload: "{}".to_owned() };
    other.keys().revoke(row.id, &notice, now).await.unwrap().unwrap();
    other.close().await;
}

async fn a_known_key_works_for_a_minute_and_an_unknown_one_is_never_401(engine: TestEngine) {
    let app = started(engine).await;
    let known = app.register("known@example.com").await;
    let other = app.register("other@example.com").await;
    assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&known.key)).await.status, 200);
    app.app.store.close().await;

    let unknown = app.ask(Ask::get("/npm/left-pad").bearer(&other.key)).await;
    assert_problem(&unknown, 503, "database_unavailable");
    assert!(unknown.header("retry-after").is_some());
    // Junk needs no database.
    assert_problem(&app.ask(Ask::get("/npm/left-pad").bearer("junk")).await, 401, "invalid_token");
    for _ in 0..2 {
        assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&known.key)).await.status, 200);
        assert_eq!(app.get("/npm/left-pad").await.status, 200, "metadata needs no database");
        // Nothing can be recorded, so nothing is answered with.
        assert_problem(&app.ask(Ask::get(TARBALL).bearer(&known.key)).await, 503, "database_unavailable");
        assert_problem(&app.get(TARBALL).await, 503, "database_unavailable");
        app.advance(59);
    }
    assert_problem(&app.ask(Ask::get("/npm/left-pad").bearer(&known.key)).await, 503, "database_unavailable");
}

async fn the_api_changes_nothing_and_says_so(engine: TestEngine) {
    let app = started(engine).await;
    let person = app.register("you@example.com").await;
    assert_eq!(app.status_of(&person.key).await, 200);
    app.app.store.close().await;
    for ask in [
        Ask::post("/api/v1/tokens", r#"{"email":"you@example.com"}"#),
        Ask::post("/api/v1/tokens/reset", r#"{"email":"you@example.com","code":"ABCDEFGHJK"}"#),
        Ask::get("/api/v1/tokens/status").bearer(&person.key),
        Ask::new("POST", "/api/v1/tokens/regenerate").bearer(&person.key),
        Ask::new("DELETE", "/api/v1/tokens").bearer(&person.key),
        Ask::post("/api/v1/leaks", format!(r#"{{"tokens":["{}"]}}"#, person.key)),
    ] {
        let answer = app.ask(ask.clone()).await;
        assert_problem(&answer, 503, "database_unavailable");
        assert!(answer.header("retry-after").is_some(), "{ask:?}");
    }
    let answer = app.ask(Ask::post("/api/v1/tokens", r#"{"email":"you@example.com"}"#)).await;
    insta::assert_snapshot!("api_without_a_database", shown(&app, &answer));
}

async fn a_revoked_key_is_401_although_it_is_in_memory(engine: TestEngine) {
    let app = started(engine).await;
    let person = app.register("you@example.com").await;
    for _ in 0..3 {
        assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await.status, 200);
    }
    assert_eq!(app.ask(Ask::new("DELETE", "/api/v1/tokens").bearer(&person.key)).await.status, 204);
    assert_problem(&app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await, 401, "invalid_token");
    assert_problem(&app.ask(Ask::get(TARBALL).bearer(&person.key)).await, 401, "invalid_token");
}

async fn a_revocation_by_another_node_acts_within_its_second(engine: TestEngine) {
    let app = started(engine).await;
    let person = app.register("you@example.com").await;
    assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await.status, 200);
    revoked_elsewhere(&app, &person.key).await;
    assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await.status, 200, "still in memory");
    app.app.callers.follow_revocations().await.unwrap();
    assert_problem(&app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await, 401, "invalid_token");
}

async fn what_is_known_is_read_again_after_ten_seconds(engine: TestEngine) {
    let app = started(engine).await;
    let person = app.register("you@example.com").await;
    assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await.status, 200);
    revoked_elsewhere(&app, &person.key).await;
    app.advance(10);
    assert_problem(&app.ask(Ask::get("/npm/left-pad").bearer(&person.key)).await, 401, "invalid_token");
}

macro_rules! both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(sekisho_testkit::TestEngine::Sqlite).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(sekisho_testkit::TestEngine::Postgres).await; })*
        }
    };
}

both! {
    a_known_key_works_for_a_minute_and_an_unknown_one_is_never_401
    the_api_changes_nothing_and_says_so
    a_revoked_key_is_401_although_it_is_in_memory
    a_revocation_by_another_node_acts_within_its_second
    what_is_known_is_read_again_after_ten_seconds
}
