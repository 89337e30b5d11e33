//! How issuers are asked: rarely, once at a time, never where they may not lead, and not missed while they are down.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{DISCOVERY, US, World, issuers_of};
use sekisho_oidc::testing::{TestKey, discovery, github, jwks};
use sekisho_oidc::{Expectations, Issuer, Refused, Timing};
use sekisho_upstream::testing::Reply;
use serde_json::json;

const COOL_DOWN: Duration = Duration::from_secs(30);

fn unavailable(refused: Refused) -> String {
    match refused {
        Refused::Unavailable(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_are_asked_for_once_and_again_when_they_are_old() {
    let world = World::new().await;
    for _ in 0..20 {
        world.verify_claims(&world.claims()).await.unwrap();
    }
    assert_eq!((world.fake.count(DISCOVERY), world.fake.count("/jwks")), (1, 1));
    world.advance(Duration::from_secs(15 * 60 + 1));
    world.verify_claims(&world.claims()).await.unwrap();
    assert_eq!((world.fake.count(DISCOVERY), world.fake.count("/jwks")), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_key_ids_asks_once_per_cool_down() {
    let world = Arc::new(World::new().await);
    let stranger = Arc::new(TestKey::p256("unused"));
    let flood = async |label: &str| {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..200 {
            let (world, stranger, kid) = (Arc::clone(&world), Arc::clone(&stranger), format!("{label}-{n}"));
            tasks.spawn(async move {
                let token = stranger.token_with(&json!({"alg": "ES256", "kid": kid}), &world.claims());
                world.verify(&token).await.unwrap_err()
            });
        }
        for refused in tasks.join_all().await {
            assert_eq!(refused, Refused::UnknownKey);
        }
    };
    flood("first").await;
    assert_eq!(world.fake.count("/jwks"), 1);
    world.verify_claims(&world.claims()).await.unwrap();
    flood("second").await;
    assert_eq!(world.fake.count("/jwks"), 1, "within the cool-down");
    world.advance(COOL_DOWN);
    flood("third").await;
    assert_eq!(world.fake.count("/jwks"), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_counts_no_more() {
    let world = World::new().await;
    world.verify_claims(&world.claims()).await.unwrap();
    let new = TestKey::p256("key-2");
    world.fake.on("/jwks", Reply::json(jwks(&[&new])));
    world.advance(COOL_DOWN);
    world.verify(&new.token(&world.claims())).await.unwrap();
    assert_eq!(world.verify_claims(&world.claims()).await.unwrap_err(), Refused::UnknownKey);
}

#[tokio::test]
async fn known_keys_serve_while_the_issuer_is_down_for_a_day_at_most() {
    let world = World::new().await;
    world.verify_claims(&world.claims()).await.unwrap();
    world.fake.stop();
    world.advance(Duration::from_secs(3600));
    world.verify_claims(&world.claims()).await.unwrap();
    let stranger = TestKey::p256("key-9");
    unavailable(world.verify(&stranger.token(&world.claims())).await.unwrap_err());
    world.advance(Duration::from_secs(23 * 3600 + 1));
    unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
    world.fake.resume().await;
    world.advance(COOL_DOWN);
    world.verify_claims(&world.claims()).await.unwrap();
}

#[tokio::test]
async fn a_failure_cools_down_too() {
    let world = World::new().await;
    world.fake.on("/jwks", Reply::status(500));
    for _ in 0..10 {
        assert_eq!(
            unavailable(world.verify_claims(&world.claims()).await.unwrap_err()),
            "the upstream is unavailable: status 500"
        );
    }
    assert_eq!(world.fake.count("/jwks"), 1);
    world.fake.on("/jwks", Reply::json(jwks(&[&world.key])));
    world.advance(COOL_DOWN);
    world.verify_claims(&world.claims()).await.unwrap();
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_end_the_question() {
    let world = World::new().await;
    world.fake.on("/jwks", Reply::json(jwks(&[&world.key])).delay(Duration::from_millis(200)));
    let left = tokio::time::timeout(Duration::from_millis(50), world.verify_claims(&world.claims())).await;
    assert!(left.is_err());
    world.verify_claims(&world.claims()).await.unwrap();
    assert_eq!(world.fake.count("/jwks"), 1);
}

#[tokio::test]
async fn a_slow_key_set_is_given_up_and_those_who_wait_share_one_question() {
    let world = Arc::new(World::new().await);
    world.fake.on("/jwks", Reply::json(jwks(&[&world.key])).hang());
    let began = std::time::Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.verify_claims(&world.claims()).await.unwrap_err() });
    }
    for refused in tasks.join_all().await {
        unavailable(refused);
    }
    assert_eq!(world.fake.count("/jwks"), 1);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn no_more_than_256_callers_wait_for_one_issuer() {
    let world = Arc::new(World::new().await);
    world.fake.on("/jwks", Reply::json(jwks(&[&world.key])).hang());
    let mut tasks = tokio::task::JoinSet::new();
    let token = world.key.token(&world.claims());
    for _ in 0..300 {
        let (world, token) = (Arc::clone(&world), token.clone());
        tasks.spawn(async move { unavailable(world.verify(&token).await.unwrap_err()) });
    }
    let told = tasks.join_all().await;
    assert_eq!(told.iter().filter(|why| *why == "too many callers wait for this issuer").count(), 44);
}

#[tokio::test]
async fn a_key_set_of_ten_megabytes_is_refused() {
    let world = World::new().await;
    world.fake.on("/jwks", Reply::zeros(10 << 20));
    let why = unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
    assert_eq!(why, "the upstream's answer is larger than 262144 bytes");
    world.advance(COOL_DOWN);
    world.fake.on(DISCOVERY, Reply::zeros(10 << 20));
    let why = unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
    assert_eq!(why, "the upstream's answer is larger than 65536 bytes");
}

#[tokio::test]
async fn a_key_set_of_a_hundred_and_one_keys_or_of_none_is_refused() {
    let world = World::new().await;
    let many: Vec<_> = (0..101).map(|_| world.key.jwk()).collect();
    world.fake.on("/jwks", Reply::json(json!({"keys": many}).to_string()));
    let why = unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
    assert_eq!(why, "the key set has more than 100 keys");
    for (bad, text) in [
        (r#"{"keys":[]}"#, "the key set has no key that can be used"),
        (r#"{"keys":{}}"#, "the key set is no JSON object with a list of keys"),
        (r#"{"keys":[],"keys":[]}"#, "the key set is no JSON object with a list of keys"),
        ("<html>", "the key set is no JSON object with a list of keys"),
    ] {
        world.advance(COOL_DOWN);
        world.fake.on("/jwks", Reply::json(bad));
        assert_eq!(unavailable(world.verify_claims(&world.claims()).await.unwrap_err()), text);
    }
}

#[tokio::test]
async fn keys_that_are_weak_shared_private_or_for_encryption_do_not_count() {
    let good = TestKey::p256("good");
    let rsa = TestKey::rsa("key-1");
    let changed = |changes: serde_json::Value| {
        let mut jwk = rsa.jwk();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    };
    let short = sekisho_oidc::testing::b64(&[0xff; 128]);
    let padded = sekisho_oidc::testing::b64(&[vec![0; 200], vec![0xff; 128]].concat());
    for odd in [
        json!({"use": "enc"}),
        json!({"key_ops": ["encrypt"]}),
        json!({"key_ops": "verify"}),
        json!({"alg": "RS512"}),
        json!({"alg": "RSA-OAEP"}),
        json!({"n": short}),
        json!({"n": padded}),
        json!({"e": "AQ"}),
        json!({"e": "Ag"}),
        json!({"e": "____________"}),
        json!({"d": "AQAB"}),
        json!({"kty": "oct", "k": "AAAA"}),
        json!({"kty": "EC"}),
        json!({"kid": "key-1\n"}),
        json!({"kid": 1}),
    ] {
        let world = World::with(TestKey::p256("unused")).await;
        world.fake.on("/jwks", Reply::json(json!({"keys": [changed(odd.clone()), good.jwk()]}).to_string()));
        world.verify(&good.token(&world.claims())).await.unwrap();
        assert_eq!(world.verify(&rsa.token(&world.claims())).await.unwrap_err(), Refused::UnknownKey, "{odd}");
    }
    let world = World::with(TestKey::p256("unused")).await;
    let fine = changed(json!({"key_ops": ["verify"], "alg": "RS256", "x5t": "x", "x5c": []}));
    world.fake.on("/jwks", Reply::json(json!({"keys": [fine, 1, "x"]}).to_string()));
    world.verify(&rsa.token(&world.claims())).await.unwrap();
}

#[tokio::test]
async fn a_discovery_document_that_names_another_issuer_is_refused() {
    let world = World::new().await;
    for other in ["https://id.example".to_owned(), format!("{}/", world.issuer), String::new()] {
        world.fake.on(DISCOVERY, Reply::json(discovery(&other)));
        let why = unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
        assert_eq!(why, "the discovery document names another issuer", "{other}");
        world.advance(COOL_DOWN);
    }
    assert_eq!(world.fake.count("/jwks"), 0);
}

#[tokio::test]
async fn a_discovery_document_that_points_elsewhere_leads_nowhere_private() {
    let elsewhere = World::new().await;
    let world = World::new().await;
    for (target, why) in [
        (format!("{}/jwks", elsewhere.issuer), "the discovery document has no usable jwks_uri"),
        ("https://127.0.0.1:1/jwks".into(), "127.0.0.1 lies in a private network"),
        ("https://169.254.169.254/latest/meta-data".into(), "169.254.169.254 lies in a private network"),
        ("https://localhost/jwks".into(), "localhost lies in a private network"),
        ("https://[::ffff:10.0.0.1]/jwks".into(), "lies in a private network"),
        ("https://user:secret@keys.example/jwks".into(), "the address has user info"),
        ("file:///etc/passwd".into(), "the discovery document has no usable jwks_uri"),
        ("//x".into(), "the discovery document has no usable jwks_uri"),
    ] {
        let document = json!({"issuer": world.issuer, "jwks_uri": target});
        world.fake.on(DISCOVERY, Reply::json(document.to_string()));
        let told = unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
        assert!(told.contains(why), "{target}: {told}");
        world.advance(COOL_DOWN);
    }
    assert_eq!(elsewhere.fake.requests().len(), 0);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = World::new().await;
    let world = World::new().await;
    let there = |path: &str| format!("{}{path}", elsewhere.issuer);
    world.fake.on(DISCOVERY, Reply::redirect(&there(DISCOVERY)));
    let why = unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
    assert_eq!(why, "the upstream is unavailable: status 302");
    world.advance(COOL_DOWN);
    world.fake.on(DISCOVERY, Reply::json(discovery(&world.issuer)));
    world.fake.on("/jwks", Reply::redirect(&there("/jwks")));
    let why = unavailable(world.verify_claims(&world.claims()).await.unwrap_err());
    assert_eq!(why, "the upstream is unavailable: status 302");
    assert_eq!(elsewhere.fake.requests().len(), 0);
}

#[tokio::test]
async fn an_issuer_on_a_private_address_is_asked_only_if_the_operator_marked_it_as_internal() {
    let world = World::new().await;
    for name in ["https://127.0.0.1:1", "https://10.1.2.3", "https://localhost", "https://id.internal"] {
        let issuers = issuers_of(vec![Issuer::new(name, false).unwrap()], &world.clock, Timing::default());
        let token = world.key.token(&github(name, US, sekisho_core::Clock::now(&*world.clock)));
        let expected = Expectations { issuers: &[name], audiences: &[US.to_owned()], nonce: None };
        let why = unavailable(issuers.verify(&token, &expected).await.unwrap_err());
        assert!(why.contains("lies in a private network"), "{name}: {why}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_no_failure() {
    let world = World::new().await;
    world.verify_claims(&world.claims()).await.unwrap();
    world.fake.stop();
    world.fake.resume().await;
    world.fake.on("/jwks", Reply::json(jwks(&[&TestKey::p256("key-2")])));
    world.advance(COOL_DOWN);
    let refused = world.verify(&TestKey::p256("key-9").token(&world.claims())).await.unwrap_err();
    assert_eq!(refused, Refused::UnknownKey);
}

#[tokio::test]
async fn what_is_asked_carries_nothing_of_the_tokens() {
    let world = World::new().await;
    world.verify_claims(&world.claims()).await.unwrap();
    for seen in world.fake.requests() {
        assert_eq!(seen.method, "GET");
        assert!(seen.headers.get("authorization").is_none());
        assert!(seen.headers.get("cookie").is_none());
        assert_eq!(seen.body.len(), 0);
    }
}

#[tokio::test]
async fn a_token_that_would_not_count_anyway_asks_nobody() {
    let world = World::new().await;
    let mut expired = world.claims();
    for (name, at) in [("iat", 1_795_420_000), ("nbf", 1_795_420_000), ("exp", 1_795_420_300)] {
        expired[name] = json!(at);
    }
    assert_eq!(world.verify_claims(&expired).await.unwrap_err(), Refused::Expired);
    assert_eq!(world.verify_claims(&world.claims_with("aud", json!("x"))).await.unwrap_err(), Refused::Audience);
    assert_eq!(world.fake.requests().len(), 0);
}
