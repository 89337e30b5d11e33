//! An organisation's credentials on every kind of route.

use sekisho_core::org::Role;
use sekisho_testkit::{Ask, Setup, TestBot};

use super::{PACKAGES, started};
use crate::support::{assert_problem, on_both_engines, shown};

on_both_engines! {
    async fn an_organisation_s_token_takes_packages_and_its_uses_are_told(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let token = app.org_token(acme, "dev@acme.example", None).await;
        for path in PACKAGES {
            for ask in [Ask::get(path).bearer(&token.key), Ask::get(path).basic("any", &token.key)] {
                let answer = app.ask(ask).await;
                assert!(matches!(answer.status, 200 | 302), "{path}: {}", answer.show());
                assert_eq!(answer.header("ratelimit-policy"), Some("\"organisation\";q=10000;w=10"));
            }
        }
        let status = app.status(&token.key).await;
        assert_eq!(status["usage"]["by_ecosystem"]["npm"]["installs"], 1, "{status}");
        assert_eq!(status["usage"]["by_ecosystem"]["pypi"]["installs"], 1, "{status}");
        assert_eq!(status["organisation"], serde_json::json!({"id": acme.to_string(), "name": "acme"}));
        assert_eq!(status["user_identifier"], "dev@acme.example");
        assert_eq!(status["token"]["id"], token.id.to_string());
        assert_eq!(status["rate_limit"]["window_seconds"], 10);
        app.app.callers.write_uses().await.unwrap();
        let row = app.app.store.org_tokens().find(acme, token.id).await.unwrap().unwrap();
        assert_eq!(row.last_used_at.map(|at| at.to_string()).as_deref(), status["token"]["last_used_at"].as_str());
        assert!(row.last_used_at.is_some());
    }

    async fn a_bot_s_key_takes_no_packages_and_says_why(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let owner = app.bot(acme, Role::Owner).await;
        for path in PACKAGES {
            assert_problem(&app.ask(Ask::get(path).bearer(&owner.credential)).await, 403, "wrong_credential_kind");
            assert_problem(&app.ask(Ask::get(path).basic("x", &owner.credential)).await, 403, "wrong_credential_kind");
        }
        assert!(app.ledger().await.is_empty());
        assert!(app.anonymous(sekisho_core::Ecosystem::Npm, "left-pad").await.is_empty());
    }

    async fn a_bot_s_key_counts_with_its_own_bot_only(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let (one, two) = (app.bot(acme, Role::Owner).await, app.bot(acme, Role::Owner).await);
        let (key, _) = one.credential.split_once(':').unwrap();
        let whoami = async |credential: &str| app.ask(Ask::get("/npm/-/whoami").bearer(credential)).await;
        assert_eq!(whoami(&one.credential).await.status, 200);
        for bad in [key.to_owned(), format!("{key}:{}", two.id), format!("{key}:"), format!("{key}:{acme}")] {
            assert_problem(&whoami(&bad).await, 401, "invalid_token");
        }
    }

    async fn a_bot_s_last_use_is_written_by_a_request(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let (bot, idle) = (app.bot(acme, Role::GuardViewer).await, app.bot(acme, Role::GuardViewer).await);
        let used = async |bot: &TestBot| {
            app.app.callers.write_uses().await.unwrap();
            app.app.store.bots().keys(acme, bot.id).await.unwrap()[0].last_used_at
        };
        assert_eq!(used(&bot).await, None);
        app.advance(7);
        let installs = format!("/o/{acme}/guard/installs");
        assert_eq!(app.ask(Ask::get(&installs).bearer(&bot.credential)).await.status, 200);
        assert_eq!((used(&bot).await, used(&idle).await), (Some(app.app.clock.now()), None));
    }

    async fn personal_keys_routes_refuse_an_organisation_s_credentials_except_status(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let token = app.org_token(acme, "dev@acme.example", None).await;
        let bot = app.bot(acme, Role::Owner).await;
        for (method, path) in [("POST", "/api/v1/tokens/regenerate"), ("DELETE", "/api/v1/tokens")] {
            for credential in [&token.key, &bot.credential] {
                let answer = app.ask(Ask::new(method, path).bearer(credential)).await;
                assert_problem(&answer, 403, "wrong_credential_kind");
            }
        }
        let logout = app.ask(Ask::new("DELETE", &format!("/npm/-/user/token/{}", token.key)).bearer(&token.key)).await;
        assert_problem(&logout, 403, "wrong_credential_kind");
        assert_eq!(app.status_of(&token.key).await, 200);
        let answer = app.ask(Ask::get("/api/v1/tokens/status").bearer(&bot.credential)).await;
        assert_problem(&answer, 403, "wrong_credential_kind");
    }

    async fn whoami_names_the_holder_the_organisation_and_the_bot(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let token = app.org_token(acme, "dev@acme.example", None).await;
        let answer = app.ask(Ask::get("/npm/-/whoami").bearer(&token.key)).await;
        assert_eq!(
            answer.json(),
            serde_json::json!({"username": "dev@acme.example", "organisation": acme.to_string()})
        );
        let bot = app.bot(acme, Role::GuardViewer).await;
        let told = app.ask(Ask::get("/npm/-/whoami").bearer(&bot.credential)).await.json();
        assert_eq!((&told["bot"], &told["organisation"]), (&bot.id.to_string().into(), &acme.to_string().into()));
    }

    async fn an_organisation_s_token_has_its_own_limit(setup) {
        let setup = setup.set("limits.organisation_per_ten_seconds", "2").set("limits.hold_seconds", "0");
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let token = app.org_token(acme, "dev@acme.example", None).await;
        let ping = async || app.ask(Ask::get("/npm/-/ping").bearer(&token.key)).await;
        assert_eq!((ping().await.status, ping().await.status), (200, 200));
        assert_problem(&ping().await, 429, "rate_limited");
        app.advance(5);
        assert_eq!(ping().await.status, 200);
        assert_eq!(app.get("/npm/-/ping").await.status, 200, "without it there is the address's own limit");
    }
}

#[tokio::test]
async fn what_an_organisation_s_credentials_are_refused_with() {
    let app = started(Setup::default()).await;
    let acme = app.organisation("acme").await;
    let token = app.org_token(acme, "dev@acme.example", None).await;
    let bot = app.bot(acme, Role::Owner).await;
    let ended = app.org_token(acme, "dev@acme.example", Some(app.app.clock.now())).await;
    let shot = async |ask: Ask| shown(&app, &app.ask(ask).await);
    insta::assert_snapshot!("bot_on_a_package_route", shot(Ask::get("/npm/left-pad").bearer(&bot.credential)).await);
    let personal = Ask::new("DELETE", "/api/v1/tokens");
    insta::assert_snapshot!("org_token_on_a_personal_route", shot(personal.clone().bearer(&token.key)).await);
    insta::assert_snapshot!("bot_on_a_personal_route", shot(personal.bearer(&bot.credential)).await);
    insta::assert_snapshot!("token_at_its_end", shot(Ask::get("/npm/left-pad").bearer(&ended.key)).await);
}
