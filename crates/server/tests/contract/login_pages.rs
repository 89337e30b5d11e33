//! The pages of a login: what people see, and what a browser is made to refuse.

use sekisho_testkit::{Answer, Ask, TestApp};

use crate::login::{Login, path, start_ask};
use crate::support::without_style;

fn plain(login: &Login, answer: &Answer) -> String {
    let mut answer = answer.clone();
    answer.headers.remove("ratelimit");
    without_style(&answer.show()).replace(&login.page, "/login/<id>")
}

#[tokio::test]
async fn every_page_reads_as_it_should_in_both_languages() {
    for language in ["en", "ja"] {
        let app = TestApp::start().await;
        let login = Login::start(&app).await;
        let ask = |ask: Ask| app.ask(ask.header("accept-language", language));
        let form = |step: &str, fields: &[(&str, &str)]| ask(Ask::form(&format!("{}/{step}", login.page), fields));
        let mut pages = vec![("address", ask(Ask::get(&login.page)).await)];
        pages.push(("elsewhere", ask(Ask::get(&login.page).from("198.51.100.7")).await));
        pages.push(("not_an_address", form("address", &[("email", "you@")]).await));
        form("address", &[("email", "you@example.com")]).await;
        let code = app.mails().await[0].login_code().unwrap();
        pages.push(("code", ask(Ask::get(&login.page)).await));
        pages.push(("wrong_code", form("code", &[("code", "WRNGC0DE00")]).await));
        form("code", &[("code", &code)]).await;
        pages.push(("confirmed", ask(Ask::get(&login.page)).await));
        login.key(&app).await;
        pages.push(("done", ask(Ask::get(&login.page)).await));
        let ended = Login::start(&app).await;
        ask(Ask::form(&format!("{}/end", ended.page), &[])).await;
        pages.push(("ended", ask(Ask::get(&ended.page)).await));
        let expired = Login::start(&app).await;
        app.advance(300);
        pages.push(("expired", ask(Ask::get(&expired.page)).await));
        pages.push(("unknown", ask(Ask::get("/login/nothing")).await));
        for (name, page) in pages {
            insta::assert_snapshot!(format!("login_page_{name}_{language}"), plain(&login, &page));
        }
    }
}

#[tokio::test]
async fn a_form_is_taken_from_our_own_pages_only() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    let form = || Ask::form(&format!("{}/address", login.page), &[("email", "you@example.com")]);
    let bare = || form().without("origin").without("sec-fetch-site");
    for (what, ask) in [
        ("neither header", bare()),
        ("another site", bare().header("sec-fetch-site", "cross-site")),
        ("a neighbour", bare().header("sec-fetch-site", "same-site").header("origin", "http://127.0.0.1:8417")),
        ("typed in", bare().header("sec-fetch-site", "none")),
        ("another origin", bare().header("origin", "http://evil.example")),
        ("no origin to be told", bare().header("origin", "null")),
        ("another port", bare().header("origin", "http://127.0.0.1:8418")),
        ("another scheme", bare().header("origin", "https://127.0.0.1:8417")),
        ("they contradict", bare().header("sec-fetch-site", "same-origin").header("origin", "http://evil.example")),
        ("two origins", form().header("origin", "http://127.0.0.1:8417")),
    ] {
        let answer = app.ask(ask).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.show());
        assert!(answer.text().contains("Nothing was changed"), "{what}");
    }
    assert!(app.mails().await.is_empty());
    for step in ["end", "code"] {
        let ask = Ask::form(&format!("{}/{step}", login.page), &[]).without("sec-fetch-site");
        assert_eq!(app.ask(ask.without("origin")).await.status, 400, "{step}");
    }
    assert_eq!(login.poll(&app).await.status, 202, "it was not ended");
    for ask in [form().without("origin"), form().without("sec-fetch-site"), form()] {
        assert_eq!(app.ask(ask).await.status, 303);
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    for step in ["address", "code", "end"] {
        let query = format!("{}/{step}?email=you@example.com&code=ABCDEFGHJK", login.page);
        assert_eq!(app.get(&query).await.status, 405, "{step}");
    }
    let before = app.get(&login.page).await.text();
    app.ask(Ask::head(&login.page)).await;
    app.get(&format!("{}?address", login.page)).await;
    assert_eq!(app.get(&login.page).await.text(), before);
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn another_network_than_the_terminal_s_has_to_be_confirmed() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    let form = |fields: &[(&str, &str)]| Ask::form(&format!("{}/address", login.page), fields).from("198.51.100.7");
    let answer = app.ask(form(&[("email", "you@example.com")])).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("Tick the box"), "{}", answer.text());
    assert!(answer.text().contains("value=\"you@example.com\""), "what was typed stays");
    assert_eq!(app.ask(form(&[("email", "you@example.com"), ("mine", "yes")])).await.status, 303);
    let code = app.mails().await[0].login_code().unwrap();
    let fields = [("code", code.as_str()), ("mine", "yes")];
    let enter = Ask::form(&format!("{}/code", login.page), &fields).from("198.51.100.7");
    assert_eq!(app.ask(enter).await.status, 303);
    login.key(&app).await;
}

#[tokio::test]
async fn who_starts_a_login_and_gives_another_s_address_gets_no_key_by_a_link() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    // The address is given from where the login was started, so that nothing is asked there.
    let code = login.code_for(&app, "you@example.com").await;
    let page = app.ask(Ask::get(&login.page).from("198.51.100.7")).await.text();
    assert!(page.contains("it is a trick") && page.contains("name=\"mine\""), "{page}");
    let enter = Ask::form(&format!("{}/code", login.page), &[("code", &code)]).from("198.51.100.7");
    let answer = app.ask(enter).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("Tick the box"), "{}", answer.text());
    assert_eq!(login.poll(&app).await.status, 202, "no key");
}

#[tokio::test]
async fn this_was_not_me_ends_it_at_every_step_before_the_key() {
    let app = TestApp::start().await;
    let end = |login: &Login| Ask::form(&format!("{}/end", login.page), &[]);
    let (open, asked, confirmed, done) =
        (Login::start(&app).await, Login::start(&app).await, Login::start(&app).await, Login::start(&app).await);
    let code = asked.code_for(&app, "a@example.com").await;
    confirmed.confirm(&app, "a@example.com").await;
    done.confirm(&app, "a@example.com").await;
    let key = done.key(&app).await;
    for login in [&open, &asked, &confirmed] {
        assert_eq!(app.ask(end(login)).await.status, 303);
        assert!(app.get(&login.page).await.text().contains("This login was ended"));
        assert_eq!(login.poll(&app).await.status, 404);
    }
    assert_eq!(asked.enter(&app, &code).await.status, 409);
    assert_eq!(open.give(&app, "a@example.com").await.status, 409);
    app.ask(end(&done)).await;
    assert!(app.get(&done.page).await.text().contains("This login is complete"));
    assert_eq!(app.status_of(&key).await, 200, "a key is ended by its owner, with the mail's command");
}

#[tokio::test]
async fn an_address_that_was_mistyped_can_be_replaced() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    let wrong = login.code_for(&app, "yuo@example.com").await;
    let page = app.get(&format!("{}?address", login.page)).await.text();
    assert!(page.contains("name=\"email\""), "{page}");
    let right = login.code_for(&app, "you@example.com").await;
    assert_eq!(login.enter(&app, &wrong).await.status, 400, "the first address's code no longer counts");
    assert_eq!(login.enter(&app, &right).await.status, 303);
    assert_eq!(app.status(&login.key(&app).await).await["email"], "you@example.com");
}

#[tokio::test]
async fn what_a_stranger_s_program_says_of_itself_is_shown_as_text_and_cut() {
    let app = TestApp::start().await;
    for agent in [
        "<script>alert(1)</script>/1",
        "npm/1<img/src=x/onerror=alert(1)>",
        "\"onmouseover=alert(1)",
        "npm/11.0.0;You-won-a-prize-visit-evil.example",
        "{{7*7}}",
        &"a".repeat(5000),
    ] {
        let answer = app.ask(start_ask().without("user-agent").header("user-agent", agent)).await;
        let login = Login { page: path(&answer.json()["loginUrl"]), poll: path(&answer.json()["doneUrl"]) };
        let page = app.get(&login.page).await.text();
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("onmouseover=alert"), "{page}");
        assert!(!page.contains("evil.example") && page.len() < 6000, "{page}");
    }
    let login = Login::start(&app).await;
    let page = login.give(&app, "\"><script>alert(1)</script>@").await.text();
    assert!(!page.contains("<script"), "{page}");
}

#[tokio::test]
async fn pages_are_kept_by_nobody_shown_in_nothing_and_name_nobody_where_they_were() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    let given = login.give(&app, "you@example.com").await;
    for answer in [app.get(&login.page).await, given, login.enter(&app, "x").await, app.get("/login/none").await] {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "strict-origin"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("vary", "Cookie, Accept-Language"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}: {}", answer.show());
        }
        let csp = answer.header("content-security-policy").unwrap();
        assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{csp}");
        assert!(!csp.contains("unsafe") && csp.contains("form-action 'self'"), "{csp}");
    }
}

#[tokio::test]
async fn without_the_database_the_page_and_npm_are_told_that_it_is_temporary() {
    let app = TestApp::start().await;
    let login = Login::start(&app).await;
    app.app.store.close().await;
    let page = app.get(&login.page).await;
    assert_eq!(page.status, 503);
    assert!(page.text().contains("Not available right now"));
    assert_eq!(login.poll(&app).await.code(), "database_unavailable");
    let answer = app.ask(start_ask().header("npm-command", "login")).await;
    assert_eq!(answer.status, 503, "npm shows a 503's text: {}", answer.show());
}
