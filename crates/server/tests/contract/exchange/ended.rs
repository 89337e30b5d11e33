//! How sessions end: here at once, on other nodes within a second, for metadata and artifacts, cached or not.

use std::time::{Duration, Instant};

use sekisho_core::id::CiSessionId;
use sekisho_server::jobs;
use sekisho_testkit::{Ask, Node, Setup, TestApp};

use super::{PACKAGES, World};
use crate::support::{assert_problem, on_both_engines};

async fn assert_good(app: &TestApp, node: &Node, token: &str) {
    for path in PACKAGES {
        for answer in [app.ask(Ask::get(path).bearer(token)).await, node.ask(Ask::get(path).bearer(token)).await] {
            assert!(matches!(answer.status, 200 | 302), "{path}: {}", answer.show());
        }
    }
}

async fn assert_bad(node: &Node, token: &str) {
    for path in PACKAGES {
        for ask in [Ask::get(path).bearer(token), Ask::get(path).basic("x", token)] {
            assert_problem(&node.ask(ask).await, 401, "invalid_token");
        }
        assert_eq!(node.ask(Ask::head(path).bearer(token)).await.status, 401, "{path}");
    }
}

async fn end(world: &World, session: Option<CiSessionId>) -> u64 {
    let audit = world.app.operated("session.ended");
    world.app.app.store.ci_sessions().end(world.acme, world.bot, session, &audit).await.unwrap()
}

on_both_engines! {
    async fn a_session_that_is_ended_is_401_on_the_other_node_and_the_others_go_on(setup) {
        let world = World::new(setup.set("artifacts.mode", "cache")).await;
        let (one, two) = (world.session().await, world.session().await);
        let node = world.app.another_node().await;
        assert_good(&world.app, &node, &one).await;
        assert_good(&world.app, &node, &two).await;
        let now = sekisho_core::Clock::now(&*world.app.clock);
        let running = world.app.app.store.ci_sessions().running(world.acme, world.bot, now, 10).await.unwrap();
        let first = running.iter().map(|row| row.id).find(|id| sid(&one) == id.to_string());
        assert_eq!(end(&world, first).await, 1);
        node.follow().await;
        assert_bad(&node, &one).await;
        world.app.app.callers.follow_revocations().await.unwrap();
        assert_good(&world.app, &node, &two).await;
        assert_eq!(end(&world, None).await, 1);
        node.follow().await;
        assert_bad(&node, &two).await;
    }

    async fn a_session_ends_with_its_bot(setup) {
        let world = World::new(setup).await;
        let token = world.session().await;
        let node = world.app.another_node().await;
        assert_good(&world.app, &node, &token).await;
        let audit = world.app.operated("bot.removed");
        assert!(world.app.app.store.bots().remove(world.acme, world.bot, &audit).await.unwrap());
        node.follow().await;
        assert_bad(&node, &token).await;
    }

    async fn a_session_ends_with_guard_and_with_its_organisation(setup) {
        let world = World::new(setup).await;
        let token = world.session().await;
        let node = world.app.another_node().await;
        assert_good(&world.app, &node, &token).await;
        world.app.advance(1);
        world.app.change_organisation(world.acme, |org| org.guard = false).await;
        node.follow().await;
        assert_bad(&node, &token).await;
        world.app.advance(1);
        world.app.change_organisation(world.acme, |org| org.guard = true).await;
        node.follow().await;
        world.app.app.callers.follow_revocations().await.unwrap();
        assert_good(&world.app, &node, &token).await;
        world.app.advance(1);
        let mut changes = world.app.app.store.organisations().begin().await.unwrap();
        assert!(changes.remove(world.acme, &world.app.operated("org.removed")).await.unwrap());
        changes.commit().await.unwrap();
        node.follow().await;
        assert_bad(&node, &token).await;
    }

    async fn a_session_ends_by_itself_with_nobody_reading_anything(setup) {
        let world = World::new(setup).await;
        let body = serde_json::json!({
            "bot_id": world.bot.to_string(), "id_token": world.id_token(), "expires_in": 5,
        });
        let answer = world.app.ask(Ask::post("/bots/exchange", body.to_string())).await;
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let node = world.app.another_node().await;
        world.app.advance(4);
        assert_good(&world.app, &node, &token).await;
        world.app.advance(1);
        world.app.app.store.close().await;
        node.app.store.close().await;
        assert_bad(&node, &token).await;
    }

    async fn without_news_an_end_acts_within_ten_seconds_and_what_is_known_bridges_a_minute_without_database(setup) {
        let world = World::new(setup).await;
        let (ended, going_on) = (world.session().await, world.session().await);
        let node = world.app.another_node().await;
        assert_good(&world.app, &node, &ended).await;
        assert_good(&world.app, &node, &going_on).await;
        let id = CiSessionId::parse(&sid(&ended));
        assert_eq!(end(&world, id).await, 1);
        world.app.advance(10);
        assert_bad(&node, &ended).await;
        let ping = async || node.ask(Ask::get("/npm/-/ping").bearer(&going_on)).await;
        assert_eq!(ping().await.status, 200);
        node.app.store.close().await;
        world.app.advance(59);
        assert_eq!(ping().await.status, 200);
        world.app.advance(1);
        assert_problem(&ping().await, 503, "database_unavailable");
    }

    async fn an_end_reaches_the_other_node_within_a_second(setup) {
        let world = World::new(setup).await;
        let token = world.session().await;
        let node = world.app.another_node().await;
        let following = tokio::spawn(jobs::revocations::run(node.app.clone()));
        let ask = async || node.ask(Ask::get("/npm/left-pad").bearer(&token)).await.status;
        assert_eq!(ask().await, 200);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(ask().await, 200);
        assert_eq!(end(&world, None).await, 1);
        let ended = Instant::now();
        while ask().await != 401 {
            assert!(ended.elapsed() < Duration::from_secs(1), "it still counts after a second");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        following.abort();
    }
}

/// The session's id, as its token says it.
fn sid(token: &str) -> String {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    payload["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_that_we_did_not_sign_asks_for_no_row() {
    let world = World::new(Setup::default()).await;
    let token = world.session().await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let forged = sekisho_oidc::testing::b64(br#"{"sid":"x"}"#);
    for bad in [format!("{header}.{forged}.{signature}"), format!("{signed}.AAAA"), world.id_token()] {
        assert_problem(&world.app.ask(Ask::get("/npm/left-pad").bearer(&bad)).await, 401, "invalid_token");
    }
}
