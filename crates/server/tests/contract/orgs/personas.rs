//! Every endpoint × every persona.

use std::fmt::Write as _;

use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_oidc::testing::TestKey;
use sekisho_testkit::{Ask, TestApp, TestIssuer};

use super::started;
use crate::support::on_both_engines;

/// Every operation of the JSON API by its id in `docs/openapi.json`: method, path and body.
const CALLS: [(&str, &str, &str, &str); 24] = [
    ("register", "POST", "/api/v1/tokens", r#"{"email":"new@acme.example"}"#),
    ("revoke", "DELETE", "/api/v1/tokens", ""),
    ("status", "GET", "/api/v1/tokens/status", ""),
    ("regenerate", "POST", "/api/v1/tokens/regenerate", ""),
    ("reset", "POST", "/api/v1/tokens/reset", r#"{"email":"new@acme.example","code":"0000000000"}"#),
    ("pattern", "GET", "/api/v1/tokens/pattern", ""),
    ("report", "POST", "/api/v1/leaks", r#"{"tokens":[]}"#),
    ("openapi", "GET", "/api/v1/openapi.json", ""),
    ("issueToken", "POST", "/o/<org>/guard/org-user-tokens", r#"{"user_identifier":"new@acme.example"}"#),
    ("listTokens", "GET", "/o/<org>/guard/org-user-tokens", ""),
    ("revokeToken", "DELETE", "/o/<org>/guard/org-user-tokens/by-id/<token>", ""),
    ("rotateToken", "POST", "/o/<org>/guard/org-user-tokens/by-id/<token>/rotate", "{}"),
    ("probeToken", "POST", "/o/<org>/guard/org-user-tokens/probe", r#"{"token":"x"}"#),
    ("installs", "GET", "/o/<org>/guard/installs", ""),
    ("audit", "GET", "/o/<org>/guard/audit", ""),
    ("exchange", "POST", "/bots/exchange", r#"{"bot_id":"BT01K6NBQK6XFVQ8ZZR024H36H2N","id_token":"x"}"#),
    ("whyName", "GET", "/why/npm/left-pad", ""),
    ("whyRelease", "GET", "/why/npm/left-pad/1.0.0", ""),
    ("problem", "GET", "/problems/not_found", ""),
    ("osvQuery", "POST", "/osv/v1/query", r#"{"package":{"ecosystem":"npm","name":"x"}}"#),
    ("osvBatch", "POST", "/osv/v1/querybatch", r#"{"queries":[]}"#),
    ("osvRecord", "GET", "/osv/v1/vulns/MAL-1", ""),
    ("startLogin", "POST", "/npm/-/v1/login", "{}"),
    ("askLogin", "GET", "/npm/-/v1/login/77777777-7777-4777-b777-777777777777", ""),
];

/// Somebody with a credential, and the organisation that he asks about.
struct Persona {
    name: &'static str,
    credential: String,
    org: OrgId,
}

/// Everybody. Each time anew, because some calls end the credential that they come with.
async fn personas(app: &TestApp, ground: &Ground) -> Vec<Persona> {
    let Ground { acme, other, disabled, ref issuer } = *ground;
    let now = app.app.clock.now();
    let revoked = app.org_token(acme, "dev@acme.example", None).await;
    app.app.store.org_tokens().revoke(acme, revoked.id, &app.operated("token.revoked")).await.unwrap();
    let dead_bot = app.bot(acme, Role::Owner).await;
    app.app.store.bots().remove(acme, dead_bot.id, &app.operated("bot.removed")).await.unwrap();
    let unique = sekisho_core::base::random_text(sekisho_core::base::BASE62, 20, &*app.app.random).to_lowercase();
    let pipeline = app.bot(acme, Role::Owner).await.id;
    app.trust(acme, pipeline, &app.github_conditions(issuer)).await;
    let mut claims = app.github_claims(issuer);
    claims["jti"] = unique.clone().into();
    let session = app.session(pipeline, &issuer.key.token(&claims)).await;
    let viewer = app.bot(other, Role::GuardViewer).await;
    app.trust(other, viewer.id, &app.github_conditions(issuer)).await;
    claims["jti"] = format!("{unique}-other").into();
    let other_session = app.session(viewer.id, &issuer.key.token(&claims)).await;
    let mut all = vec![
        ("anonymous", String::new(), acme),
        ("personal", app.register(&format!("{unique}@acme.example")).await.key, acme),
        ("organisation user", app.org_token(acme, "dev@acme.example", None).await.key, acme),
        ("pipeline", session, acme),
        ("expired", app.org_token(acme, "dev@acme.example", Some(now)).await.key, acme),
        ("revoked", revoked.key, acme),
        ("removed bot", dead_bot.credential, acme),
        ("made up", format!("sekisho_apikey_{}:{}", "0".repeat(36), dead_bot.id), acme),
        ("owner of another", app.bot(other, Role::Owner).await.credential, acme),
        ("viewer of another", viewer.credential, acme),
        ("organisation user of another", app.org_token(other, "dev@acme.example", None).await.key, acme),
        ("pipeline of another", other_session, acme),
        ("guard disabled", app.bot(disabled, Role::Owner).await.credential, disabled),
    ];
    for role in Role::ALL.into_iter().rev() {
        all.push((role.as_str(), app.bot(acme, role).await.credential, acme));
    }
    all.into_iter().map(|(name, credential, org)| Persona { name, credential, org }).collect()
}

/// The organisations, and the issuer that a bot trusts.
struct Ground {
    acme: OrgId,
    other: OrgId,
    disabled: OrgId,
    issuer: TestIssuer,
}

/// The answers to each call: `<status> <code>`, and who gets it.
async fn table(app: &TestApp) -> String {
    let (acme, other) = (app.organisation("acme").await, app.organisation("other").await);
    let disabled = app.organisation("disabled").await;
    let ground = Ground { acme, other, disabled, issuer: app.issuer(TestKey::ed25519("key-1")) };
    app.change_organisation(disabled, |org| org.guard = false).await;
    let mut table = String::new();
    for (call, method, path, body) in CALLS {
        let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
        for Persona { name, credential, org } in personas(app, &ground).await {
            // A token of its own for each, so that nobody stands in another's way.
            let target = app.org_token(org, "target@acme.example", None).await;
            let path = path.replace("<org>", &org.to_string()).replace("<token>", &target.id.to_string());
            let mut ask = Ask::new(method, &path).body(body);
            if !body.is_empty() {
                ask = ask.header("content-type", "application/json");
            }
            if !credential.is_empty() {
                ask = ask.bearer(&credential);
            }
            let answer = app.ask(ask.header("accept", "application/json")).await;
            let code = if answer.status < 400 { String::new() } else { answer.code() };
            let told = format!("{} {code}", answer.status).trim_end().to_owned();
            match answers.iter_mut().find(|(answer, _)| *answer == told) {
                Some((_, who)) => who.push(name),
                None => answers.push((told, vec![name])),
            }
            if answer.status == 401 {
                let challenge = if credential.is_empty() { "Bearer" } else { "Bearer error=\"invalid_token\"" };
                assert_eq!(answer.header("www-authenticate"), Some(challenge), "{name} {call}");
            }
            let touched = app.app.store.org_tokens().find(org, target.id).await.unwrap().unwrap();
            let changed = touched.revoked_at.is_some() || touched.replaced_by.is_some();
            assert_eq!(changed, answer.status < 300 && matches!(call, "revokeToken" | "rotateToken"), "{name} {call}");
        }
        let _ = writeln!(table, "{call}");
        for (told, who) in answers {
            let _ = writeln!(table, "  {told}: {}", who.join(", "));
        }
    }
    table
}

#[test]
fn every_operation_has_its_place_in_the_table() {
    let document: serde_json::Value = serde_json::from_str(sekisho_server::api::openapi::DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let mut described: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let mut asked = CALLS.map(|(call, ..)| call).to_vec();
    described.sort_unstable();
    asked.sort_unstable();
    assert_eq!(asked, described, "an operation was added or renamed: it needs its line in CALLS");
}

on_both_engines! {
    async fn every_endpoint_answers_every_persona_as_the_contract_says(setup) {
        let app = started(setup.set("limits.registrations_per_hour", "1000")).await;
        insta::assert_snapshot!("personas", table(&app).await);
    }

    async fn what_is_not_the_caller_s_is_refused_in_the_words_for_what_nobody_has(setup) {
        let app = started(setup).await;
        let (acme, other) = (app.organisation("acme").await, app.organisation("other").await);
        let bot = app.bot(acme, Role::Owner).await;
        let told = async |org: &str| {
            let answer = app.ask(Ask::get(&format!("/o/{org}/guard/audit")).bearer(&bot.credential)).await;
            assert_eq!(answer.status, 404);
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("request_id");
            body
        };
        let nowhere = told("OR01K6NBQK6XFVQ8ZZR024H36H2N").await;
        assert_eq!(told(&other.to_string()).await, nowhere);
        for odd in ["x", "OR", "..%2f", &acme.to_string().to_lowercase(), &format!("{acme}x"), &"O".repeat(3000)] {
            assert_eq!(told(odd).await, nowhere, "{odd}");
        }
    }
}
