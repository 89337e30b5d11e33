//! A release's page: the verdict for everybody, who took it for members who may read that.

use sekisho_core::Ecosystem;
use sekisho_core::org::Role;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_testkit::{Ask, Setup, TestApp};

use super::installs::{Take, rows};
use super::support::{Browser, Company, address};
use crate::gate::console_routes;
use crate::support::on_both_engines;

on_both_engines! {
    async fn members_who_may_read_installs_see_who_took_a_release_and_nobody_else_does(setup) {
        let app = setup.malware("MAL-2026-1", "pkg:npm/left-pad@6.6.6").start().await;
        let company = Company::of(&app).await;
        Take::of("alice@acme.example", "left-pad", "6.6.6").noted(&app, &company).await;
        Take::of("bob@acme.example", "left-pad", "1.0.0").noted(&app, &company).await;
        let refusal = Refusal { reason: Reason::Malware, advisories: vec!["MAL-2026-1".into()] };
        Take { refusal: Some(refusal), ..Take::of("carol@acme.example", "left-pad", "6.6.6") }.noted(&app, &company).await;
        Take { ecosystem: Ecosystem::Pypi, client: "pip", ..Take::of("dora@acme.example", "flask", "1.0") }.noted(&app, &company).await;
        for role in [Role::Owner, Role::GuardManager, Role::GuardViewer] {
            let page = Browser::sign_in(&app, &address(role)).await.get(&app, "/why/npm/left-pad/6.6.6").await;
            let text = page.text();
            let takers = text.split_once("Who took it in").unwrap().1.to_owned();
            let (carol, alice) = (takers.find("carol@acme.example").unwrap(), takers.find("alice@acme.example").unwrap());
            assert!(carol < alice && !takers.contains("bob@"), "newest first, of this release: {takers}");
            assert!(takers.contains("Refused") && takers.contains("Answered"));
            let search = company.at("/installs?package=pkg%3Anpm%2Fleft%2Dpad%406%2E6%2E6");
            assert!(takers.contains(&format!("href=\"{search}\"")), "{takers}");
            assert!(takers.contains("/installs/export?package=") && takers.contains("format=cdx.json"));
        }
        let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
        let found = viewer.get(&app, &company.at("/installs?package=pkg%3Anpm%2Fleft%2Dpad%406%2E6%2E6")).await;
        assert_eq!(rows(&found).len(), 2, "the link leads to the same rows");
        let name = viewer.get(&app, "/why/npm/left-pad").await.text();
        assert!(name.contains("bob@acme.example") && name.contains("href=\"/why/npm/left-pad/1.0.0\""), "{name}");
        let spelled = viewer.get(&app, "/why/pypi/Flask/1.0.0").await.text();
        assert!(spelled.contains("dora@acme.example"), "another spelling of the version: {spelled}");

        let issuer = Browser::sign_in(&app, &address(Role::GuardTokenIssuer)).await.get(&app, "/why/npm/left-pad/6.6.6").await;
        let stranger = Browser::sign_in(&app, "owner@other.example").await.get(&app, "/why/npm/left-pad/6.6.6").await;
        let nobody = Browser::new().get(&app, "/why/npm/left-pad/6.6.6").await;
        for page in [&issuer, &stranger, &nobody] {
            let text = page.text();
            assert!(page.status == 200 && text.contains("This release"), "the verdict is for everybody: {text}");
            assert!(!text.contains("alice") && !text.contains("carol") && !text.contains("Acme</h2>"), "{text}");
        }
        assert!(issuer.text().contains("Guard viewers") && stranger.text().contains("Nobody took this release"));
        assert!(nobody.text().contains("href=\"/sign-in?next=%2Fwhy%2Fnpm%2Fleft%2Dpad%2F6%2E6%2E6\""), "{}", nobody.text());
    }
}

#[tokio::test]
async fn a_page_has_the_newest_rows_only_and_stays_small() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    for n in 0..60 {
        Take::of(&format!("person-{n:02}"), "left-pad", "1.0.0").noted(&app, &company).await;
    }
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    let page = viewer.get(&app, "/why/npm/left-pad/1.0.0").await;
    assert_eq!(rows(&page).len(), 20);
    assert!(page.text().contains("person-59") && !page.text().contains("person-39"));
    assert!(page.body.len() < 60_000, "{}", page.body.len());
}

#[tokio::test]
async fn the_verdict_needs_no_database() {
    let app = Setup::default().malware("MAL-2026-1", "pkg:npm/left-pad@6.6.6").start().await;
    Company::of(&app).await;
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    app.app.store.close().await;
    let html = Ask::get("/why/npm/left-pad/6.6.6").header("accept", "text/html");
    let json = Ask::get("/why/npm/left-pad/6.6.6").header("accept", "application/json");
    for answer in [app.ask(html).await, app.ask(json).await, viewer.get(&app, "/why/npm/left-pad/6.6.6").await] {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.text().contains("MAL-2026-1"));
    }
    assert_eq!(viewer.get(&app, "/console").await.status, 503, "the database is away indeed");
}

#[tokio::test]
async fn what_differs_by_cookie_and_language_says_so_and_is_kept_nowhere() {
    let app = TestApp::start().await;
    Company::of(&app).await;
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    for answer in [viewer.get(&app, "/why/npm/x/1.0.0").await, Browser::new().get(&app, "/why/npm/x/1.0.0").await] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Language, Cookie"));
        let csp = answer.header("content-security-policy").unwrap();
        assert!(csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe"), "{csp}");
    }
}

#[tokio::test]
async fn the_page_is_in_the_reader_s_language_and_json_stays_english() {
    let app = Setup::default().malware("MAL-2026-1", "pkg:npm/left-pad@6.6.6").block("pkg:npm/unwanted").start().await;
    Company::of(&app).await;
    let mut stranger = Browser::new().japanese();
    let page = stranger.get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert!(
        page.contains("lang=\"ja\"") && page.contains("マルウェア (MAL-2026-1)") && page.contains("対処方法"),
        "{page}"
    );
    let json = Ask::get("/why/npm/left-pad/6.6.6").header("accept", "application/json").header("accept-language", "ja");
    let summary = app.ask(json).await.json()["summary"].as_str().unwrap().to_owned();
    assert_eq!(summary, "This release is refused. Reason: malware (MAL-2026-1).");
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    viewer.post(&app, "/language", &[("language", "ja"), ("back", "/why/npm/unwanted/1.0.0")]).await;
    let page = viewer.get(&app, "/why/npm/unwanted/1.0.0").await.text();
    assert!(page.contains("サーバー管理者の説明") && page.contains("because of ticket 17"), "{page}");
    assert!(page.contains("インストールした利用者"), "{page}");
}

#[tokio::test]
async fn where_there_is_no_console_the_page_leads_to_none_of_its_pages() {
    let app = Setup::default().set("console.enabled", "false").start().await;
    let mut browser = Browser::new();
    browser.plant("sekisho-session", "x");
    let page = browser.get(&app, "/why/npm/x/1.0.0").await;
    let text = page.text();
    assert_eq!(page.status, 200);
    for part in ["/sign-in", "/language", "/console", "<script"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn who_shows_neither_a_key_nor_a_session_reads_that_an_organisation_may_refuse_more() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let token = app.org_token(company.org, "someone@acme.example", None).await;
    let path = "/why/npm/left-pad/1.0.0";
    let said = ("list may refuse more than this.", "組織独自のリスト");
    let stranger = Browser::new().get(&app, path).await.text();
    assert!(stranger.contains(said.0), "{stranger}");
    let japanese = Browser::new().japanese().get(&app, path).await.text();
    assert!(japanese.contains(said.1), "{japanese}");
    let signed_in = Browser::sign_in(&app, &address(Role::GuardViewer)).await.get(&app, path).await.text();
    assert!(!signed_in.contains(said.0), "{signed_in}");
    let known = app.ask(Ask::get(path).header("accept", "text/html").bearer(&token.key)).await.text();
    assert!(known.contains(">allowed<") && !known.contains(said.0), "{known}");
}

#[tokio::test]
async fn where_there_is_no_console_none_of_its_addresses_is_there() {
    let app = Setup::default().set("console.enabled", "false").start().await;
    let company = Company::of(&app).await;
    let token = app.org_token(company.org, "owner@acme.example", None).await;
    for route in console_routes() {
        let path = route.replace("{org_id}", &company.org.to_string()).replace("{token_id}", &token.id.to_string());
        let path = path.replace("{bot_id}", "x").replace("{row_id}", "x");
        for ask in [Ask::get(&path), Ask::form(&path, &[("email", "owner@acme.example")])] {
            let answer = app.ask(ask.header("accept", "text/html")).await;
            assert_eq!((answer.status, answer.header("set-cookie")), (404, None), "{path}");
        }
    }
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn an_organisation_s_own_entries_are_told_to_its_members() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    app.rule(company.org, sekisho_core::policy::Effect::Block, "pkg:npm/unwanted", None).await;
    app.app.follow_entries().await.unwrap();
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    let page = viewer.get(&app, "/why/npm/unwanted/1.0.0").await.text();
    assert!(
        page.contains("By this organisation&#39;s own entries:") && page.contains("The organisation&#39;s policy"),
        "{page}"
    );
    let stranger =
        Browser::sign_in(&app, "owner@other.example").await.get(&app, "/why/npm/unwanted/1.0.0").await.text();
    assert!(!stranger.contains("own entries:") && stranger.contains(">allowed<"), "{stranger}");
    let other = viewer.get(&app, "/why/npm/wanted/1.0.0").await.text();
    assert!(!other.contains("own entries:"), "they say nothing about it: {other}");
}

#[tokio::test]
async fn hostile_texts_on_a_release_s_page_do_nothing() {
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    Take { client: hostile, ..Take::of("alice@acme.example", "x", hostile) }.noted(&app, &company).await;
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    let version: String =
        percent_encoding::utf8_percent_encode("\"><script>", percent_encoding::NON_ALPHANUMERIC).collect();
    for path in ["/why/npm/x".to_owned(), format!("/why/npm/x/{version}")] {
        let text = viewer.get(&app, &path).await.text();
        assert!(!text.contains("<script>") && !text.contains("\"><script"), "{path}: {text}");
        for part in text.split('\u{202e}').skip(1) {
            let end = part.find('<').map(|at| &part[at..]).unwrap_or_default();
            assert!(end.starts_with("</bdi>"), "{path}: outside of <bdi>: {part}");
        }
    }
    assert!(viewer.get(&app, "/why/npm/x").await.text().contains("alice@acme.example"));
}
