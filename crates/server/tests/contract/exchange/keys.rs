//! The keys that sign: one for all nodes, changed without a token that ends for it.

use std::sync::Arc;

use sekisho_core::secret::ServerSecret;
use sekisho_core::{Clock, Random};
use sekisho_server::pipelines::{KeyError, KeyRing, next_key};
use sekisho_testkit::{Ask, Node, TestApp};

use super::World;
use crate::support::on_both_engines;

async fn rotate(app: &TestApp) {
    let keys = app.app.store.signing_keys();
    let rows = keys.all().await.unwrap();
    let (new, until) = next_key(&rows, &app.app.secret, &*app.random, app.clock.now()).unwrap();
    assert!(keys.add(&new, until).await.unwrap());
}

fn kid(token: &str) -> String {
    use base64::Engine;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<serde_json::Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn taken(node: &Node, token: &str) -> bool {
    let status = node.ask(Ask::get("/npm/left-pad").bearer(token)).await.status;
    assert!(matches!(status, 200 | 401), "{status}");
    status == 200
}

async fn long_session(world: &World) -> String {
    let body = serde_json::json!({
        "bot_id": world.bot.to_string(), "id_token": world.id_token(), "expires_in": 86_400,
    });
    let answer = world.app.ask(Ask::post("/bots/exchange", body.to_string())).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

on_both_engines! {
    async fn nodes_that_need_a_key_at_once_make_one(setup) {
        let world = World::new(setup).await;
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(world.app.another_node().await);
        }
        let asked = nodes.iter().map(|node| node.ask(Ask::exchange(world.bot, &world.id_token()).clone()));
        let asked: Vec<_> = asked.collect();
        let mut kids = Vec::new();
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.status, 200, "{}", answer.show());
            let token = answer.json()["access_token"].as_str().unwrap().to_owned();
            for node in &nodes {
                assert!(taken(node, &token).await);
            }
            kids.push(kid(&token));
        }
        kids.dedup();
        assert_eq!((kids.len(), world.app.app.store.signing_keys().all().await.unwrap().len()), (1, 1));
    }

    async fn a_rotation_ends_no_token_and_signs_once_every_node_knows(setup) {
        let world = World::new(setup).await;
        let node = world.app.another_node().await;
        let old = long_session(&world).await;
        assert!(taken(&node, &old).await);
        rotate(&world.app).await;
        world.app.advance(9);
        assert_eq!(kid(&world.session().await), kid(&old), "it does not sign yet");
        world.app.advance(1);
        let new = world.session().await;
        assert_ne!(kid(&new), kid(&old));
        let fresh = world.app.another_node().await;
        for node in [&node, &fresh] {
            assert!(taken(node, &new).await && taken(node, &old).await);
        }
        // To the end of the last one that it signed, and no longer.
        world.app.advance(86_400 - 11);
        let late = world.app.another_node().await;
        assert!(taken(&late, &old).await);
        world.app.advance(72);
        assert!(!taken(&late, &old).await);
        let swept = world.app.app.store.maintenance().sweep(world.app.clock.now(), 100).await.unwrap();
        assert_eq!(swept.signing_keys, 1);
        assert!(taken(&late, &world.session().await).await);
    }

    async fn a_key_of_another_secret_is_refused_and_stands_nowhere_in_the_clear(setup) {
        let world = World::new(setup).await;
        world.session().await;
        let app = &world.app;
        let other = KeyRing::new(
            app.app.store.clone(),
            ServerSecret::new([8; 32]),
            app.clock.clone() as Arc<dyn Clock>,
            app.random.clone() as Arc<dyn Random>,
            "http://127.0.0.1:8417",
        );
        assert!(matches!(other.to_sign().await, Err(KeyError::Sealed)));
        let rows = app.app.store.signing_keys().all().await.unwrap();
        assert_eq!((rows[0].sealed.len(), rows.len()), (12 + 32 + 16, 1));
    }
}
