//! Nothing secret leaks: the main flows run while every log line is captured, and no token, code or e-mail address is
//! in any of them, nor in any error's body.
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use sekisho_testkit::{Ask, Reply, Setup, TestApp, fixtures};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

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
    errors: Vec<String>,
}

impl Secrets {
    fn add(&mut self, text: &str) {
        assert!(text.len() >= 8, "too short to be looked for: {text}");
        self.texts.push(text.to_owned());
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

#[tokio::test]
async fn no_key_code_or_address_is_in_any_log_line_or_error() {
    let log = Captured::default();
    // Everything of ours and of those below us, as an operator who looks for a fault would set it.
    let subscriber = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("trace")).with_ansi(false);
    tracing::subscriber::set_global_default(subscriber.with_writer(log.clone()).finish()).unwrap();

    let app = Setup::default().malware("MAL-1", "pkg:npm/evil").start().await;
    let mut secrets = Secrets::default();
    secrets.add(EMAIL);
    login(&app, &mut secrets).await;
    app.advance(3600);
    let key = keys(&app, &mut secrets).await;
    packages(&app, &mut secrets, &key).await;
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
