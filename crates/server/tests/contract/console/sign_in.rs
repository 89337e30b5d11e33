//! Signing in by a mailed code and by the first owner's, and what ends a session.

use sekisho_core::org::Role;
use sekisho_testkit::{Ask, Setup};

use super::support::{Browser, Company, address};
use crate::support::on_both_engines;

fn in_address(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

on_both_engines! {
    async fn a_mailed_code_signs_in_once_and_only_in_the_browser_that_asked(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        let mut browser = Browser::new();
        let asked = browser.post(&app, "/sign-in", &[("email", "Owner@ACME.example"), ("next", &company.at(""))]).await;
        assert_eq!(asked.status, 303);
        let code = app.mails().await[0].login_code().unwrap();
        let page = browser.get(&app, asked.header("location").unwrap()).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains(&code));

        let mut thief = Browser::new();
        thief.post(&app, "/sign-in", &[("email", "owner@acme.example")]).await;
        let stolen = thief.post(&app, "/sign-in/code", &[("code", &code)]).await;
        assert_eq!(stolen.status, 400, "of another browser's sign-in");

        let before = browser.clone();
        let done = browser.post(&app, "/sign-in/code", &[("code", &code), ("next", &company.at(""))]).await;
        assert_eq!((done.status, done.header("location")), (303, Some(company.at("").as_str())));
        assert!(browser.cookie("sekisho-session").is_some() && browser.cookie("sekisho-sign-in").is_none());
        let again = before.clone().post(&app, "/sign-in/code", &[("code", &code)]).await;
        assert_eq!(again.header("location"), Some("/sign-in"), "it counts once");
    }

    async fn known_and_unknown_addresses_are_answered_alike_and_only_known_ones_get_mail(setup) {
        let app = setup.start().await;
        Company::of(&app).await;
        let ask = async |email: &str| {
            let mut browser = Browser::new();
            let answer = browser.post(&app, "/sign-in", &[("email", email)]).await;
            let page = browser.get(&app, "/sign-in/code").await;
            (answer.status, answer.header("location").map(str::to_owned), page.text().replace(email, "<address>"))
        };
        let without_nonce = |(status, location, text): (u16, Option<String>, String)| {
            let start = text.find("nonce=\"").unwrap() + 7;
            (status, location, format!("{}{}", &text[..start], &text[start + 22..]))
        };
        let (known, unknown) = (ask("owner@acme.example").await, ask("nobody@acme.example").await);
        assert_eq!(without_nonce(known), without_nonce(unknown));
        let mails = app.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["owner@acme.example"]);
        assert_eq!(Browser::new().post(&app, "/sign-in", &[("email", "no address")]).await.status, 400);
    }

    async fn five_wrong_codes_or_ten_minutes_end_a_sign_in(setup) {
        let app = setup.start().await;
        Company::of(&app).await;
        let mut browser = Browser::new();
        browser.post(&app, "/sign-in", &[("email", "owner@acme.example")]).await;
        let code = app.mails().await[0].login_code().unwrap();
        for left in (1..5).rev() {
            let wrong = browser.post(&app, "/sign-in/code", &[("code", "WRNGC0DE00")]).await;
            assert_eq!(wrong.status, 400);
            let said = if left == 1 { "One try is left".to_owned() } else { format!("{left}\u{2069} tries are left") };
            assert!(wrong.text().contains(&said), "{left}: {}", wrong.text());
        }
        browser.post(&app, "/sign-in/code", &[("code", "not a code at all")]).await;
        let late = browser.post(&app, "/sign-in/code", &[("code", &code)]).await;
        assert!(late.status == 400 && late.text().contains("This sign-in is over"), "{}", late.text());

        browser.post(&app, "/sign-in", &[("email", "owner@acme.example")]).await;
        let code = app.mails().await[0].login_code().unwrap();
        app.advance(10 * 60);
        let late = browser.post(&app, "/sign-in/code", &[("code", &code)]).await;
        assert_eq!(late.header("location"), Some("/sign-in"));
    }

    async fn a_session_is_new_at_each_sign_in_and_ends_by_sign_out_idleness_and_age(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        let mut browser = Browser::sign_in(&app, "owner@acme.example").await;
        let first = browser.cookie("sekisho-session").unwrap().to_owned();
        let page = browser.get(&app, &company.at("/members")).await;
        assert_ne!(page.status, 303);

        let mut planted = Browser::new();
        planted.plant("sekisho-session", &first);
        planted.post(&app, "/sign-out", &[]).await;
        assert_eq!(browser.get(&app, "/console").await.header("location"), Some("/sign-in?next=%2Fconsole"), "it ended");

        let mut browser = Browser::sign_in(&app, "owner@acme.example").await;
        assert_ne!(browser.cookie("sekisho-session"), Some(first.as_str()));
        app.advance(12 * 3600 - 60);
        assert_eq!(browser.get(&app, "/console").await.header("location"), Some(company.at("").as_str()));
        app.advance(12 * 3600 - 60);
        assert_eq!(browser.get(&app, "/console").await.header("location"), Some(company.at("").as_str()), "it was used");
        app.advance(12 * 3600);
        assert!(browser.get(&app, "/console").await.header("location").unwrap().starts_with("/sign-in"), "it idled");

        let mut browser = Browser::sign_in(&app, "owner@acme.example").await;
        for _ in 0..16 {
            app.advance(11 * 3600);
            browser.get(&app, "/console").await;
        }
        assert!(browser.get(&app, "/console").await.header("location").unwrap().starts_with("/sign-in"), "a week is over");
    }

    async fn a_form_from_elsewhere_changes_nothing(setup) {
        let app = setup.start().await;
        Company::of(&app).await;
        let mut browser = Browser::sign_in(&app, "owner@acme.example").await;
        for ask in [
            Ask::form("/sign-out", &[]).without("origin").without("sec-fetch-site"),
            Ask::form("/sign-out", &[]).without("origin").header("origin", "http://evil.example"),
            Ask::form("/sign-out", &[]).without("sec-fetch-site").header("sec-fetch-site", "cross-site"),
        ] {
            let answer = browser.ask(&app, ask).await;
            assert_eq!(answer.status, 403);
        }
        assert_eq!(browser.get(&app, "/sign-out").await.status, 405, "nothing changes by looking");
        assert!(browser.get(&app, "/console").await.header("location").unwrap().starts_with("/console/"));
    }

    async fn pages_have_the_headers_that_keep_them_safe(setup) {
        let app = setup.start().await;
        let page = Browser::new().get(&app, "/sign-in").await;
        let csp = page.header("content-security-policy").unwrap();
        let nonce = csp.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        assert_eq!(
            csp.replace(nonce, "<nonce>"),
            "default-src 'none'; style-src 'self'; script-src 'nonce-<nonce>'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        assert!(page.text().contains(&format!("nonce=\"{nonce}\"")));
        let other = Browser::new().get(&app, "/sign-in").await;
        assert!(!other.text().contains(nonce), "each page has its own");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), Some(value), "{name}");
        }
    }

    async fn nobody_is_led_elsewhere_after_signing_in(setup) {
        let app = setup.start().await;
        Company::of(&app).await;
        for next in ["//evil.example", "https://evil.example/", "/\\evil.example", "/console/../../x\r\n"] {
            let mut browser = Browser::new();
            let asked = browser.post(&app, "/sign-in", &[("email", "owner@acme.example"), ("next", next)]).await;
            assert_eq!(asked.header("location"), Some("/sign-in/code?next=%2Fconsole"), "{next:?}");
            let code = app.mails().await[0].login_code().unwrap();
            let typed = browser.get(&app, &format!("/sign-in/code?next={}", in_address(next))).await.text();
            assert!(typed.contains("name=\"next\" value=\"/console\""), "{next:?}: {typed}");
            let done = browser.post(&app, "/sign-in/code", &[("code", &code), ("next", next)]).await;
            assert_eq!((done.status, done.header("location")), (303, Some("/console")), "{next:?}");
            let there = browser.get(&app, &format!("/sign-in?next={}", in_address(next))).await;
            assert_eq!((there.status, there.header("location")), (303, Some("/console")), "signed in already: {next:?}");
            app.advance(3600);
        }
    }

    async fn a_browser_that_signs_in_again_has_one_session(setup) {
        let app = setup.start().await;
        Company::of(&app).await;
        let mut browser = Browser::sign_in(&app, "owner@acme.example").await;
        let first = browser.cookie("sekisho-session").unwrap().to_owned();
        browser.post(&app, "/sign-in", &[("email", "guard-viewer@acme.example")]).await;
        let code = app.mails().await[0].login_code().unwrap();
        assert_eq!(browser.post(&app, "/sign-in/code", &[("code", &code)]).await.status, 303);
        assert_ne!(browser.cookie("sekisho-session"), Some(first.as_str()));
        assert!(browser.get(&app, "/me").await.text().contains("guard-viewer@acme.example"));
        let mut old = Browser::new();
        old.plant("sekisho-session", &first);
        assert_eq!(old.get(&app, "/me").await.header("location"), Some("/sign-in?next=%2Fme"), "the first one is gone");
        let owner = sekisho_core::email::EmailAddress::parse("owner@acme.example").unwrap();
        assert_eq!(app.app.store.sessions().of(&owner, sekisho_testkit::NOW).await.unwrap(), []);
    }

    async fn signing_in_is_limited_for_each_network_and_goes_on_after_an_hour(setup) {
        let app = setup.set("limits.registrations_per_hour", "2").start().await;
        Company::of(&app).await;
        let email = "owner@acme.example";
        for (path, usual) in [("/sign-in", 303), ("/sign-in/first", 400)] {
            let fields = [("email", email), ("code", "WRNGC0DE00"), ("organisation", "Mine")];
            let mut browser = Browser::new();
            for _ in 0..2 {
                assert_eq!(browser.post(&app, path, &fields).await.status, usual, "{path}");
            }
            app.mails().await;
            let third = browser.post(&app, path, &fields).await;
            assert_eq!((third.status, third.header("content-type")), (429, Some("text/html; charset=utf-8")), "{path}");
            assert!(third.text().contains("Too many tries from this network"), "{path}: {}", third.text());
            assert!(app.mails().await.is_empty(), "{path}: no further mail");
            let elsewhere = browser.ask(&app, Ask::form(path, &fields).from("198.51.100.9")).await;
            assert_eq!(elsewhere.status, usual, "{path}: another network");
            app.advance(3600);
            assert_eq!(browser.post(&app, path, &fields).await.status, usual, "{path}: an hour later");
            app.advance(3600);
        }
    }

    async fn the_language_is_kept_with_the_person_and_in_the_browser(setup) {
        let app = setup.start().await;
        Company::of(&app).await;
        let mut browser = Browser::new();
        assert!(browser.get(&app, "/sign-in").await.text().contains("lang=\"en\""));
        let chosen = browser.post(&app, "/language", &[("language", "ja"), ("back", "/sign-in")]).await;
        assert_eq!(chosen.header("location"), Some("/sign-in"));
        assert!(browser.get(&app, "/sign-in").await.text().contains("メールアドレス"));

        let mut owner = Browser::sign_in(&app, "owner@acme.example").await;
        let chosen = owner.post(&app, "/language", &[("language", "ja"), ("back", "//evil.example")]).await;
        assert_eq!((chosen.status, chosen.header("location")), (303, Some("/console")), "nobody is led elsewhere");
        let mut elsewhere = Browser::sign_in(&app, "owner@acme.example").await;
        assert!(elsewhere.get(&app, "/sign-in/first").await.text().contains("<html lang=\"ja\">"), "in any browser");
    }

    async fn who_has_the_printed_code_becomes_the_first_owner(setup) {
        let app = setup.start().await;
        let code = app.owner_code().await;
        let mut browser = Browser::new();
        assert!(browser.get(&app, "/sign-in").await.text().contains("/sign-in/first"));
        let form = |code: &'static str, email: &'static str, name: &'static str| {
            [("code", code), ("email", email), ("organisation", name)]
        };
        for (fields, said) in [
            (form("WRNGC0DE00", "me@acme.example", "Acme"), "This code is wrong"),
            (form("x", "me@acme.example", "Acme"), "This code is wrong"),
            (form("WRNGC0DE00", "me", "Acme"), "no e-mail address"),
            (form("WRNGC0DE00", "me@acme.example", ""), "A name has 1 to 100 characters"),
        ] {
            let wrong = browser.post(&app, "/sign-in/first", &fields).await;
            assert!(wrong.status == 400 && wrong.text().contains(said), "{said}: {}", wrong.text());
        }
        let fields = [("code", code.as_str()), ("email", "me@acme.example"), ("organisation", "Acme")];
        assert_eq!(browser.post(&app, "/sign-in/first", &fields).await.status, 303);
        let begun = browser.get(&app, "/console").await;
        assert!(begun.header("location").unwrap().starts_with("/console/OR01"));
        let again = Browser::new().post(&app, "/sign-in/first", &[fields[0], fields[1], ("organisation", "Another")]).await;
        assert!(again.text().contains("This code is wrong"), "it counts once");
        assert!(!Browser::new().get(&app, "/sign-in").await.text().contains("/sign-in/first"));
        Browser::sign_in(&app, "me@acme.example").await;
    }

    async fn the_printed_code_counts_for_an_hour_and_a_taken_name_does_not_use_it_up(setup) {
        let app = setup.start().await;
        app.organisation("Acme").await;
        let code = app.owner_code().await;
        let fields = |name: &'static str| {
            [("code", code.clone()), ("email", "me@acme.example".into()), ("organisation", name.into())]
        };
        let post = async |name: &'static str| {
            let fields: [(&str, String); 3] = fields(name);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
            Browser::new().post(&app, "/sign-in/first", &fields).await
        };
        assert!(post("Acme").await.text().contains("is there already"));
        app.advance(3600);
        assert!(post("Another").await.text().contains("This code is wrong"));
    }
}

#[tokio::test]
async fn over_plain_http_that_leaves_the_machine_nobody_signs_in() {
    let app = Setup::default().set("public_urls", "http://packages.example.com").start().await;
    Company::of(&app).await;
    let plain = Ask::get("/sign-in").host("packages.example.com").header("accept", "text/html");
    let answer = app.ask(plain).await;
    assert!(answer.status == 403 && answer.text().contains("needs HTTPS"), "{}", answer.text());
    let secure = Setup::default().set("public_urls", "https://packages.example.com").start().await;
    let company = Company::of(&secure).await;
    let form = Ask::form("/sign-in", &[("email", &address(Role::Owner))]).host("packages.example.com");
    let form = form.without("origin").header("origin", "https://packages.example.com");
    let answer = secure.ask(form).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-sekisho-sign-in=") && cookie.contains("; Secure"), "{cookie} {}", company.org);
}
