//! A login from a terminal: from `POST /npm/-/v1/login` to the key, and everything that must not lead to one.

use sekisho_store::EntryFilter;
use sekisho_testkit::{Answer, Ask, Setup, TestApp, TestEngine, fixtures};

use crate::support::{assert_problem, shown};

pub(crate) const NPM: &str = "npm/11.19.1 node/v22.23.3 linux x64 workspaces/false";

/// A login as npm and the person's browser know it.
pub(crate) struct Login {
    pub(crate) page: String,
    pub(crate) poll: String,
}

pub(crate) fn path(url: &serde_json::Value) -> String {
    let url = url.as_str().unwrap();
    url.strip_prefix("http://127.0.0.1:8417").unwrap_or_else(|| panic!("{url}")).to_owned()
}

pub(crate) fn start_ask() -> Ask {
    Ask::post("/npm/-/v1/login", "{}").header("user-agent", NPM)
}

impl Login {
    pub(crate) async fn start(app: &TestApp) -> Login {
        let answer = app.ask(start_ask()).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
        let body = answer.json();
        Login { page: path(&body["loginUrl"]), poll: path(&body["doneUrl"]) }
    }

    pub(crate) async fn poll(&self, app: &TestApp) -> Answer {
        app.get(&self.poll).await
    }

    pub(crate) async fn give(&self, app: &TestApp, email: &str) -> Answer {
        app.ask(Ask::form(&format!("{}/address", self.page), &[("email", email)])).await
    }

    pub(crate) async fn enter(&self, app: &TestApp, code: &str) -> Answer {
        app.ask(Ask::form(&format!("{}/code", self.page), &[("code", code)])).await
    }

    /// The code of the mail that the address gets.
    pub(crate) async fn code_for(&self, app: &TestApp, email: &str) -> String {
        assert_eq!(self.give(app, email).await.status, 303);
        app.mails().await.iter().filter(|m| m.to == email).find_map(|m| m.login_code()).expect("a mail with a code")
    }

    pub(crate) async fn confirm(&self, app: &TestApp, email: &str) {
        let code = self.code_for(app, email).await;
        assert_eq!(self.enter(app, &code).await.status, 303);
    }

    pub(crate) async fn key(&self, app: &TestApp) -> String {
        let answer = self.poll(app).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
        answer.json()["token"].as_str().expect("a key").to_owned()
    }

    async fn is_over(&self, app: &TestApp) {
        assert_problem(&self.poll(app).await, 404, "not_found");
    }
}

/// The whole way on one engine.
async fn whole_way(engine: TestEngine) {
    let app = Setup::default().on(engine).start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    let login = Login::start(&app).await;
    let waiting = login.poll(&app).await;
    assert_eq!((waiting.status, waiting.header("retry-after")), (202, Some("2")), "{}", waiting.show());
    assert_eq!(waiting.header("cache-control"), Some("no-store"));
    let code = login.code_for(&app, "you@example.com").await;
    assert_eq!(login.poll(&app).await.status, 202, "an address alone gives nothing");
    // People type codes as they like.
    assert_eq!(login.enter(&app, &format!(" {}-{} ", &code[..5], code[5..].to_lowercase())).await.status, 303);
    let key = login.key(&app).await;
    assert_eq!(app.status(&key).await["email"], "you@example.com");
    assert_eq!(app.ask(Ask::get("/npm/left-pad/-/left-pad-1.0.0.tgz").bearer(&key)).await.status, 302);
    let row = app.app.store.ledger().entries(&EntryFilter::All, 10).await.unwrap().remove(0);
    assert_eq!((row.name.as_str(), row.version.as_str()), ("left-pad", "1.0.0"));
    login.is_over(&app).await;
    assert_eq!(app.ask(Ask::get("/npm/-/whoami").bearer(&key)).await.json()["username"], "you@example.com");
}

#[tokio::test]
async fn a_login_ends_with_a_key_that_installs_and_is_recorded() {
    whole_way(TestEngine::Sqlite).await;
}

#[tokio::test]
async fn a_login_ends_with_a_key_on_postgresql_too() {
    whole_way(TestEngine::Postgres).await;
}

#[tokio::test]
async fn npm_gets_two_addresses_and_the_mails_tell_of_every_step() {
    let app = TestApp::start().await;
    let started = app.ask(start_ask()).await;
    let body = started.json();
    let login = Login { page: path(&body["loginUrl"]), poll: path(&body["doneUrl"]) };
    let plain =
        |answer: &Answer| shown(&app, answer).replace(&login.page[7..], "<page>").replace(&login.poll[16..], "<poll>");
    insta::assert_snapshot!("login_started", plain(&started));
    insta::assert_snapshot!("login_waits", plain(&login.poll(&app).await));
    login.give(&app, "you@example.com").await;
    let mails = app.mails().await;
    insta::assert_snapshot!("login_code_mail_en", mails[0].text);
    login.enter(&app, &mails[0].login_code().unwrap()).await;
    let key = login.key(&app).await;
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].text.contains(&key) && mails[0].text.contains(&key[..12]), "{}", mails[0].text);
    insta::assert_snapshot!("login_registered_mail_en", mails[0].text);
    insta::assert_snapshot!("login_over", plain(&login.poll(&app).await));
}

#[tokio::test]
async fn a_known_address_gets_one_more_key_in_its_own_language() {
    let app = TestApp::start().await;
    let person = app.register("you@example.com").await;
    let login = Login::start(&app).await;
    let page = format!("{}/address", login.page);
    let ask = Ask::form(&page, &[("email", "you@example.com")]).header("accept-language", "ja,en;q=0.5");
    assert_eq!(app.ask(ask).await.status, 303);
    let mails = app.mails().await;
    insta::assert_snapshot!("login_code_mail_ja", mails[0].text);
    login.enter(&app, &mails[0].login_code().unwrap()).await;
    let key = login.key(&app).await;
    assert_eq!((app.status_of(&key).await, app.status_of(&person.key).await), (200, 200));
    insta::assert_snapshot!("login_added_mail_en", app.mails().await[0].text);
}

#[tokio::test]
async fn a_key_that_no_longer_counts_does_not_stand_in_a_login_s_way() {
    let app = TestApp::start().await;
    let old = app.register("you@example.com").await.key;
    app.ask(Ask::new("DELETE", "/api/v1/tokens").bearer(&old)).await;
    let answer = app.ask(start_ask().bearer(&old)).await;
    assert_eq!(answer.status, 200, "{}", answer.show());
    let poll = path(&answer.json()["doneUrl"]);
    assert_eq!(app.ask(Ask::get(&poll).bearer(&old)).await.status, 202);
    assert_eq!(app.ask(Ask::get("/npm/-/whoami").bearer(&old)).await.status, 401, "everywhere else it does");
}

#[tokio::test]
async fn yarn_and_pnpm_start_a_login_too() {
    let app = TestApp::start().await;
    for ask in [
        Ask::new("POST", "/npm/-/v1/login").header("user-agent", "got (https://got.example)"),
        Ask::post("/npm/-/v1/login", r#"{"create":true}"#).header("user-agent", "pnpm/12.21.0 npm/? node/? linux x64"),
        Ask::new("POST", "/npm/-/v1/login"),
    ] {
        assert_eq!(app.ask(ask).await.status, 200);
    }
}

#[tokio::test]
async fn only_the_network_that_started_it_gets_the_key_and_only_once() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    let unknown = format!("{}0", &login.poll[..login.poll.len() - 1]);
    let strip = |answer: &Answer| {
        let mut body = answer.json();
        body["request_id"].take();
        (answer.status, body)
    };
    let elsewhere = app.ask(Ask::get(&login.poll).from("192.0.2.2")).await;
    assert_problem(&elsewhere, 404, "not_found");
    let made_up = strip(&app.get(&unknown).await);
    assert_eq!(strip(&elsewhere), made_up, "nothing to learn");
    login.confirm(&app, "you@example.com").await;
    for other in ["192.0.2.2", "2001:db8::1"] {
        let answer = app.ask(Ask::get(&login.poll).from(other)).await;
        assert_eq!(strip(&answer), made_up, "{other}");
    }
    assert_eq!(app.ask(Ask::head(&login.poll)).await.status, 405, "looking takes nothing");
    login.key(&app).await;
    assert_eq!(strip(&login.poll(&app).await), made_up);
}

#[tokio::test]
async fn after_five_minutes_nothing_is_left_of_a_login() {
    let app = TestApp::start().await;
    let (early, late) = (Login::start(&app).await, Login::start(&app).await);
    early.confirm(&app, "a@example.com").await;
    let code = late.code_for(&app, "b@example.com").await;
    app.advance(299);
    assert_eq!(late.poll(&app).await.status, 202);
    app.advance(1);
    early.is_over(&app).await;
    late.is_over(&app).await;
    assert_eq!(late.enter(&app, &code).await.status, 410);
    assert_eq!(late.give(&app, "b@example.com").await.status, 410);
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn npm_is_told_why_and_stops_instead_of_asking_for_a_password() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    app.ask(Ask::form(&format!("{}/end", login.page), &[])).await;
    let answer = app.ask(Ask::get(&login.poll).header("npm-command", "login")).await;
    assert_eq!(answer.status, 200, "npm takes a 4xx for a registry without web login: {}", answer.show());
    assert!(answer.header("npm-notice").unwrap().starts_with("This login is over"), "{}", answer.show());
    assert!(answer.json().get("token").is_none());
    login.is_over(&app).await;
}

#[tokio::test]
async fn a_code_is_of_use_for_its_own_login_only_and_never_for_a_reset() {
    let app = TestApp::start().await;
    app.register("you@example.com").await;
    let reset_code = app.code_for("you@example.com").await;
    let (one, two) = (Login::start(&app).await, Login::start(&app).await);
    let code = one.code_for(&app, "you@example.com").await;
    two.code_for(&app, "you@example.com").await;
    assert_eq!(two.enter(&app, &code).await.status, 400, "another login's code");
    assert_eq!(two.enter(&app, &reset_code).await.status, 400, "a reset's code");
    let reset = Ask::post("/api/v1/tokens/reset", format!(r#"{{"email":"you@example.com","code":"{code}"}}"#));
    assert_problem(&app.ask(reset).await, 400, "invalid_code");
    assert_eq!(one.enter(&app, &code).await.status, 303);
    assert_eq!(two.poll(&app).await.status, 202);
}

#[tokio::test]
async fn after_five_wrong_codes_of_an_address_and_network_the_right_one_is_not_looked_at() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    let code = login.code_for(&app, "you@example.com").await;
    for left in [4, 3, 2] {
        let answer = login.enter(&app, "WRNGC0DE00").await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(&format!("\u{2068}{left}\u{2069} tries are left")), "{}", answer.text());
    }
    assert!(login.enter(&app, "no code at all").await.text().contains("One try is left"));
    assert_eq!(login.enter(&app, "WRNGC0DE00").await.status, 429);
    assert_eq!(login.enter(&app, &code).await.status, 429, "the right one too");
    let again = Login::start(&app).await;
    let other = again.code_for(&app, "you@example.com").await;
    assert_eq!(again.enter(&app, &other).await.status, 429, "a new login does not help");
    let elsewhere = Ask::form(&format!("{}/code", again.page), &[("code", &other), ("mine", "yes")]).from("192.0.2.9");
    assert_eq!(app.ask(elsewhere).await.status, 303, "the owner's own network is not locked out");
}

#[tokio::test]
async fn known_unknown_and_closed_addresses_are_answered_alike_and_leave_the_same_rows() {
    let app = Setup::default().set("registration", "domains").set("registration_domains", "example.com").start().await;
    app.register("known@example.com").await;
    let mut seen = Vec::new();
    // As long as each other, so that the pages are too.
    for address in ["known@example.com", "fresh@example.com", "shut@example.test"] {
        let login = Login::start(&app).await;
        let given = login.give(&app, address).await;
        let page = app.get(&login.page).await;
        assert_eq!(app.app.store.outbox().backlog().await.unwrap().waiting, 1);
        let mails: Vec<_> = app.mails().await.into_iter().map(|m| m.subject).collect();
        let wrong = login.enter(&app, "WRNGC0DE00").await;
        assert_eq!(mails.len(), usize::from(!address.starts_with("shut")), "{address}");
        let plain = |answer: &Answer| {
            let mut answer = answer.clone();
            answer.headers.remove("ratelimit");
            answer.show().replace(&login.page, "/login/<id>").replace(address, "<address>")
        };
        seen.push((plain(&given), plain(&page), plain(&wrong)));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test]
async fn where_registration_is_off_known_addresses_log_in_and_no_others() {
    let app = Setup::default().set("registration", "off").start().await;
    let login = Login::start(&app).await;
    assert_eq!(login.give(&app, "new@example.com").await.status, 303);
    assert!(app.mails().await.is_empty());
    // One that had its account before is let in.
    let open = TestApp::start().await;
    open.register("known@example.com").await;
    let known = Login::start(&open).await;
    known.confirm(&open, "known@example.com").await;
    known.key(&open).await;
}

#[tokio::test]
async fn an_address_gets_five_such_mails_an_hour_and_a_network_asks_for_thirty() {
    let app = TestApp::start().await;
    for _ in 0..6 {
        assert_eq!(Login::start(&app).await.give(&app, "you@example.com").await.status, 303);
    }
    app.ask(Ask::post("/api/v1/tokens", r#"{"email":"you@example.com"}"#)).await;
    assert_eq!(app.mails().await.len(), 5, "codes and registrations together");
    let login = Login::start(&app).await;
    for number in 0..23 {
        assert_eq!(login.give(&app, &format!("a{number}@example.com")).await.status, 303, "{number}");
    }
    let refused = login.give(&app, "b@example.com").await;
    assert_eq!(refused.status, 429, "{}", refused.show());
    assert!(refused.header("content-type").unwrap().starts_with("text/html"));
    for _ in 0..23 {
        Login::start(&app).await;
    }
    assert_problem(&app.ask(start_ask()).await, 429, "rate_limited");
    let npm = app.ask(start_ask().header("npm-command", "login")).await;
    assert_eq!((npm.status, npm.json().get("loginUrl")), (200, None), "{}", npm.show());
    assert_eq!(app.ask(start_ask().from("192.0.2.2")).await.status, 200);
}

#[tokio::test]
async fn logout_ends_the_presented_key_and_a_key_in_the_path_gives_no_right() {
    let app = TestApp::start().await;
    let (mine, yours) = (app.register("a@example.com").await.key, app.register("b@example.com").await.key);
    let logout = |token: &str| Ask::new("DELETE", &format!("/npm/-/user/token/{token}"));
    assert_problem(&app.ask(logout(&mine)).await, 401, "token_required");
    assert_problem(&app.ask(logout(&yours).bearer(&mine)).await, 400, "invalid_request");
    assert_problem(&app.ask(logout("junk").bearer(&mine)).await, 400, "invalid_request");
    assert_problem(&app.ask(logout(&mine).bearer(&mine).method("GET")).await, 405, "unsupported_method");
    assert_eq!((app.status_of(&mine).await, app.status_of(&yours).await), (200, 200));
    assert_eq!(app.ask(logout(&mine).bearer(&mine)).await.status, 204);
    assert_eq!((app.status_of(&mine).await, app.status_of(&yours).await), (401, 200));
    assert_eq!(app.mails().await.len(), 1, "its owner is told");
}

#[tokio::test]
async fn user_names_are_refused_with_what_to_do_instead() {
    let app = TestApp::start().await;
    let put = Ask::new("PUT", "/npm/-/user/org.couchdb.user:me").body("{}");
    let answer = app.ask(put).await;
    assert_problem(&answer, 405, "unsupported_method");
    insta::assert_snapshot!("login_legacy", shown(&app, &answer));
}
