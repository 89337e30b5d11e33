//! Whoever is refused learns nothing of why.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::id::BotId;
use sekisho_core::org::Role;
use sekisho_oidc::testing::{TestKey, b64};
use sekisho_testkit::{Answer, Ask, Reply, Setup};
use serde_json::{Value, json};

use super::World;
use crate::support::{assert_problem, on_both_engines};

/// The one answer, without what every answer has of its own.
fn told(answer: &Answer) -> Value {
    assert_problem(answer, 400, "invalid_id_token");
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id");
    body
}

/// Every ID token that must not count, by what is wrong with it.
fn hostile(world: &World) -> Vec<(&'static str, String)> {
    let (key, claims) = (&world.issuer.key, world.app.github_claims(&world.issuer));
    let now = claims["iat"].as_i64().unwrap();
    let payload = b64(claims.to_string().as_bytes());
    let unsigned = |header: Value| format!("{}.{payload}.", b64(header.to_string().as_bytes()));
    let good = key.token(&claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let header = |header: Value| key.token_with(&header, &claims);
    let alg = key.alg();
    let hmac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.jwk().to_string().as_bytes());
    let hmac_signed = unsigned(json!({"alg": "HS256", "kid": "key-1"}));
    let hmac_signed = hmac_signed.trim_end_matches('.');
    let hmac = b64(aws_lc_rs::hmac::sign(&hmac_key, hmac_signed.as_bytes()).as_ref());
    let with = |name: &str, value: Value| world.id_token_with(name, value);
    let deep = format!(r#"{{"iss":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let twice = claims.to_string().replacen('{', r#"{"aud":"http://127.0.0.1:8417","#, 1);
    vec![
        ("nothing", String::new()),
        ("no token", "token".into()),
        ("two parts", signed.into()),
        ("four parts", format!("{good}.x")),
        ("padding", format!("{good}=")),
        ("alg none", unsigned(json!({"alg": "none", "kid": "key-1"}))),
        ("alg None", unsigned(json!({"alg": "nOnE", "kid": "key-1"}))),
        ("no signature", format!("{signed}.")),
        ("HMAC with the public key", format!("{hmac_signed}.{hmac}")),
        ("changed", format!("{}.{}.{signature}", signed.split_once('.').unwrap().0, b64(b"{}"))),
        ("another key of the same name", TestKey::ed25519("key-1").token(&claims)),
        ("an unknown key", TestKey::ed25519("key-9").token(&claims)),
        ("an access token", header(json!({"typ": "at+jwt", "alg": alg, "kid": "key-1"}))),
        ("a session's type", header(json!({"typ": "sekisho-ci+jwt", "alg": alg, "kid": "key-1"}))),
        ("crit", header(json!({"alg": alg, "kid": "key-1", "crit": ["x"]}))),
        ("a key of its own", header(json!({"alg": alg, "kid": "key-1", "jwk": key.jwk()}))),
        ("a key elsewhere", header(json!({"alg": alg, "kid": "key-1", "jku": "https://evil.example/"}))),
        ("a claim twice", key.sign(&json!({"alg": alg, "kid": "key-1"}).to_string(), &twice)),
        ("deep", key.sign(&json!({"alg": alg, "kid": "key-1"}).to_string(), &deep)),
        ("huge", with("padding", json!("a".repeat(40_000)))),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("the issuer with a slash", with("iss", json!(format!("{}/", world.issuer.name)))),
        ("no issuer", with("iss", Value::Null)),
        ("another audience", with("aud", json!("https://other.example"))),
        ("the audience with a slash", with("aud", json!("http://127.0.0.1:8417/"))),
        ("two audiences", with("aud", json!(["http://127.0.0.1:8417", "https://other.example"]))),
        ("no audience", with("aud", Value::Null)),
        ("expired", with("exp", json!(now - 61))),
        ("without an end", with("exp", Value::Null)),
        ("of the far future", with("iat", json!(now + 3600))),
        ("not yet", with("nbf", json!(now + 3600))),
        ("for ever", with("exp", json!(now + 400 * 86_400))),
        ("another owner", with("repository_owner_id", json!("66"))),
        ("no owner", with("repository_owner_id", Value::Null)),
        ("pull_request_target", with("event_name", json!("pull_request_target"))),
        ("workflow_run", with("event_name", json!("workflow_run"))),
        ("pull_request", with("event_name", json!("pull_request"))),
        ("no event", with("event_name", Value::Null)),
    ]
}

on_both_engines! {
    async fn everything_hostile_has_one_and_the_same_answer(setup) {
        let world = World::new(setup).await;
        let first = told(&world.app.exchange(world.bot, "x.y.z").await);
        assert_eq!(first["message"], "invalid ID token");
        for (what, token) in hostile(&world) {
            assert_eq!(told(&world.app.exchange(world.bot, &token).await), first, "{what}");
        }
        // An unknown bot, one that was removed, one that trusts nobody, one of an organisation without Guard.
        let unknown = BotId(Default::default());
        let removed = world.app.bot(world.acme, Role::Owner).await.id;
        world.app.trust(world.acme, removed, &world.app.github_conditions(&world.issuer)).await;
        assert!(world.app.app.store.bots().remove(world.acme, removed, &world.app.operated("x")).await.unwrap());
        let trusting_nobody = world.app.bot(world.acme, Role::Owner).await.id;
        for bot in [unknown, removed, trusting_nobody] {
            assert_eq!(told(&world.app.exchange(bot, &world.id_token()).await), first);
        }
        let body = json!({"bot_id": "acme", "id_token": world.id_token()});
        assert_eq!(told(&world.app.ask(Ask::post("/bots/exchange", body.to_string())).await), first);
        world.app.change_organisation(world.acme, |org| org.guard = false).await;
        assert_eq!(told(&world.app.exchange(world.bot, &world.id_token()).await), first);
        assert_eq!(world.app.upstream.count("/issuer/jwks"), 1, "an unknown key is asked for once in half a minute");
        world.app.change_organisation(world.acme, |org| org.guard = true).await;
        assert_eq!(world.app.exchange(world.bot, &world.id_token()).await.status, 200);
    }

    async fn a_flood_of_unknown_keys_has_the_key_set_asked_once(setup) {
        let world = Arc::new(World::new(setup.set("limits.exchanges_per_minute", "1000")).await);
        world.session().await;
        let asked = || world.app.upstream.count("/issuer/jwks");
        assert_eq!(asked(), 1);
        world.app.advance(31);
        let asks: Vec<_> = (0..200).map(|n| {
            let header = json!({"alg": world.issuer.key.alg(), "kid": format!("unknown-{n}")});
            let token = world.issuer.key.token_with(&header, &world.app.github_claims(&world.issuer));
            let world = world.clone();
            tokio::spawn(async move { told(&world.app.exchange(world.bot, &token).await) })
        }).collect();
        let mut answers = Vec::new();
        for ask in asks {
            answers.push(ask.await.unwrap());
        }
        answers.dedup();
        assert_eq!((answers.len(), asked()), (1, 2), "{answers:?}");
        world.session().await;
        assert_eq!(asked(), 2, "the key that is known needs no look");
    }

    async fn a_replayed_token_has_the_same_answer_also_with_another_signature(setup) {
        let world = World::with(setup, TestKey::p256("key-1")).await;
        let token = world.id_token();
        let refused = told(&world.app.exchange(world.bot, "x.y.z").await);
        world.app.session(world.bot, &token).await;
        world.app.advance(61);
        assert_eq!(told(&world.app.exchange(world.bot, &token).await), refused);
        assert_eq!(told(&world.app.exchange(world.bot, &twin(&token)).await), refused);
        assert_eq!(told(&world.app.ask(Ask::exchange(world.bot, &token).from("198.51.100.7")).await), refused);
    }

    async fn pull_requests_count_where_the_conditions_allow_them(setup) {
        let world = World::new(setup).await;
        for (event, allowed) in [("pull_request", true), ("pull_request_target", true), ("workflow_run", false)] {
            let bot = world.app.bot(world.acme, Role::GuardViewer).await.id;
            let mut conditions = world.app.github_conditions(&world.issuer);
            if allowed {
                conditions["allow_events"] = json!([event]);
            }
            world.app.trust(world.acme, bot, &conditions).await;
            let answer = world.app.exchange(bot, &world.id_token_with("event_name", json!(event))).await;
            assert_eq!(answer.status, if allowed { 200 } else { 400 }, "{event}");
        }
    }

    async fn with_the_database_down_the_answer_is_503_and_the_token_counts_later(setup) {
        let mut world = World::new(setup).await;
        let token = world.id_token();
        world.app.app.store.close().await;
        let answer = world.app.exchange(world.bot, &token).await;
        assert_problem(&answer, 503, "database_unavailable");
        assert!(answer.header("retry-after").is_some());
        world.app.restart().await;
        assert_eq!(world.app.exchange(world.bot, &token).await.status, 200);
    }
}

/// The other signature that is as good: `s` in the place of `n - s`.
fn twin(token: &str) -> String {
    use base64::Engine;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = engine.decode(signature).unwrap();
    let order: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| {
            let digits = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
            u8::from_str_radix(&digits[at..at + 2], 16).unwrap()
        })
        .collect();
    let mut borrow = 0;
    for place in (0..32).rev() {
        let difference = i32::from(order[place]) - i32::from(bytes[32 + place]) - borrow;
        borrow = i32::from(difference < 0);
        bytes[32 + place] = (difference + 256 * borrow) as u8;
    }
    format!("{signed}.{}", engine.encode(bytes))
}

#[tokio::test]
async fn the_twin_of_a_signature_counts_as_well_so_that_the_replay_test_proves_something() {
    let world = World::with(Setup::default(), TestKey::p256("key-1")).await;
    world.app.session(world.bot, &twin(&world.id_token())).await;
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_503_and_the_token_counts_once_it_does() {
    let world = World::new(Setup::default()).await;
    let token = world.id_token();
    world.app.upstream.on("/issuer/jwks", Reply::status(500));
    let answer = world.app.exchange(world.bot, &token).await;
    assert_problem(&answer, 503, "issuer_unavailable");
    assert_eq!(answer.json()["message"], answer.json()["detail"]);
    world.app.issuer(TestKey::ed25519("key-2"));
    world.app.upstream.on("/issuer/jwks", Reply::json(sekisho_oidc::testing::jwks(&[&world.issuer.key])));
    world.app.advance(30);
    assert_eq!(world.app.exchange(world.bot, &token).await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_only_the_bot_names_is_not_asked() {
    let world = World::new(Setup::default().set("bots.internal_issuers", "")).await;
    assert_problem(&world.app.exchange(world.bot, &world.id_token()).await, 400, "invalid_id_token");
    assert_eq!(world.app.upstream.count("/issuer/jwks"), 0);
    assert_eq!(world.app.upstream.count("/issuer/.well-known/openid-configuration"), 0);
}

#[tokio::test]
async fn an_issuer_on_a_private_address_is_not_asked_unless_it_is_marked_as_internal() {
    let world = World::new(Setup::default().set("bots.issuers", "https://127.0.0.1:1/issuer")).await;
    let conditions = json!({"provider": "generic", "issuer": "https://127.0.0.1:1/issuer", "subject": "a"});
    world.app.trust(world.acme, world.bot, &conditions).await;
    let token = world.id_token_with("iss", json!("https://127.0.0.1:1/issuer"));
    assert_problem(&world.app.exchange(world.bot, &token).await, 503, "issuer_unavailable");
}

#[tokio::test]
async fn a_discovery_document_that_leads_elsewhere_is_not_followed() {
    let world = World::new(Setup::default()).await;
    let jwks = world.app.upstream.at("elsewhere").to_string().replace("127.0.0.1", "localhost");
    let document = json!({"issuer": world.issuer.name, "jwks_uri": jwks});
    let discovery = "/issuer/.well-known/openid-configuration";
    world.app.upstream.on(discovery, Reply::json(document.to_string()));
    assert_problem(&world.app.exchange(world.bot, &world.id_token()).await, 503, "issuer_unavailable");
    world.app.upstream.on(discovery, Reply::redirect("/elsewhere"));
    world.app.advance(30);
    assert_problem(&world.app.exchange(world.bot, &world.id_token()).await, 503, "issuer_unavailable");
    assert_eq!(world.app.upstream.count("/elsewhere"), 0);
}

#[tokio::test]
async fn a_body_that_is_none_is_told_what_is_wrong_with_it() {
    let world = World::new(Setup::default()).await;
    let post = |body: String| world.app.ask(Ask::post("/bots/exchange", body));
    for body in ["", "{", "[]", "{}", r#"{"bot_id":7,"id_token":"x"}"#, r#"{"bot_id":"x"}"#] {
        let answer = post(body.to_owned()).await;
        assert_problem(&answer, 400, "invalid_request");
        assert_eq!(answer.json()["message"], answer.json()["detail"], "{body}");
    }
    let huge = json!({"bot_id": world.bot.to_string(), "id_token": "a".repeat(70_000)});
    assert_problem(&post(huge.to_string()).await, 413, "body_too_large");
    let plain = Ask::exchange(world.bot, &world.id_token()).without("content-type");
    assert_problem(&world.app.ask(plain).await, 415, "unsupported_media_type");
    assert_problem(&world.app.get("/bots/exchange").await, 405, "unsupported_method");
    tokio::time::timeout(Duration::from_secs(1), world.session()).await.unwrap();
}
