//! Registering an address: the answer, the row and the mail; nothing to learn, nothing to jam.

use sekisho_testkit::{Ask, Setup, TestApp};

use crate::support::{assert_problem, shown};

fn register(body: &str) -> Ask {
    Ask::post("/api/v1/tokens", body.to_owned())
}

#[tokio::test]
async fn a_new_address_gets_its_key_and_the_set_up_in_english() {
    let app = TestApp::start().await;
    let answer = app.ask(register(r#"{"email":"you@example.com"}"#)).await;
    insta::assert_snapshot!("registration", shown(&app, &answer));
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    insta::assert_snapshot!("registration_mail_en", mails[0].text);
    let key = mails[0].key().expect("a key");
    assert_eq!(app.status_of(&key).await, 200);
}

#[tokio::test]
async fn a_new_address_gets_its_key_and_the_set_up_in_japanese() {
    let app = TestApp::start().await;
    let answer = app.ask(register(r#"{"email":"you@example.com","language":"ja"}"#)).await;
    insta::assert_snapshot!("registration_ja", shown(&app, &answer));
    insta::assert_snapshot!("registration_mail_ja", app.mails().await[0].text);
}

#[tokio::test]
async fn a_known_address_gets_a_code_and_where_its_key_is_in_both_languages() {
    let app = TestApp::start().await;
    app.register("o'neil+x@example.com").await;
    app.ask(register(r#"{"email":"o'neil+x@example.com"}"#)).await;
    insta::assert_snapshot!("known_mail_en", app.mails().await[0].text);
    app.ask(register(r#"{"email":"o'neil+x@example.com","language":"ja"}"#)).await;
    insta::assert_snapshot!("known_mail_ja", app.mails().await[0].text);
}

#[tokio::test]
async fn known_and_new_addresses_are_answered_alike() {
    let app = TestApp::start().await;
    app.register("known@example.com").await;
    let seen = |answer: sekisho_testkit::Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("ratelimit");
        (answer.status, headers, answer.body)
    };
    let known = seen(app.ask(register(r#"{"email":"known@example.com"}"#)).await);
    let new = seen(app.ask(register(r#"{"email":"new@example.com"}"#)).await);
    assert_eq!(known, new);
    assert_eq!(app.app.store.outbox().backlog().await.unwrap().waiting, 2, "one row each, whatever is known");
}

#[tokio::test]
async fn a_mail_goes_to_the_stored_form_of_the_address() {
    let app = TestApp::start().await;
    app.ask(register(r#"{"email":"You@EXAMPLE.com"}"#)).await;
    let mails = app.mails().await;
    assert_eq!(mails[0].to, "you@example.com");
    assert_eq!(app.status(&mails[0].key().unwrap()).await["email"], "you@example.com");
    app.ask(register("{\"email\":\"a@b\u{fc}cher.example\"}")).await;
    assert_eq!(app.mails().await[0].to, "a@xn--bcher-kva.example");
}

#[tokio::test]
async fn the_first_registration_chooses_the_language_of_all_mails() {
    let app = TestApp::start().await;
    app.ask(register(r#"{"email":"you@example.com","language":"ja"}"#)).await;
    let key = app.mails().await[0].key().unwrap();
    assert_eq!(app.status(&key).await["language"], "ja");
    // Asked again without a language: the account's holds.
    app.ask(register(r#"{"email":"you@example.com"}"#)).await;
    let again = app.mails().await.remove(0);
    assert!(again.text.contains("日") || !again.subject.is_ascii(), "{}", again.text);
    // Asked in English: that mail only.
    app.ask(register(r#"{"email":"you@example.com","language":"en"}"#)).await;
    let english = app.mails().await.remove(0);
    assert!(english.subject.is_ascii(), "{}", english.subject);
    assert_eq!(app.status(&key).await["language"], "ja");
    // For good once its code was used.
    let reset = format!(r#"{{"email":"you@example.com","code":"{}"}}"#, english.code().unwrap());
    let answer = app.ask(Ask::post("/api/v1/tokens/reset", reset)).await;
    let key = answer.json()["api_key"].as_str().unwrap().to_owned();
    assert_eq!(app.status(&key).await["language"], "en");
    assert!(app.mails().await[0].subject.is_ascii());
}

#[tokio::test]
async fn a_sixth_mail_within_an_hour_is_accepted_and_not_sent() {
    let app = TestApp::start().await;
    let ask = || register(r#"{"email":"you@example.com"}"#);
    for _ in 0..5 {
        assert_eq!(app.ask(ask()).await.status, 202);
        assert_eq!(app.mails().await.len(), 1);
        app.advance(60);
    }
    assert_eq!(app.ask(ask()).await.status, 202);
    assert!(app.mails().await.is_empty());
    // Others are not in the way of each other.
    app.ask(register(r#"{"email":"else@example.com"}"#)).await;
    assert_eq!(app.mails().await.len(), 1);
    app.advance(3600);
    assert_eq!(app.ask(ask()).await.status, 202);
    assert_eq!(app.mails().await.len(), 1);
}

#[tokio::test]
async fn six_registrations_at_once_are_five_mails() {
    let app = TestApp::start().await;
    for _ in 0..6 {
        assert_eq!(app.ask(register(r#"{"email":"you@example.com"}"#)).await.status, 202);
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 5);
    assert_eq!(mails.iter().filter(|m| m.key().is_some()).count(), 1, "one key, the rest codes");
}

#[tokio::test]
async fn the_thirty_first_registration_or_reset_of_an_address_within_an_hour_is_429() {
    let app = TestApp::start().await;
    for number in 0..30 {
        let ask = match number % 2 {
            0 => register(&format!(r#"{{"email":"a{number}@example.com"}}"#)),
            _ => Ask::post("/api/v1/tokens/reset", r#"{"email":"a@example.com","code":"ABCDEFGHJK"}"#),
        };
        assert!(matches!(app.ask(ask).await.status, 202 | 400));
    }
    let answer = app.ask(register(r#"{"email":"you@example.com"}"#)).await;
    insta::assert_snapshot!(shown(&app, &answer));
    let reset = Ask::post("/api/v1/tokens/reset", r#"{"email":"a@example.com","code":"ABCDEFGHJK"}"#);
    assert_problem(&app.ask(reset).await, 429, "rate_limited");
    // Another client is not in the way of this one; an IPv6 /64 is one client.
    for (from, status) in [("192.0.2.2", 202), ("2001:db8::1", 202), ("::ffff:192.0.2.1", 429)] {
        assert_eq!(app.ask(register(r#"{"email":"x@example.com"}"#).from(from)).await.status, status, "{from}");
    }
    app.advance(3599);
    assert_eq!(app.ask(register(r#"{"email":"you@example.com"}"#)).await.status, 429, "a whole hour");
    app.advance(1);
    assert_eq!(app.ask(register(r#"{"email":"you@example.com"}"#)).await.status, 202);
}

#[tokio::test]
async fn registration_can_be_off_or_for_some_domains() {
    let off = Setup::default().set("registration", "off").start().await;
    let answer = off.ask(register(r#"{"email":"you@example.com"}"#)).await;
    insta::assert_snapshot!("registration_off", shown(&off, &answer));
    assert!(off.mails().await.is_empty());

    let some = Setup::default().set("registration", "domains").set("registration_domains", "Example.com");
    let some = some.start().await;
    assert_eq!(some.ask(register(r#"{"email":"you@EXAMPLE.com"}"#)).await.status, 202);
    for other in ["you@sub.example.com", "you@example.com.evil.example", "you@notexample.com"] {
        let answer = some.ask(register(&format!(r#"{{"email":"{other}"}}"#))).await;
        assert_problem(&answer, 403, "registration_closed");
    }
    assert_eq!(some.mails().await.len(), 1);
}

#[tokio::test]
async fn a_registration_whose_key_was_never_used_is_erased_after_thirty_days() {
    let app = TestApp::start().await;
    let idle = app.register("idle@example.com").await;
    let busy = app.register("busy@example.com").await;
    app.ask(Ask::get("/pypi/simple/").bearer(&busy.key)).await;
    app.app.callers.write_uses().await.unwrap();
    app.advance(30 * 24 * 3600 + 1);
    app.app.store.maintenance().sweep(sekisho_core::Clock::now(&*app.clock), 100).await.unwrap();
    assert_eq!(app.status_of(&idle.key).await, 401);
    assert_eq!(app.status_of(&busy.key).await, 200);
    app.register("idle@example.com").await;
}
