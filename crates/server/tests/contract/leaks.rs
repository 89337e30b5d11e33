//! Found tokens: each real one ends at once and those whom it belongs to are told, in our form and in GitHub's.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_core::id::AuditId;
use sekisho_core::org::Role;
use sekisho_store::AuditRow;
use sekisho_testkit::{Answer, Ask, FakeUpstream, Reply, Setup, TestApp, TestEngine};
use serde_json::{Value, json};

use crate::support::assert_problem;

const UNKNOWN: &str = "tg_anon_0000000000000000000000000000000ND6GK";
const UNKNOWN_ORG: &str = "tg_org_0000000000000000000000000000001H306S";

async fn plain(app: &TestApp, tokens: &[&str]) -> Answer {
    app.ask(Ask::post("/api/v1/leaks", json!({ "tokens": tokens }).to_string())).await
}

async fn audit(app: &TestApp, org: sekisho_core::id::OrgId) -> Vec<AuditRow> {
    let rows = app
        .app
        .store
        .audit()
        .page(org, &sekisho_store::AuditFilter::default(), AuditId(uuid::Uuid::max()), 100)
        .await
        .unwrap();
    rows.into_iter().filter(|row| row.actor == "leak report").collect()
}

#[tokio::test]
async fn tokens_and_keys_of_an_organisation_end_and_its_managers_are_told() {
    the_managers_are_told(TestEngine::Sqlite).await;
}

#[tokio::test]
async fn tokens_and_keys_of_an_organisation_end_and_its_managers_are_told_on_postgres() {
    the_managers_are_told(TestEngine::Postgres).await;
}

async fn the_managers_are_told(engine: TestEngine) {
    let app = Setup::default().on(engine).start().await;
    let org = app.organisation("Acme").await;
    app.member(org, "owner@example.com", Role::Owner).await;
    app.member(org, "manager@example.com", Role::GuardManager).await;
    app.member(org, "viewer@example.com", Role::GuardViewer).await;
    let other = app.organisation("Other").await;
    app.member(other, "other@example.com", Role::Owner).await;
    let person = app.register("owner@example.com").await;
    let token = app.org_token(org, "C02XK1", None).await;
    let bot = app.bot(org, Role::GuardTokenIssuer).await;
    let (bare, _) = bot.credential.split_once(':').unwrap();

    let found = [&*token.key, "junk", UNKNOWN_ORG, &token.key, &bot.credential, bare, &person.key];
    assert_eq!(plain(&app, &found).await.json(), json!({"received": 7, "revoked": 3}));
    assert_eq!(plain(&app, &found).await.json(), json!({"received": 7, "revoked": 0}), "said again");

    let row = app.app.store.org_tokens().find(org, token.id).await.unwrap().unwrap();
    assert!(row.revoked_at.is_some());
    assert!(app.app.store.bots().keys(org, bot.id).await.unwrap()[0].revoked_at.is_some());
    assert_eq!(app.status_of(&person.key).await, 401);
    let mut told: Vec<_> = app.mails().await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    told.sort();
    let organisation = "A Sekisho credential of your organisation was found in public and revoked";
    let to = |address: &str, subject: &str| (address.to_owned(), subject.to_owned());
    let expected = [
        to("manager@example.com", organisation),
        to("manager@example.com", organisation),
        to("owner@example.com", organisation),
        to("owner@example.com", organisation),
        to("owner@example.com", "Your Sekisho key was found in public and revoked"),
    ];
    assert_eq!(told, expected, "not the viewer, nobody of another organisation, and each once");
    let mut rows = audit(&app, org).await;
    rows.sort_by(|a, b| a.action.cmp(&b.action));
    let actions: Vec<_> = rows.iter().map(|row| (row.action.clone(), row.subject.clone())).collect();
    assert_eq!(
        actions,
        [("bot_key.revoked".into(), bot.id.to_string()), ("token.revoked".into(), token.id.to_string())]
    );
    assert!(audit(&app, other).await.is_empty());
    let detail: Value = serde_json::from_str(&rows[1].detail).unwrap();
    assert_eq!(detail, json!({"reason": "leaked", "by": "report", "user_identifier": "C02XK1"}));
}

#[tokio::test]
async fn of_many_credentials_found_within_an_hour_all_end_and_some_mails_are_sent() {
    let app = Setup::default().set("limits.mails_per_hour", "2").start().await;
    let org = app.organisation("Acme").await;
    app.member(org, "owner@example.com", Role::Owner).await;
    let mut keys = Vec::new();
    for n in 0..5 {
        keys.push(app.org_token(org, &format!("C02XK{n}"), None).await.key);
    }
    let found: Vec<&str> = keys[..4].iter().map(String::as_str).collect();
    assert_eq!(plain(&app, &found).await.json(), json!({"received": 4, "revoked": 4}));
    assert_eq!(app.mails().await.len(), 2);
    assert_eq!(audit(&app, org).await.len(), 4, "the audit log has them all");
    app.advance(3601);
    assert_eq!(plain(&app, &[&keys[4]]).await.json()["revoked"], 1);
    assert_eq!(app.mails().await.len(), 1);
}

#[tokio::test]
async fn a_manager_reads_the_mail_in_the_language_of_the_account() {
    let app = TestApp::start().await;
    let org = app.organisation("Acme\nBcc: everybody").await;
    app.member(org, "owner@example.com", Role::Owner).await;
    let body = r#"{"email":"owner@example.com","language":"ja"}"#;
    assert_eq!(app.ask(Ask::post("/api/v1/tokens", body)).await.status, 202);
    app.mails().await;
    let token = app.org_token(org, "C02XK1", None).await;
    plain(&app, &[&token.key]).await;
    insta::assert_snapshot!(app.mails().await[0].text);
}

#[tokio::test]
async fn tokens_that_nobody_has_are_counted_before_the_database_is_asked() {
    let app = Setup::default().set("limits.anonymous_per_minute", "50").set("limits.hold_seconds", "0").start().await;
    let person = app.register("you@example.com").await;
    let made_up: Vec<String> = (0..60)
        .map(|_| {
            let kind = sekisho_core::token::TokenKind::Organisation;
            sekisho_core::token::PlainToken::mint(kind, &*app.random).expose().to_owned()
        })
        .collect();
    let mut found: Vec<&str> = vec![&person.key];
    found.extend(made_up.iter().map(String::as_str));
    assert_problem(&plain(&app, &found).await, 429, "rate_limited");
    let status = Ask::get("/api/v1/tokens/status").bearer(&person.key).from("192.0.2.9");
    assert_eq!(app.ask(status).await.status, 200, "a report is taken whole or not at all");
    let elsewhere = Ask::post("/api/v1/leaks", json!({ "tokens": [person.key] }).to_string()).from("192.0.2.9");
    assert_eq!(app.ask(elsewhere).await.json()["revoked"], 1);
}

/// Whom reports come from: a list of keys at an address, and the key that signs.
struct Partner {
    server: FakeUpstream,
    pair: EcdsaKeyPair,
}

impl Partner {
    async fn start() -> Partner {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let partner = Partner { server: FakeUpstream::start().await, pair };
        partner.publish("key-1");
        partner
    }

    fn publish(&self, id: &str) {
        // The start of every public key on P-256 as DER, before the point itself.
        let mut der = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap();
        der.extend_from_slice(self.pair.public_key().as_ref());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
        let list = json!({"public_keys": [{"key_identifier": id, "key": pem, "is_current": true}]});
        self.server.on("/keys", Reply::json(list.to_string()));
    }

    async fn app(&self) -> TestApp {
        Setup::default().set("leaks.github_keys_url", self.server.at("keys").as_str()).start().await
    }

    fn report(&self, id: &str, body: &str) -> Ask {
        let signature = self.pair.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
        signed(id, &STANDARD.encode(signature), body)
    }
}

fn signed(id: &str, signature: &str, body: &str) -> Ask {
    let ask = Ask::post("/api/v1/leaks", body.to_owned());
    ask.header("github-public-key-identifier", id).header("github-public-key-signature", signature)
}

fn find(token: &str) -> Value {
    json!({"token": token, "type": "sekisho", "url": "https://code.example/<script>", "source": "content"})
}

#[tokio::test]
async fn a_signed_report_is_answered_with_a_verdict_for_each_find() {
    let partner = Partner::start().await;
    let app = partner.app().await;
    let org = app.organisation("Acme").await;
    app.member(org, "owner@example.com", Role::Owner).await;
    let token = app.org_token(org, "C02XK1", None).await;
    let person = app.register("you@example.com").await;
    let body = json!([find(&token.key), find(&person.key), find(UNKNOWN), find("tg_org_short"), find(&token.key)]);
    let answer = app.ask(partner.report("key-1", &body.to_string())).await;
    let verdict = |token: &str, label: &str| json!({"token_raw": token, "token_type": "sekisho", "label": label});
    let expected = json!([
        verdict(&token.key, "true_positive"),
        verdict(&person.key, "true_positive"),
        verdict(UNKNOWN, "false_positive"),
        verdict("tg_org_short", "false_positive"),
        verdict(&token.key, "true_positive"),
    ]);
    assert_eq!((answer.status, answer.json()), (200, expected));
    assert_eq!(app.status_of(&person.key).await, 401);
    let mails = app.mails().await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| !mail.text.contains("code.example")), "what a stranger wrote is not quoted");
    let rows = audit(&app, org).await;
    assert_eq!(rows.len(), 1);
    assert!(rows[0].detail.contains("github") && !rows[0].detail.contains("code.example"), "{}", rows[0].detail);
    let again = app.ask(partner.report("key-1", &json!([find(&token.key)]).to_string())).await;
    assert_eq!(again.json()[0]["label"], "true_positive", "it was one, though it ended before");
}

#[tokio::test]
async fn the_programme_s_own_example_is_taken_as_signed() {
    let server = FakeUpstream::start().await;
    let key = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\n\
        HzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==\n-----END PUBLIC KEY-----\n";
    let id = "f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d";
    let list = json!({"public_keys": [{"key_identifier": id, "key": key, "is_current": true}]});
    server.on("/keys", Reply::json(list.to_string()));
    let app = Setup::default().set("leaks.github_keys_url", server.at("keys").as_str()).start().await;
    let body = r#"[{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}]"#;
    let signature = "MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+L2y8oQ9A2T9GGJo6WJY=";
    let answer = app.ask(signed(id, signature, body)).await;
    let verdict = json!([{"token_raw": "some_token", "token_type": "some_type", "label": "false_positive"}]);
    assert_eq!((answer.status, answer.json()), (200, verdict));
    let spaced = body.replace(",\"type\"", ", \"type\"");
    assert_problem(&app.ask(signed(id, signature, &spaced)).await, 400, "invalid_signature");
}

#[tokio::test]
async fn a_report_that_is_not_signed_as_it_says_ends_nothing() {
    let partner = Partner::start().await;
    let app = partner.app().await;
    let person = app.register("you@example.com").await;
    let body = json!([find(&person.key)]).to_string();
    let other = Partner::start().await;
    let good = partner.report("key-1", &body);
    for bad in [
        other.report("key-1", &body),
        good.clone().body(body.replace("content", "commit")),
        good.clone().without("github-public-key-signature"),
        good.clone().without("github-public-key-identifier"),
        signed("key-1", "not base64!", &body),
        signed("key-1", "", &body),
        signed(&"k".repeat(300), "AAAA", &body),
        good.clone().header("github-public-key-identifier", "key-2"),
    ] {
        assert_problem(&app.ask(bad).await, 400, "invalid_signature");
    }
    let huge = good.clone().body(vec![b'['; 1024 * 1024 + 1]);
    assert_problem(&app.ask(huge).await, 413, "body_too_large");
    for wrong in ["{}", "[1]", "[{}]", r#"[{"token":1}]"#, r#"[["x","y"]]"#, "[", "null", r#"{"tokens":[]}"#] {
        assert_problem(&app.ask(partner.report("key-1", wrong)).await, 400, "invalid_request");
    }
    assert_eq!(app.status_of(&person.key).await, 200);
    assert_eq!(app.ask(good).await.json()[0]["label"], "true_positive");
}

#[tokio::test]
async fn without_the_setting_signed_reports_are_refused_and_no_address_is_asked() {
    let partner = Partner::start().await;
    let app = TestApp::start().await;
    let person = app.register("you@example.com").await;
    let report = partner.report("key-1", &json!([find(&person.key)]).to_string());
    assert_problem(&app.ask(report).await, 400, "invalid_signature");
    assert_eq!(app.status_of(&person.key).await, 200);
    assert_eq!(partner.server.count("/keys"), 0);
}

#[tokio::test]
async fn keys_are_kept_and_fetched_again_for_an_unknown_one_after_a_cool_down() {
    let partner = Partner::start().await;
    let app = partner.app().await;
    for _ in 0..3 {
        assert_eq!(app.ask(partner.report("key-1", "[]")).await.status, 200);
    }
    assert_eq!(partner.server.count("/keys"), 1);
    partner.publish("key-2");
    for id in ["key-2", "made-up", "made-up-2"] {
        assert_problem(&app.ask(partner.report(id, "[]")).await, 400, "invalid_signature");
    }
    assert_eq!(partner.server.count("/keys"), 1, "strangers make up ids");
    app.advance(61);
    let asked = futures_util::future::join_all((0..5).map(|_| app.ask(partner.report("key-2", "[]")))).await;
    assert!(asked.iter().all(|answer| answer.status == 200));
    assert_eq!(partner.server.count("/keys"), 2, "one asks for all");
    assert_problem(&app.ask(partner.report("key-1", "[]")).await, 400, "invalid_signature");
}

#[tokio::test]
async fn while_the_keys_can_t_be_fetched_new_reports_wait_and_known_keys_serve() {
    let partner = Partner::start().await;
    let app = partner.app().await;
    for bad in
        [Reply::status(500), Reply::json("{}"), Reply::json("x".repeat(300_000)), Reply::json(r#"{"public_keys":[]}"#)]
    {
        partner.server.on("/keys", bad);
        let answer = app.ask(partner.report("key-1", "[]")).await;
        assert_problem(&answer, 503, "keys_unavailable");
        assert_eq!(answer.header("retry-after"), Some("60"));
        app.advance(61);
    }
    partner.publish("key-1");
    assert_eq!(app.ask(partner.report("key-1", "[]")).await.status, 200);
    partner.server.on("/keys", Reply::status(500));
    app.advance(25 * 3600);
    assert_eq!(
        app.ask(partner.report("key-1", "[]")).await.status,
        200,
        "the old list serves while there is no new one"
    );
}
