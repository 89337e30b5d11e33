//! A person's own page: keys, sessions, the language.

use sekisho_core::email::EmailAddress;
use sekisho_core::org::Role;
use sekisho_testkit::{Answer, Ask, Setup, TestApp, fixtures};

use super::installs::Take;
use super::support::{Browser, Company, address, hidden, secret};
use crate::support::on_both_engines;

/// Somebody with a key who is signed in.
async fn person(app: &TestApp, email: &str) -> (String, Browser) {
    let key = app.register(email).await.key;
    (key, Browser::sign_in(app, email).await)
}

/// The ids of the keys that a page names.
fn keys(page: &str) -> Vec<String> {
    let links = page.split("/me/keys/revoke?id=").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

on_both_engines! {
    async fn a_key_is_rotated_with_the_old_one_ended_at_once_and_a_mail(setup) {
        let app = setup.start().await;
        let (old, mut browser) = person(&app, "me@example.com").await;
        assert_eq!(app.status_of(&old).await, 200, "this node knows it");
        let page = browser.get(&app, "/me").await.text();
        let hint = format!("{}…", &old[..12]);
        assert!(page.contains(&hint) && !page.contains(&old), "{page}");
        let id = keys(&page).pop().unwrap();

        let asked = browser.get(&app, &format!("/me/keys/rotate?id={id}")).await;
        assert!(asked.status == 200 && asked.text().contains(&hint), "{}", asked.text());
        assert_eq!(app.status_of(&old).await, 200, "looking changes nothing");
        let answer = browser.post(&app, "/me/keys/rotate", &[("id", &id)]).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
        let new = secret(&answer.text());
        assert_eq!((app.status_of(&old).await, app.status_of(&new).await), (401, 200));
        let mails = app.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["Your Sekisho key was rotated"]);
        assert!(!mails[0].text.contains(&new));

        let again = browser.post(&app, "/me/keys/rotate", &[("id", &id)]).await;
        assert!(again.status == 409 && again.text().contains("sent before"), "{}", again.text());
        assert_eq!(app.status_of(&new).await, 200);
        assert_eq!(keys(&browser.get(&app, "/me").await.text()).len(), 1);
    }

    async fn one_more_key_is_made_once_and_shown_once(setup) {
        let app = setup.start().await;
        let (first, mut browser) = person(&app, "me@example.com").await;
        let form = hidden(&browser.get(&app, "/me").await.text(), "form");
        let answer = browser.post(&app, "/me/keys", &[("form", &form)]).await;
        let new = secret(&answer.text());
        assert_eq!((app.status_of(&first).await, app.status_of(&new).await), (200, 200));
        let mails = app.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["A Sekisho key was added"]);
        assert!(!mails[0].text.contains(&new) && mails[0].text.contains(&format!("{}…", &new[..12])), "{}", mails[0].text);

        let again = browser.post(&app, "/me/keys", &[("form", &form)]).await;
        assert!(again.status == 409 && !again.text().contains("tg_anon_"), "{}", again.text());
        let page = browser.get(&app, "/me").await.text();
        assert_eq!(keys(&page).len(), 2);
        assert!(!page.contains(&new));
        for made_up in ["", "x", "\"><script>"] {
            assert_eq!(browser.post(&app, "/me/keys", &[("form", made_up)]).await.status, 403, "{made_up:?}");
        }
        assert!(app.mails().await.is_empty());
    }

    async fn a_key_is_revoked_after_a_question_and_with_the_last_one_the_address_is_forgotten(setup) {
        let app = setup.start().await;
        let (key, mut browser) = person(&app, "me@example.com").await;
        assert_eq!(app.status_of(&key).await, 200);
        let id = keys(&browser.get(&app, "/me").await.text()).pop().unwrap();
        let asked = browser.get(&app, &format!("/me/keys/revoke?id={id}")).await.text();
        assert!(asked.contains(&key[..12]) && asked.contains("This is your last key"), "{asked}");
        for _ in 0..2 {
            let gone = browser.post(&app, "/me/keys/revoke", &[("id", &id)]).await;
            assert!(matches!(gone.status, 303 | 404), "{}", gone.text());
            assert_eq!(app.status_of(&key).await, 401);
        }
        let mails = app.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["Your Sekisho key was revoked"]);
        let email = EmailAddress::parse("me@example.com").unwrap();
        assert_eq!(app.app.store.accounts().find_by_email(&email).await.unwrap(), None);

        // Still signed in: a new key makes a new account.
        let form = hidden(&browser.get(&app, "/me").await.text(), "form");
        let new = secret(&browser.post(&app, "/me/keys", &[("form", &form)]).await.text());
        assert_eq!(app.status(&new).await["email"], "me@example.com");
    }

    async fn an_organisation_s_token_is_revoked_by_exactly_the_person_whose_address_it_carries(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        let token = app.org_token(company.org, "dev@acme.example", None).await;
        let theirs = app.org_token(company.other, "dev@acme.example", None).await;
        let spelled = app.org_token(company.org, "Dev@acme.example", None).await;
        let longer = app.org_token(company.org, "dev@acme.example.evil", None).await;
        assert_eq!(app.status_of(&token.key).await, 200, "this node knows it");
        let mut browser = Browser::sign_in(&app, "dev@acme.example").await;
        let page = browser.get(&app, "/me").await.text();
        assert_eq!(page.matches("/me/tokens/revoke?id=").count(), 2, "{page}");
        assert!(page.contains(&token.id.to_string()) && page.contains(&theirs.id.to_string()) && page.contains("Acme"));
        for not_mine in [&spelled, &longer] {
            assert_eq!(browser.get(&app, &format!("/me/tokens/revoke?id={}", not_mine.id)).await.status, 404);
            for path in ["/me/tokens/revoke", "/me/tokens/rotate"] {
                let fields = named(company.org, not_mine.id);
                assert_eq!(post(&mut browser, &app, path, &fields).await.status, 404, "{path}");
            }
            assert_eq!(app.status_of(&not_mine.key).await, 200);
        }
        let asked = browser.get(&app, &format!("/me/tokens/revoke?id={}", token.id)).await.text();
        assert!(asked.contains(&token.key[..11]) && asked.contains("Acme"), "{asked}");
        assert_eq!(app.status_of(&token.key).await, 200, "looking changes nothing");
        let fields = named(company.org, token.id);
        assert_eq!(post(&mut browser, &app, "/me/tokens/revoke", &fields).await.status, 303);
        assert_eq!(app.status_of(&token.key).await, 401, "at once");
        let row = app.audit(company.org).await.remove(0);
        assert_eq!((row.action.as_str(), row.actor.as_str()), ("token.revoked", "dev@acme.example"));
        let before = app.audit(company.org).await.len();
        assert_eq!(post(&mut browser, &app, "/me/tokens/revoke", &fields).await.status, 303, "again is no mistake");
        assert_eq!(app.audit(company.org).await.len(), before);

        let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
        let fields = named(company.other, theirs.id);
        assert_eq!(post(&mut owner, &app, "/me/tokens/revoke", &fields).await.status, 404, "another person's");
    }

    async fn it_is_rotated_by_that_person_only_where_the_organisation_allows_it(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        let token = app.org_token(company.org, "dev@acme.example", None).await;
        let mut browser = Browser::sign_in(&app, "dev@acme.example").await;
        let (ask, fields) = (format!("/me/tokens/rotate?id={}", token.id), named(company.org, token.id));
        assert!(!browser.get(&app, "/me").await.text().contains("/me/tokens/rotate"));
        assert_eq!(browser.get(&app, &ask).await.status, 403);
        let refused = post(&mut browser, &app, "/me/tokens/rotate", &fields).await;
        assert!(refused.status == 403 && refused.text().contains("does not let people rotate"), "{}", refused.text());
        assert_eq!(app.status_of(&token.key).await, 200);

        app.change_organisation(company.org, |org| org.self_rotate = true).await;
        assert!(browser.get(&app, "/me").await.text().contains(&ask));
        assert_eq!(browser.get(&app, &ask).await.status, 200);
        let shown = post(&mut browser, &app, "/me/tokens/rotate", &fields).await;
        assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")), "{}", shown.text());
        let new = secret(&shown.text());
        assert!(shown.text().matches(&new).count() > 3, "set-up has it too");
        assert_eq!((app.status_of(&token.key).await, app.status_of(&new).await), (401, 200), "at once");
        let row = app.audit(company.org).await.remove(0);
        assert_eq!((row.action.as_str(), row.actor.as_str()), ("token.rotated", "dev@acme.example"));
        let again = post(&mut browser, &app, "/me/tokens/rotate", &fields).await;
        assert!(again.status == 409 && !again.text().contains("tg_org_"), "{}", again.text());

        app.change_organisation(company.org, |org| org.guard = false).await;
        let id = app.app.store.org_tokens().carrying("dev@acme.example", None, 1).await.unwrap()[0].row.id;
        let refused = post(&mut browser, &app, "/me/tokens/rotate", &named(company.org, id)).await;
        assert!(refused.status == 403 && refused.text().contains("Guard is off"), "{}", refused.text());
        assert_eq!(post(&mut browser, &app, "/me/tokens/revoke", &named(company.org, id)).await.status, 303);
    }

    async fn one_s_own_installs_and_refusals_are_shown_and_nobody_else_s(setup) {
        let app = setup.malware("MAL-1", "pkg:npm/evil@1.0.0").start().await;
        fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
        fixtures::npm(&app.upstream, "evil", &["1.0.0"]);
        fixtures::npm(&app.upstream, "secret-pkg", &["1.0.0"]);
        let company = Company::of(&app).await;
        let take = async |key: &str, name: &str| {
            app.ask(Ask::get(&format!("/npm/{name}/-/{name}-1.0.0.tgz")).bearer(key)).await.status
        };
        let (key, mut browser) = person(&app, "dev@acme.example").await;
        let page = browser.get(&app, "/me/installs").await.text();
        assert!(page.contains("Nothing was taken or stopped"), "{page}");
        let mine = app.org_token(company.org, "dev@acme.example", None).await;
        let other = app.org_token(company.org, "dev@acme.example.evil", None).await;
        for _ in 0..22 {
            assert_eq!(take(&key, "left-pad").await, 302);
            app.advance(700);
        }
        assert_eq!(take(&key, "evil").await, 403);
        assert_eq!((take(&mine.key, "left-pad").await, take(&other.key, "secret-pkg").await), (302, 302));

        let page = browser.get(&app, "/me/installs").await.text();
        let releases = |page: &str, name: &str| page.matches(&format!("/why/npm/{name}/1.0.0")).count();
        assert_eq!((releases(&page, "left-pad"), releases(&page, "evil")), (19, 1), "{page}");
        assert!(page.contains("Blocked") && page.contains(">22</td>"), "{page}");
        let (_, rest) = page.split_once("/me/installs?before=").unwrap();
        let older = format!("/me/installs?before={}", rest.split('"').next().unwrap());
        let older = browser.get(&app, &older).await.text();
        assert_eq!(releases(&older, "left-pad"), 3);
        assert!(!older.contains("in the last 30 days"), "numbers stand beside the newest rows: {older}");

        let acme = format!("/me/installs?of={}", company.org);
        assert!(page.contains(&acme) && page.contains("<bdi>Acme</bdi>"));
        let page = browser.get(&app, &acme).await.text();
        assert_eq!((releases(&page, "left-pad"), releases(&page, "secret-pkg")), (1, 0), "{page}");
        for path in [format!("/me/installs?of={}", company.other), "/me/installs?of=x".into(), "/me/installs?before=x".into()] {
            assert_eq!(browser.get(&app, &path).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn another_person_s_key_is_not_there() {
    let app = TestApp::start().await;
    let (_, mut owner) = person(&app, "you@example.com").await;
    let id = keys(&owner.get(&app, "/me").await.text()).pop().unwrap();
    let (_, mut thief) = person(&app, "me@example.com").await;
    for path in ["/me/keys/rotate", "/me/keys/revoke"] {
        assert_eq!(thief.get(&app, &format!("{path}?id={id}")).await.status, 404, "{path}");
        assert_eq!(thief.post(&app, path, &[("id", &id)]).await.status, 404, "{path}");
        assert_eq!(thief.post(&app, path, &[("id", "no id")]).await.status, 404, "{path}");
    }
    assert_eq!(keys(&owner.get(&app, "/me").await.text()), [id]);
}

#[tokio::test]
async fn who_has_no_account_gets_a_first_key_here_if_addresses_may_register() {
    let app = TestApp::start().await;
    Company::of(&app).await;
    let viewer = address(Role::GuardViewer);
    let mut browser = Browser::sign_in(&app, &viewer).await;
    let page = browser.get(&app, "/me").await.text();
    assert!(page.contains("You have no key of your own"), "{page}");
    let answer = browser.post(&app, "/me/keys", &[("form", &hidden(&page, "form"))]).await;
    assert_eq!(app.status(&secret(&answer.text())).await["email"], viewer.as_str());

    let closed = Setup::default().set("registration", "off").start().await;
    Company::of(&closed).await;
    let mut browser = Browser::sign_in(&closed, &viewer).await;
    let page = browser.get(&closed, "/me").await.text();
    assert!(page.contains("this address can&#39;t have one here") && !page.contains("action=\"/me/keys\""), "{page}");
    let form = "a".repeat(43);
    assert_eq!(browser.post(&closed, "/me/keys", &[("form", &form)]).await.status, 403);
    let email = EmailAddress::parse(&viewer).unwrap();
    assert_eq!(closed.app.store.accounts().find_by_email(&email).await.unwrap(), None);
}

#[tokio::test]
async fn nobody_gathers_keys_without_end() {
    let app = Setup::default().set("limits.registrations_per_hour", "200").start().await;
    let (_, mut browser) = person(&app, "me@example.com").await;
    for made in 1..=50 {
        let form = hidden(&browser.get(&app, "/me").await.text(), "form");
        let answer = browser.post(&app, "/me/keys", &[("form", &form)]).await;
        assert_eq!(answer.status, if made < 50 { 200 } else { 409 }, "{made}: {}", answer.text());
    }
    let page = browser.get(&app, "/me").await;
    assert!(page.text().len() < 60_000, "{}", page.text().len());
    let strict = Setup::default().set("limits.registrations_per_hour", "2").start().await;
    let (_, mut browser) = person(&strict, "me@example.com").await;
    let form = async |browser: &mut Browser| hidden(&browser.get(&strict, "/me").await.text(), "form");
    let first = form(&mut browser).await;
    assert_eq!(browser.post(&strict, "/me/keys", &[("form", &first)]).await.status, 200, "a registration before it");
    let second = form(&mut browser).await;
    assert_eq!(browser.post(&strict, "/me/keys", &[("form", &second)]).await.status, 429);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all_at_once() {
    let app = TestApp::start().await;
    let (_, mut here) = person(&app, "me@example.com").await;
    let mut there = Browser::sign_in(&app, "me@example.com").await;
    let mut stranger = Browser::sign_in(&app, "me@example.com").await;
    app.register("you@example.com").await;
    let mut other = Browser::sign_in(&app, "you@example.com").await;
    let page = here.get(&app, "/me").await.text();
    assert_eq!(page.matches("action=\"/me/sessions/end\"").count(), 3);
    assert_eq!(page.matches("this browser").count(), 1);
    let theirs = hidden(there.get(&app, "/me").await.text().split("this browser").nth(1).unwrap(), "id");

    assert_eq!(other.post(&app, "/me/sessions/end", &[("id", &theirs)]).await.status, 303);
    assert_eq!(there.get(&app, "/me").await.status, 200, "nobody ends another's");
    assert_eq!(
        here.post(&app, "/me/sessions/end", &[("id", &theirs)]).await.header("location"),
        Some("/me?done=session-ended")
    );
    assert_eq!(there.get(&app, "/me").await.status, 303);
    let end_all = Ask::form("/me/sessions/end-all", &[]);
    assert_eq!(here.ask(&app, end_all.clone().without("origin").without("sec-fetch-site")).await.status, 403);
    let out = here.ask(&app, end_all).await;
    assert_eq!(out.header("location"), Some("/sign-in?done=signed-out-everywhere"));
    assert!(here.cookie("sekisho-session").is_none());
    assert!(
        here.get(&app, out.header("location").unwrap()).await.text().contains("You are signed out in every browser")
    );
    assert_eq!(stranger.get(&app, "/me").await.status, 303);
    assert_eq!(other.get(&app, "/me").await.status, 200);
}

#[tokio::test]
async fn the_language_is_that_of_the_pages_and_of_the_mails() {
    let app = TestApp::start().await;
    let (_, mut browser) = person(&app, "me@example.com").await;
    let page = browser.get(&app, "/me").await.text();
    let chosen = browser.post(&app, "/language", &[("language", "ja"), ("back", &hidden(&page, "back"))]).await;
    assert_eq!(chosen.header("location"), Some("/me?done=language"));
    let page = browser.get(&app, "/me?done=language").await.text();
    assert!(page.contains("<html lang=\"ja\">") && page.contains("言語を保存しました"), "{page}");
    let id = keys(&page).pop().unwrap();
    let asked = browser.get(&app, &format!("/me/keys/rotate?id={id}")).await.text();
    assert!(asked.contains("ローテーションしますか"), "{asked}");
    let shown = browser.post(&app, "/me/keys/rotate", &[("id", &id)]).await.text();
    assert!(shown.contains("表示されるのはこの一度だけです"), "{shown}");
    assert_eq!(app.mails().await[0].subject, "Sekisho の API キーをローテーションしました");
}

#[tokio::test]
async fn hostile_names_and_versions_among_one_s_installs_do_nothing() {
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    app.org_token(company.org, "dev@acme.example", None).await;
    Take { client: hostile, ..Take::of("dev@acme.example", hostile, hostile) }.noted(&app, &company).await;
    let mut browser = Browser::sign_in(&app, "dev@acme.example").await;
    let text = browser.get(&app, &format!("/me/installs?of={}", company.org)).await.text();
    assert!(text.matches("&#60;script&#62;").count() >= 2, "{text}");
    assert!(!text.contains("<script>") && !text.contains("\"><script"), "{text}");
    for part in text.split('\u{202e}').skip(1) {
        let end = part.find('<').map(|at| &part[at..]).unwrap_or_default();
        assert!(end.starts_with("</bdi>"), "outside of <bdi>: {part}");
    }
}

#[tokio::test]
async fn set_up_on_one_s_own_page_has_the_address_that_package_managers_use() {
    let (loopback, public) = ("http://127.0.0.1:8417", "https://packages.example.com");
    let alone = TestApp::start().await;
    let named = Setup::default().set("public_urls", public).start().await;
    for (app, right, wrong) in [(alone, loopback, public), (named, public, loopback)] {
        Company::of(&app).await;
        let page = Browser::sign_in(&app, "owner@acme.example").await.get(&app, "/me").await.text();
        for part in ["/npm/", "/pypi/simple/"] {
            assert!(page.contains(part) && !page.contains(&format!("{wrong}{part}")), "{wrong}{part}: {page}");
        }
        let host = right.split_once("//").unwrap().1;
        assert!(page.contains(&format!("{right}/npm/")) && page.contains(&format!("{host}/pypi/simple/")), "{page}");
        assert!(page.contains("YOUR_KEY"), "{page}");
    }
}

#[tokio::test]
async fn nobody_sees_the_page_without_signing_in() {
    let app = TestApp::start().await;
    for path in ["/me", "/me/keys/rotate?id=x", "/me/keys/revoke?id=x"] {
        let answer = Browser::new().get(&app, path).await;
        assert!(answer.header("location").unwrap().starts_with("/sign-in?next=%2Fme"), "{path}");
    }
    for path in ["/me/keys", "/me/keys/rotate", "/me/keys/revoke", "/me/sessions/end", "/me/sessions/end-all"] {
        assert_eq!(Browser::new().post(&app, path, &[]).await.header("location"), Some("/sign-in"), "{path}");
    }
}

/// The fields of a form about a token.
fn named(org: impl ToString, token: impl ToString) -> [(&'static str, String); 2] {
    [("org", org.to_string()), ("id", token.to_string())]
}

async fn post(browser: &mut Browser, app: &TestApp, path: &str, fields: &[(&'static str, String); 2]) -> Answer {
    app.advance(1);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(app, path, &fields).await
}
