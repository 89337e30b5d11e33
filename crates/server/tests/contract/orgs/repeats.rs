//! `Idempotency-Key`.

use std::sync::Arc;

use sekisho_core::org::Role;
use sekisho_testkit::{Answer, Ask};
use serde_json::Value;

use super::{World, text, world};
use crate::support::{assert_problem, on_both_engines};

const KEY: &str = "5a0c9e1f7b3d4826";

async fn issue(world: &World, key: &str, body: &str) -> Answer {
    let ask = Ask::post(&world.path("org-user-tokens"), body.to_owned()).header("idempotency-key", key);
    world.ask(ask).await
}

async fn count(world: &World) -> usize {
    world.get("org-user-tokens").await.json()["items"].as_array().unwrap().len()
}

/// What the audit log says of tokens that were shown again.
async fn shown_again(world: &World) -> Vec<Value> {
    let log = world.get("audit?action=token.shown_again").await.json();
    log["items"].as_array().unwrap().clone()
}

const BODY: &str = r#"{"user_identifier":"dev@acme.example"}"#;

on_both_engines! {
    async fn the_same_call_again_gets_the_same_answer_for_a_day(setup) {
        let world = world(setup).await;
        let first = issue(&world, KEY, BODY).await;
        assert_eq!(first.status, 201, "{}", first.show());
        world.app.advance(3600);
        assert_eq!(shown_again(&world).await.len(), 0);
        let again = issue(&world, KEY, " { \"user_identifier\" : \"dev@acme.example\" } ").await;
        assert_eq!((again.status, again.json()), (201, first.json()));
        assert_eq!(world.app.status_of(&text(&again.json()["token"])).await, 200);
        assert_eq!(count(&world).await, 1);
        let noted = shown_again(&world).await;
        assert_eq!((noted.len(), &noted[0]["subject"]), (1, &first.json()["id"]));
        assert_eq!(noted[0]["actor"], world.owner.id.to_string());
        let detail = serde_json::json!({"user_identifier": "dev@acme.example", "prefix": first.json()["prefix"]});
        assert_eq!(noted[0]["detail"], detail);
        world.app.advance(24 * 3600);
        assert_ne!(issue(&world, KEY, BODY).await.json()["id"], first.json()["id"]);
        assert_eq!(count(&world).await, 2);
    }

    async fn the_same_call_at_another_node_gets_the_same_answer(setup) {
        let world = world(setup).await;
        let node = world.app.another_node().await;
        let there = async |body: &str| {
            let ask = Ask::post(&world.path("org-user-tokens"), body.to_owned()).header("idempotency-key", KEY);
            node.ask(ask.bearer(&world.owner.credential)).await
        };
        let first = issue(&world, KEY, BODY).await;
        let again = there(BODY).await;
        assert_eq!((again.status, again.json()), (201, first.json()));
        assert_problem(&there(r#"{"user_identifier":"other@acme.example"}"#).await, 422, "idempotency_key_reused");
        assert_eq!((count(&world).await, shown_again(&world).await.len()), (1, 1));
    }

    async fn the_same_key_with_another_request_is_422_and_has_no_effect(setup) {
        let world = world(setup).await;
        let first = issue(&world, KEY, BODY).await;
        assert_problem(&issue(&world, KEY, r#"{"user_identifier":"other@acme.example"}"#).await, 422, "idempotency_key_reused");
        let rotate = world.path(&format!("org-user-tokens/by-id/{}/rotate", text(&first.json()["id"])));
        let other = world.ask(Ask::post(&rotate, "{}").header("idempotency-key", KEY)).await;
        assert_problem(&other, 422, "idempotency_key_reused");
        assert_eq!(count(&world).await, 1);
    }

    async fn a_key_is_the_caller_s_own(setup) {
        let world = world(setup).await;
        let first = issue(&world, KEY, BODY).await.json();
        let bot = world.app.bot(world.org, Role::GuardTokenIssuer).await;
        let ask = Ask::post(&world.path("org-user-tokens"), BODY).header("idempotency-key", KEY);
        let theirs = world.app.ask(ask.bearer(&bot.credential)).await;
        assert_eq!(theirs.status, 201);
        assert_ne!(theirs.json()["token"], first["token"]);
    }

    async fn a_repeated_rotation_is_no_second_one(setup) {
        let world = world(setup).await;
        let (id, _) = world.issue("dev@acme.example").await;
        let rotate = async || {
            let ask = Ask::post(&world.path(&format!("org-user-tokens/by-id/{id}/rotate")), "{}");
            world.ask(ask.header("idempotency-key", KEY)).await
        };
        let (first, again) = (rotate().await, rotate().await);
        assert_eq!((first.status, again.status, first.json()), (200, 200, again.json()));
        assert_eq!(count(&world).await, 2);
        assert_eq!(shown_again(&world).await[0]["subject"], first.json()["id"]);
    }

    async fn of_equal_calls_at_once_one_has_the_effect_and_all_have_its_answer(setup) {
        let world = Arc::new(world(setup).await);
        let asks: Vec<_> = (0..8).map(|_| {
            let world = world.clone();
            tokio::spawn(async move { issue(&world, KEY, BODY).await })
        }).collect();
        let mut answers = Vec::new();
        for ask in asks {
            let answer = ask.await.unwrap();
            assert_eq!(answer.status, 201, "{}", answer.show());
            answers.push(answer.json());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
        assert_eq!(shown_again(&world).await.len(), 7);
        assert_eq!(count(&world).await, 1);
    }

    async fn what_is_refused_is_not_kept(setup) {
        let world = world(setup).await;
        assert_problem(&issue(&world, KEY, "{}").await, 400, "invalid_request");
        assert_eq!(issue(&world, KEY, BODY).await.status, 201);
        for bad in ["", " ", "a b", "run-17", &"x".repeat(15), &"x y".repeat(8), &"x".repeat(256)] {
            assert_problem(&issue(&world, bad, BODY).await, 400, "invalid_request");
        }
        let twice = Ask::post(&world.path("org-user-tokens"), BODY).header("idempotency-key", KEY).header("idempotency-key", "another-key-0001");
        assert_problem(&world.ask(twice).await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn no_token_lies_in_the_database_s_files() {
    let world = world(sekisho_testkit::Setup::default()).await;
    let token = text(&issue(&world, KEY, BODY).await.json()["token"]);
    world.app.app.store.close().await;
    let dir = world.app.database.dir().expect("SQLite's folder");
    let mut read = 0;
    for file in std::fs::read_dir(dir).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        read += bytes.len();
        for secret in [&*token, &token[7..37], "\"token\""] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret} in {:?}", file.path());
        }
    }
    assert!(read > 10_000);
}
