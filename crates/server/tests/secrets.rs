//! Nothing secret leaks: the main flows run while every log line is captured, and no token, code or e-mail address is
//! in any of them, nor in any error's body.
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use sekisho_core::Clock;
use sekisho_core::id::OrgId;
use sekisho_oidc::testing::{TestKey, jwks};
use sekisho_store::OrgTokenPage;
use sekisho_testkit::{Ask, Mail, NOW, Reply, Setup, TestApp, fixtures};
use serde_json::json;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use browser::{Browser, hidden, secret};

#[path = "contract/console/support.rs"]
#[allow(dead_code, reason = "the contract's tests take the rest")]
mod browser;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Captured;

    fn make_writer(&'a self) -> Captured {
        self.clone()
    }
}

/// What must not be told, and where it was told nevertheless.
#[derive(Default)]
struct Secrets {
    texts: Vec<String>,
    /// Those of them that browsers keep.
    cookies: Vec<String>,
    errors: Vec<String>,
}

impl Secrets {
    fn add(&mut self, text: &str) {
        assert!(text.len() >= 8, "too short to be looked for: {text}");
        self.texts.push(text.to_owned());
    }

    fn cookie(&mut self, browser: &Browser, name: &str) {
        let text = browser.cookie(name).unwrap_or_else(|| panic!("there is no {name}")).to_owned();
        self.add(&text);
        self.cookies.push(text);
    }

    async fn ask(&mut self, app: &TestApp, ask: Ask) -> sekisho_testkit::Answer {
        let answer = app.ask(ask).await;
        if answer.status >= 400 {
            self.errors.push(answer.show());
        }
        answer
    }
}

const EMAIL: &str = "private.person@example.com";

async fn keys(app: &TestApp, secrets: &mut Secrets) -> String {
    let person = app.register(EMAIL).await;
    secrets.add(&person.key);
    let code = app.code_for(EMAIL).await;
    secrets.add(&code);
    let reset = |code: &str| Ask::post("/api/v1/tokens/reset", format!(r#"{{"email":"{EMAIL}","code":"{code}"}}"#));
    secrets.add("WRNGC0DE00");
    secrets.ask(app, reset("WRNGC0DE00")).await;
    let key = secrets.ask(app, reset(&code)).await.json()["api_key"].as_str().unwrap().to_owned();
    secrets.add(&key);
    secrets.ask(app, reset(&code)).await;
    let answer = secrets.ask(app, Ask::new("POST", "/api/v1/tokens/regenerate").bearer(&key)).await;
    let new = answer.json()["api_key"].as_str().unwrap().to_owned();
    secrets.add(&new);
    for bad in [&key, "tg_anon_secretlookingbutwrong0000000000000000"] {
        secrets.add(bad);
        secrets.ask(app, Ask::get("/api/v1/tokens/status").bearer(bad)).await;
        secrets.ask(app, Ask::get("/npm/left-pad").basic("token", bad)).await;
    }
    app.mails().await;
    for body in [
        format!(r#"{{"email":"{EMAIL}","language":"{EMAIL}"}}"#),
        format!(r#"{{"email":"{EMAIL} "}}"#),
        format!(r#"{{"email":"{EMAIL}""#),
        format!(r#"{{"{EMAIL}":1}}"#),
    ] {
        secrets.ask(app, Ask::post("/api/v1/tokens", body)).await;
    }
    for _ in 0..6 {
        secrets.ask(app, Ask::post("/api/v1/tokens", format!(r#"{{"email":"{EMAIL}"}}"#))).await;
    }
    app.mails().await;
    new
}

/// A login, with everything that goes wrong in one.
async fn login(app: &TestApp, secrets: &mut Secrets) {
    let start = || Ask::post("/npm/-/v1/login", "{}").header("user-agent", "npm/11.19.1");
    let started = app.ask(start()).await.json();
    let path = |name: &str| started[name].as_str().unwrap().trim_start_matches("http://127.0.0.1:8417").to_owned();
    let (page, poll) = (path("loginUrl"), path("doneUrl"));
    secrets.add(&page[7..]);
    secrets.add(&poll[16..]);
    secrets.ask(app, Ask::form(&format!("{page}/address"), &[("email", EMAIL)]).header("origin", "null")).await;
    secrets.ask(app, Ask::get(&poll).from("192.0.2.99")).await;
    secrets.ask(app, Ask::new("DELETE", &poll)).await;
    secrets.ask(app, Ask::new("DELETE", &page)).await;
    app.ask(Ask::form(&format!("{page}/address"), &[("email", EMAIL)])).await;
    let code = app.mails().await.iter().find_map(|mail| mail.login_code()).unwrap();
    secrets.add(&code);
    app.ask(Ask::form(&format!("{page}/code"), &[("code", "WRNGC0DE00")])).await;
    app.ask(Ask::form(&format!("{page}/code"), &[("code", &code)])).await;
    let key = app.ask(Ask::get(&poll)).await.json()["token"].as_str().unwrap().to_owned();
    secrets.add(&key);
    secrets.ask(app, Ask::get(&poll)).await;
    app.mails().await;
    let logout = |with: &str| Ask::new("DELETE", &format!("/npm/-/user/token/{key}")).bearer(with);
    secrets.ask(app, logout("tg_anon_secretlookingbutwrong0000000000000000")).await;
    secrets.ask(app, Ask::get(&format!("/npm/-/user/token/{key}")).bearer(&key)).await;
    assert_eq!(app.ask(logout(&key)).await.status, 204);
    secrets.ask(app, logout(&key)).await;
    app.mails().await;
}

async fn packages(app: &TestApp, secrets: &mut Secrets, key: &str) {
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    fixtures::npm_reply(&app.upstream, "html", Reply::ok("text/html", "<html>"));
    fixtures::npm_reply(&app.upstream, "away", Reply::redirect("http://user:upstreampassword@10.0.0.1/"));
    secrets.add("upstreampassword");
    for path in [
        "/npm/left-pad",
        "/npm/left-pad/-/left-pad-1.0.0.tgz",
        "/npm/evil",
        "/npm/evil/-/evil-1.0.0.tgz",
        "/npm/html",
        "/npm/away",
        "/npm/nothing",
        "/npm/-/whoami",
        "/pypi/simple/flask/",
        "/pypi/files/flask/flask-1.0-py3-none-any.whl",
        "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata",
        "/nothing",
    ] {
        secrets.ask(app, Ask::get(path).bearer(key)).await;
        secrets.ask(app, Ask::get(path).basic("token", key)).await;
        secrets.ask(app, Ask::get(path).bearer(key).host("evil.example")).await;
        secrets.ask(app, Ask::new("PUT", path).bearer(key)).await;
    }
}

/// Signs in by a mailed code and as a first owner; the organisation that comes of it.
async fn sign_in(app: &TestApp, secrets: &mut Secrets, browser: &mut Browser) -> OrgId {
    browser.post(app, "/sign-in", &[("email", EMAIL)]).await;
    secrets.cookie(browser, "sekisho-sign-in");
    let code = app.mails().await.iter().find_map(Mail::login_code).unwrap();
    secrets.add(&code);
    for code in ["WRNGC0DE00", &code] {
        browser.post(app, "/sign-in/code", &[("code", code)]).await;
    }
    secrets.cookie(browser, "sekisho-session");
    let code = app.owner_code().await;
    secrets.add(&code);
    for code in ["WRNGC0DE00", &code, &code] {
        let fields = [("code", code), ("email", EMAIL), ("organisation", "Acme")];
        browser.post(app, "/sign-in/first", &fields).await;
    }
    secrets.cookie(browser, "sekisho-session");
    app.app.store.organisations().find_by_name("Acme").await.unwrap().unwrap().id
}

/// Tokens and a bot, from the pages that show them once.
async fn issue(app: &TestApp, secrets: &mut Secrets, browser: &mut Browser, org: OrgId) {
    let at = |path: &str| format!("/console/{org}{path}");
    let form = hidden(&browser.get(app, &at("/tokens/new")).await.text(), "form");
    let fields = [("form", form.as_str()), ("identifier", "C02XK1"), ("life", "30")];
    secrets.add(&secret(&browser.post(app, &at("/tokens/new"), &fields).await.text()));
    let page = OrgTokenPage { prefix: Default::default(), status: None, after: None, limit: 1 };
    let token = app.app.store.org_tokens().page(org, &page, NOW).await.unwrap()[0].id;
    let token = at(&format!("/tokens/{token}"));
    let form = hidden(&browser.get(app, &token).await.text(), "form");
    let fields = [("form", form.as_str()), ("overlap", "0")];
    secrets.add(&secret(&browser.post(app, &format!("{token}/rotate"), &fields).await.text()));

    let form = hidden(&browser.get(app, &at("/tokens/import")).await.text(), "form");
    let part =
        |name: &str, text: &str| format!("--xXx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let body = [part("form", &form), part("list", "C02XK2\nC02XK3,7"), "--xXx--\r\n".to_owned()].concat();
    let ask = Ask::form(&at("/tokens/import"), &[]).without("content-type");
    let file =
        browser.ask(app, ask.header("content-type", "multipart/form-data; boundary=xXx").body(body)).await.text();
    let tokens: Vec<&str> =
        file.split([',', '\n']).filter(|cell| cell.starts_with("tg_org_") && cell.len() > 20).collect();
    assert_eq!(tokens.len(), 2, "{file}");
    tokens.iter().for_each(|token| secrets.add(token));

    let made = browser.post(app, &at("/bots"), &[("name", "ci"), ("role", "guard_viewer")]).await;
    let bot = made.header("location").unwrap().split('?').next().unwrap().to_owned();
    let form = hidden(&browser.get(app, &bot).await.text(), "form");
    let key = secret(&browser.post(app, &format!("{bot}/keys"), &[("form", &form)]).await.text());
    secrets.add(key.split(':').next().unwrap());
    let issuer = app.issuer(TestKey::p256("one"));
    let mut claims = app.github_claims(&issuer);
    for audience in ["http://127.0.0.1:8417", "somebody"] {
        claims["aud"] = json!(audience);
        let tried = issuer.key.token(&claims);
        secrets.add(&tried);
        let page = browser.post(app, &format!("{bot}/try"), &[("token", &tried)]).await;
        assert_eq!(page.status, 200, "{}", page.text());
    }
}

/// Signing in at an identity provider, once with a token that counts and once with one that does not.
async fn provider(app: &TestApp, secrets: &mut Secrets, browser: &mut Browser) {
    let (key, issuer) = (TestKey::p256("idp"), app.upstream.at("idp").to_string());
    let document = json!({
        "issuer": issuer, "jwks_uri": format!("{issuer}/jwks"), "token_endpoint": format!("{issuer}/token"),
        "authorization_endpoint": format!("{issuer}/authorize"), "response_types_supported": ["code"],
    });
    app.upstream.on("/idp/.well-known/openid-configuration", Reply::json(document.to_string()));
    app.upstream.on("/idp/jwks", Reply::json(jwks(&[&key])));
    for (audience, code, status) in [("somebody", "providercode-refused", 403), ("sekisho", "providercode-good", 303)] {
        let gone = browser.get(app, "/sign-in/provider").await;
        secrets.cookie(browser, "sekisho-provider");
        let asked = url::Url::parse(gone.header("location").unwrap()).unwrap();
        let query = |name: &str| asked.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
        let at = app.clock.now().0 / 1000;
        let token = key.token(&json!({
            "iss": issuer, "aud": audience, "sub": "person-1", "iat": at, "exp": at + 300, "nonce": query("nonce"),
            "email": EMAIL, "email_verified": true,
        }));
        secrets.add(&token);
        secrets.add(code);
        app.upstream.on("/idp/token", Reply::json(json!({"id_token": token}).to_string()));
        let back = browser.get(app, &format!("/sign-in/provider/back?code={code}&state={}", query("state"))).await;
        assert_eq!(back.status, status, "{}", back.text());
    }
    secrets.cookie(browser, "sekisho-session");
}

/// The console's pages: whatever is typed or shown there. Their own error pages name the address that was typed.
async fn console(app: &TestApp, secrets: &mut Secrets) {
    let mut browser = Browser::new();
    let org = sign_in(app, secrets, &mut browser).await;
    issue(app, secrets, &mut browser, org).await;
    provider(app, secrets, &mut browser).await;
    let mut stored = String::new();
    for file in std::fs::read_dir(app.database.dir().unwrap()).unwrap() {
        stored.push_str(&String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()));
    }
    assert!(stored.contains(EMAIL) && secrets.cookies.len() == 6, "{}", secrets.cookies.len());
    for cookie in &secrets.cookies {
        assert!(!stored.contains(cookie.as_str()), "a cookie's text is in the database: {cookie}");
    }
}

#[tokio::test]
async fn no_key_code_or_address_is_in_any_log_line_or_error() {
    let log = Captured::default();
    // Everything of ours and of those below us, as an operator who looks for a fault would set it.
    let subscriber = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("trace")).with_ansi(false);
    tracing::subscriber::set_global_default(subscriber.with_writer(log.clone()).finish()).unwrap();

    let app = Setup::default().malware("MAL-1", "pkg:npm/evil").provider();
    let app = app.file("[console.oidc]\nclient_id = \"sekisho\"\n").start().await;
    let mut secrets = Secrets::default();
    secrets.add(EMAIL);
    login(&app, &mut secrets).await;
    app.advance(3600);
    let key = keys(&app, &mut secrets).await;
    packages(&app, &mut secrets, &key).await;
    app.advance(3600);
    console(&app, &mut secrets).await;
    secrets.ask(&app, Ask::post("/api/v1/leaks", format!(r#"{{"tokens":["{key}"]}}"#))).await;
    secrets.ask(&app, Ask::new("DELETE", "/api/v1/tokens").bearer(&key)).await;
    app.app.store.close().await;
    secrets.ask(&app, Ask::get("/npm/left-pad").bearer(&key)).await;
    secrets.ask(&app, Ask::post("/api/v1/tokens", format!(r#"{{"email":"{EMAIL}"}}"#))).await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("sekisho_server") && log.contains("sekisho_upstream"), "nothing was captured: {log}");
    assert!(secrets.errors.len() > 30, "{}", secrets.errors.len());
    for secret in &secrets.texts {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
        let error = secrets.errors.iter().find(|error| error.contains(secret.as_str()));
        assert!(error.is_none(), "{secret} is in an error: {error:?}");
    }
}
