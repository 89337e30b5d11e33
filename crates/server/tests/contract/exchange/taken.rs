//! What a pipeline gets, and what it does with it.

use sekisho_core::id::CiSessionId;
use sekisho_core::{Ecosystem, org::Role};
use sekisho_oidc::testing::{TestKey, gitlab};
use sekisho_store::Who;
use sekisho_testkit::{Ask, Setup};
use serde_json::{Value, json};

use super::{PACKAGES, World};
use crate::support::{assert_problem, on_both_engines};

/// The payload of a token.
fn payload(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

on_both_engines! {
    async fn a_pipeline_takes_packages_and_the_ledger_says_where_it_runs(setup) {
        let world = World::new(setup).await;
        let answer = world.app.exchange(world.bot, &world.id_token()).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let told = answer.json();
        assert_eq!(told["expires_in"], 1800);
        assert_eq!(told.as_object().unwrap().len(), 2, "{told}");
        let token = told["access_token"].as_str().unwrap();
        assert!(token.len() < 1500, "{}", token.len());
        for path in PACKAGES {
            for ask in [Ask::get(path).bearer(token), Ask::get(path).basic("__token__", token)] {
                let answer = world.app.ask(ask).await;
                assert!(matches!(answer.status, 200 | 302), "{path}: {}", answer.show());
                assert_eq!(answer.header("ratelimit-policy"), Some("\"organisation\";q=10000;w=10"));
            }
        }
        let whoami = world.app.ask(Ask::get("/npm/-/whoami").bearer(token)).await.json();
        let (bot, acme) = (world.bot.to_string(), world.acme.to_string());
        assert_eq!(whoami, json!({"username": "acme/app", "bot": bot, "organisation": acme}));

        let rows = world.app.ledger().await;
        let id = CiSessionId::parse(payload(token)["sid"].as_str().unwrap()).unwrap();
        for ecosystem in Ecosystem::ALL {
            let row = rows.iter().find(|row| row.ecosystem == ecosystem).expect("a row");
            assert_eq!(row.outcome, "answered");
            let Who::Session { org, bot, session, pipeline } = &row.who else { panic!("{row:?}") };
            assert_eq!((*org, *bot, *session), (world.acme, world.bot, id));
            assert_eq!(pipeline.repository, "acme/app");
            assert_eq!(pipeline.workflow, "acme/shared/.github/workflows/install.yml@refs/heads/main");
            assert_eq!(pipeline.run, "22259804324");
            assert_eq!(pipeline.commit, "c040cae0f0dc81641728557b80f09cfa23b83fe5");
        }
    }

    async fn a_gitlab_job_is_taken_by_its_project_s_id(setup) {
        let world = World::with(setup, TestKey::rsa("gitlab-1")).await;
        let bot = world.app.bot(world.acme, Role::GuardViewer).await.id;
        let conditions = json!({
            "provider": "gitlab", "issuer": world.issuer.name, "project_id": "20", "ref_protected": true,
            "environment": "production",
        });
        world.app.trust(world.acme, bot, &conditions).await;
        let claims = gitlab(&world.issuer.name, "http://127.0.0.1:8417", sekisho_core::Clock::now(&*world.app.clock));
        let token = world.app.session(bot, &world.issuer.key.token(&claims)).await;
        assert_eq!(payload(&token)["repo"], "acme/team/app");
        let other = json!({"project_id": "21", "job_project_id": "21"});
        let mut claims = claims;
        other.as_object().unwrap().iter().for_each(|(name, value)| claims[name] = value.clone());
        assert_problem(&world.app.exchange(bot, &world.issuer.key.token(&claims)).await, 400, "invalid_id_token");
    }

    async fn of_several_conditions_one_has_to_hold(setup) {
        let world = World::new(setup).await;
        let token = world.id_token_with("repository_owner_id", json!("66"));
        assert_problem(&world.app.exchange(world.bot, &token).await, 400, "invalid_id_token");
        let mut conditions = world.app.github_conditions(&world.issuer);
        conditions["repository_owner_id"] = json!("66");
        let second = world.app.trust(world.acme, world.bot, &conditions).await;
        assert_eq!(world.app.exchange(world.bot, &token).await.status, 200);
        assert_eq!(world.app.exchange(world.bot, &world.id_token()).await.status, 200);
        let audit = world.app.operated("trust.removed");
        assert!(world.app.app.store.trusts().remove(world.acme, world.bot, second, &audit).await.unwrap());
        let token = world.id_token_with("repository_owner_id", json!("66")) ;
        assert_problem(&world.app.exchange(world.bot, &token).await, 400, "invalid_id_token");
    }

    async fn the_same_request_within_a_minute_gets_the_same_session(setup) {
        let world = World::new(setup).await;
        let id_token = world.id_token();
        let first = world.app.exchange(world.bot, &id_token).await.json();
        world.app.advance(20);
        let node = world.app.another_node().await;
        let again = node.ask(Ask::exchange(world.bot, &id_token)).await;
        assert_eq!(again.status, 200, "{}", again.show());
        assert_eq!(again.json()["access_token"], first["access_token"]);
        assert_eq!(again.json()["expires_in"], 1780);
        let elsewhere = world.app.ask(Ask::exchange(world.bot, &id_token).from("198.51.100.7")).await;
        assert_problem(&elsewhere, 400, "invalid_id_token");
        let other = world.app.bot(world.acme, Role::GuardViewer).await.id;
        world.app.trust(world.acme, other, &world.app.github_conditions(&world.issuer)).await;
        assert_problem(&world.app.exchange(other, &id_token).await, 400, "invalid_id_token");
        world.app.advance(41);
        assert_problem(&world.app.exchange(world.bot, &id_token).await, 400, "invalid_id_token");
    }

    async fn identical_requests_at_once_get_one_session(setup) {
        let world = World::new(setup).await;
        let id_token = world.id_token();
        let node = world.app.another_node().await;
        let asked = (0..12).map(|place| {
            let (app, ask) = (&world.app, Ask::exchange(world.bot, &id_token));
            let node = &node;
            async move { if place % 2 == 0 { app.ask(ask).await } else { node.ask(ask).await } }
        });
        let answers = futures_util::future::join_all(asked).await;
        let mut tokens: Vec<String> = answers.iter().map(|answer| {
            assert_eq!(answer.status, 200, "{}", answer.show());
            answer.json()["access_token"].as_str().unwrap().to_owned()
        }).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        let now = sekisho_core::Clock::now(&*world.app.clock);
        let running = world.app.app.store.ci_sessions().running(world.acme, world.bot, now, 100).await.unwrap();
        assert_eq!(running.len(), 1);
    }

    async fn a_life_may_be_asked_for_up_to_a_day(setup) {
        let world = World::new(setup).await;
        let ask = |expires_in: Value| {
            let (bot_id, id_token) = (world.bot.to_string(), world.id_token());
            let body = json!({"bot_id": bot_id, "id_token": id_token, "expires_in": expires_in});
            world.app.ask(Ask::post("/bots/exchange", body.to_string()))
        };
        for (wanted, given) in [(json!(1), 1), (json!(86_400), 86_400), (Value::Null, 1800)] {
            assert_eq!(ask(wanted).await.json()["expires_in"], given);
        }
        for wrong in [json!(86_401), json!(0), json!(-1), json!(1.5), json!("60"), json!(1e30)] {
            let answer = ask(wrong.clone()).await;
            assert_problem(&answer, 400, "invalid_request");
            assert_eq!(answer.json()["message"], answer.json()["detail"], "{wrong}");
        }
    }
}

#[tokio::test]
async fn a_configured_audience_stands_in_the_place_of_the_public_url() {
    let world = World::new(Setup::default().set("bots.audiences", "guard,https://other.example")).await;
    for (audience, status) in [("guard", 200), ("https://other.example", 200), ("http://127.0.0.1:8417", 400)] {
        let token = world.id_token_with("aud", json!(audience));
        assert_eq!(world.app.exchange(world.bot, &token).await.status, status, "{audience}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_for_others_gives_a_pipeline_nothing() {
    let other = sekisho_core::id::OrgId(Default::default());
    for (member, status) in [("personal", 404), (&*format!("organisation:{other}"), 404)] {
        let world = World::new(Setup::default().set("upstream.npm.audience", member)).await;
        let token = world.session().await;
        assert_eq!(world.app.ask(Ask::get("/npm/left-pad").bearer(&token)).await.status, status, "{member}");
    }
}

#[tokio::test]
async fn exchanges_are_counted_per_client_network() {
    let setup = Setup::default().set("limits.exchanges_per_minute", "2");
    let world = World::new(setup).await;
    for _ in 0..2 {
        assert_eq!(world.app.exchange(world.bot, &world.id_token()).await.status, 200);
    }
    let answer = world.app.exchange(world.bot, &world.id_token()).await;
    assert_problem(&answer, 429, "rate_limited");
    assert!(answer.json()["message"].is_string());
    assert_eq!(world.app.ask(Ask::exchange(world.bot, &world.id_token()).from("198.51.100.7")).await.status, 200);
    world.app.advance(60);
    assert_eq!(world.app.exchange(world.bot, &world.id_token()).await.status, 200);
}

#[tokio::test]
async fn a_pipeline_s_token_is_of_the_wrong_kind_for_keys_and_for_managing() {
    let world = World::new(Setup::default()).await;
    let token = world.session().await;
    for (method, path) in
        [("GET", "/api/v1/tokens/status"), ("DELETE", "/api/v1/tokens"), ("POST", "/api/v1/tokens/regenerate")]
    {
        let answer = world.app.ask(Ask::new(method, path).bearer(&token)).await;
        assert_problem(&answer, 403, "wrong_credential_kind");
    }
}
