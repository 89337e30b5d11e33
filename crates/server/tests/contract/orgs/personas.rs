//! Every endpoint × every persona.

use std::fmt::Write as _;

use sekisho_core::org::Role;
use sekisho_testkit::{Ask, TestApp};

use super::started;
use crate::support::on_both_engines;

/// Every call of the organisation API: its name here, method, path and body.
const CALLS: [(&str, &str, &str, &str); 7] = [
    ("issue", "POST", "org-user-tokens", r#"{"user_identifier":"new@acme.example"}"#),
    ("list", "GET", "org-user-tokens", ""),
    ("revoke", "DELETE", "org-user-tokens/by-id/<token>", ""),
    ("rotate", "POST", "org-user-tokens/by-id/<token>/rotate", "{}"),
    ("probe", "POST", "org-user-tokens/probe", r#"{"token":"x"}"#),
    ("installs", "GET", "installs", ""),
    ("audit", "GET", "audit", ""),
];

/// The answers, a line a persona: `<status> <code>`.
async fn table(app: &TestApp) -> String {
    let acme = app.organisation("acme").await;
    let other = app.organisation("other").await;
    let person = app.register("dev@acme.example").await.key;
    let member = app.org_token(acme, "dev@acme.example", None).await.key;
    let now = app.app.clock.now();
    let expired = app.org_token(acme, "dev@acme.example", Some(now)).await.key;
    let revoked = app.org_token(acme, "dev@acme.example", None).await;
    app.app.store.org_tokens().revoke(acme, revoked.id, &app.operated("token.revoked")).await.unwrap();
    let dead_bot = app.bot(acme, Role::Owner).await;
    app.app.store.bots().remove(acme, dead_bot.id, &app.operated("bot.removed")).await.unwrap();
    let disabled = app.organisation("disabled").await;
    let of_disabled = app.bot(disabled, Role::Owner).await;
    app.change_organisation(disabled, |org| org.guard = false).await;
    let mut personas = vec![
        ("anonymous", String::new(), acme),
        ("personal", person, acme),
        ("organisation user", member, acme),
        ("expired", expired, acme),
        ("revoked", revoked.key, acme),
        ("removed bot", dead_bot.credential, acme),
        ("made up", format!("sekisho_apikey_{}:{}", "0".repeat(36), dead_bot.id), acme),
        ("owner of another", app.bot(other, Role::Owner).await.credential, acme),
        ("guard disabled", of_disabled.credential, disabled),
    ];
    for role in Role::ALL.into_iter().rev() {
        personas.push((role.as_str(), app.bot(acme, role).await.credential, acme));
    }
    let mut table = String::new();
    for (name, credential, org) in personas {
        let _ = write!(table, "{name:18}");
        for (call, method, path, body) in CALLS {
            // A token of its own for each call, so that no call stands in another's way.
            let target = app.org_token(org, "target@acme.example", None).await;
            let path = format!("/o/{org}/guard/{}", path.replace("<token>", &target.id.to_string()));
            let mut ask = Ask::new(method, &path).body(body);
            if !body.is_empty() {
                ask = ask.header("content-type", "application/json");
            }
            if !credential.is_empty() {
                ask = ask.bearer(&credential);
            }
            let answer = app.ask(ask).await;
            let code = if answer.status < 400 { String::new() } else { answer.code() };
            let _ = write!(table, " | {call} {} {code:21}", answer.status);
            if answer.status == 401 {
                let challenge = if credential.is_empty() { "Bearer" } else { "Bearer error=\"invalid_token\"" };
                assert_eq!(answer.header("www-authenticate"), Some(challenge), "{name} {call}");
            }
            let touched = app.app.store.org_tokens().find(org, target.id).await.unwrap().unwrap();
            let changed = touched.revoked_at.is_some() || touched.replaced_by.is_some();
            assert_eq!(changed, answer.status < 300 && matches!(call, "revoke" | "rotate"), "{name} {call}");
        }
        table.push('\n');
    }
    table.replace(" \n", "\n")
}

on_both_engines! {
    async fn every_endpoint_answers_every_persona_as_the_contract_says(setup) {
        let app = started(setup).await;
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
