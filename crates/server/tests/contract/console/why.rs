//! A release's page: the verdict for everybody, who took it for members who may read that.

use sekisho_core::org::Role;
use sekisho_core::policy::{Effect, Reason, Refusal};
use sekisho_core::{Ecosystem, Timestamp};
use sekisho_testkit::{Ask, NOW, Setup, TestApp};
use serde_json::{Value, json};

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

/// What the page says in JSON.
async fn told(app: &TestApp, path: &str) -> Value {
    app.ask(Ask::get(path).header("accept", "application/json")).await.json()
}

#[tokio::test]
async fn the_page_and_json_say_since_when_a_record_or_an_entry_is_there() {
    let app = Setup::default()
        .malware_since("MAL-2026-1", "pkg:npm/left-pad@6.6.6", "2026-06-28T20:16:20Z".parse().unwrap())
        .malware_since("MAL-2026-2", "pkg:npm/left-pad@6.6.6", "2026-07-01T00:00:00Z".parse().unwrap())
        .malware_since("MAL-2026-3", "pkg:npm/left-pad@7.7.7", "2026-01-01T00:00:00Z".parse().unwrap())
        .block_since("pkg:npm/unwanted", "2026-11-01T08:00:00Z".parse().unwrap())
        .allow("pkg:npm/unwanted@2.0.0", None)
        .start()
        .await;
    let page = Browser::new().get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert!(page.contains("On record since \u{2068}28 Jun 2026, 20:16 UTC\u{2069}."), "the first that decides: {page}");
    assert!(page.contains("<time datetime=\"2026-07-01T00:00:00Z\">1 Jul 2026, 00:00 UTC</time>"), "{page}");
    let japanese = Browser::new().japanese().get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert!(japanese.contains("アドバイザリーの登録日時：\u{2068}2026年6月28日 20:16 UTC\u{2069}。"), "{japanese}");
    assert!(
        japanese.contains("<th scope=\"col\">登録日時</th>") && japanese.contains(">2026年7月1日 00:00 UTC</time>")
    );
    let json = told(&app, "/why/npm/left-pad/6.6.6").await;
    assert_eq!(json["since"], "2026-06-28T20:16:20Z");
    let since: Vec<&Value> = json["advisories"].as_array().unwrap().iter().map(|advisory| &advisory["since"]).collect();
    assert_eq!(since, ["2026-06-28T20:16:20Z", "2026-07-01T00:00:00Z", "2026-01-01T00:00:00Z"]);
    let summary =
        "This release is refused. Reason: malware (MAL-2026-1, MAL-2026-2). On record since 28 Jun 2026, 20:16 UTC.";
    assert_eq!(json["summary"], summary);
    assert_eq!(told(&app, "/why/npm/left-pad").await["since"], Value::Null, "some releases may be taken");

    let page = Browser::new().get(&app, "/why/npm/unwanted/1.0.0").await.text();
    assert!(
        page.contains("The entry stands since \u{2068}1 Nov 2026, 08:00 UTC\u{2069}. The operator writes:"),
        "{page}"
    );
    assert!(page.contains("<td data-label=\"Since\"><time datetime=\"2026-11-01T08:00:00Z\">"), "{page}");
    assert!(page.contains("<td data-label=\"Since\"></td>"), "the other entry says nothing: {page}");
    let json = told(&app, "/why/npm/unwanted/1.0.0").await;
    assert_eq!((&json["since"], &json["reason"]), (&json!("2026-11-01T08:00:00Z"), &json!("policy")));
    let allowed = told(&app, "/why/npm/unwanted/2.0.0").await;
    assert_eq!((&allowed["since"], &allowed["verdict"]), (&Value::Null, &json!("allowed")));
    let canary = told(&app, "/why/npm/@sekisho/canary/1.0.0").await;
    assert_eq!((&canary["since"], &canary["verdict"]), (&Value::Null, &json!("blocked")));
}

#[tokio::test]
async fn what_has_no_date_or_one_that_is_still_to_come_is_there_since_nobody_knows_when() {
    let ahead = Timestamp(NOW.0 + 60_000);
    let app = Setup::default()
        .malware_since("MAL-2026-1", "pkg:npm/left-pad@6.6.6", ahead)
        .malware("MAL-2026-2", "pkg:npm/left-pad@6.6.6")
        .block_since("pkg:npm/unwanted", ahead)
        .start()
        .await;
    let page = Browser::new().get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert_eq!(page.matches("<td data-label=\"Since\">unknown</td>").count(), 2, "{page}");
    assert!(!page.contains("On record since") && !page.contains("<time"), "{page}");
    let japanese = Browser::new().japanese().get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert_eq!(japanese.matches("<td data-label=\"登録日時\">不明</td>").count(), 2, "{japanese}");
    let json = told(&app, "/why/npm/left-pad/6.6.6").await;
    assert_eq!((&json["since"], &json["verdict"]), (&Value::Null, &json!("blocked")));
    assert_eq!((&json["advisories"][0]["since"], &json["advisories"][1]["since"]), (&Value::Null, &Value::Null));
    let unwanted = Browser::new().get(&app, "/why/npm/unwanted/1.0.0").await.text();
    assert!(!unwanted.contains("Since</th>") && !unwanted.contains("stands since"), "no entry is dated: {unwanted}");
    assert_eq!(told(&app, "/why/npm/unwanted/1.0.0").await["entries"][0]["since"], Value::Null);

    app.advance(60);
    assert_eq!(told(&app, "/why/npm/left-pad/6.6.6").await["since"], ahead.to_string(), "by then it is a date");
}

#[tokio::test]
async fn what_was_taken_before_the_record_or_the_entry_is_told_apart() {
    let app = Setup::default()
        .malware_since("MAL-2026-1", "pkg:npm/left-pad@6.6.6", Timestamp(NOW.0 + 3_600_000))
        .start()
        .await;
    let company = Company::of(&app).await;
    Take::of("alice@acme.example", "left-pad", "6.6.6").noted(&app, &company).await;
    let refusal = Refusal { reason: Reason::OrganisationPolicy, advisories: Vec::new() };
    Take { refusal: Some(refusal), ..Take::of("carol@acme.example", "left-pad", "6.6.6") }.noted(&app, &company).await;
    app.advance(7_200);
    Take::of("bob@acme.example", "left-pad", "6.6.6").noted(&app, &company).await;
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    let seen = viewer.get(&app, "/why/npm/left-pad/6.6.6").await.text();
    let hint = "What refuses it now is there since \u{2068}23 Nov 2026, 10:00 UTC\u{2069}. What was taken before that is marked “earlier”.";
    assert!(seen.contains(hint), "{seen}");
    assert_eq!(earlier(&seen), ["alice@acme.example"]);
    viewer.post(&app, "/language", &[("language", "ja"), ("back", "/why/npm/left-pad/6.6.6")]).await;
    let japanese = viewer.get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert!(japanese.contains("「登録前」") && japanese.contains("<span class=\"hint\">登録前</span>"), "{japanese}");
    viewer.post(&app, "/language", &[("language", "en"), ("back", "/why/npm/left-pad/6.6.6")]).await;

    // An organisation's own entry refuses for its people from then on.
    app.rule(company.org, Effect::Block, "pkg:npm/left-pad", None).await;
    app.app.follow_entries().await.unwrap();
    let own = viewer.get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert_eq!(earlier(&own), ["bob@acme.example", "alice@acme.example"], "{own}");
    app.rule(company.org, Effect::Allow, "pkg:npm/left-pad@6.6.6", None).await;
    app.app.follow_entries().await.unwrap();
    let allowed = viewer.get(&app, "/why/npm/left-pad/6.6.6").await.text();
    assert!(
        allowed.contains("bob@acme.example") && earlier(&allowed).is_empty(),
        "nothing refuses it to them: {allowed}"
    );
}

/// Who stands in the rows that are marked as earlier, in a page in English.
fn earlier(page: &str) -> Vec<String> {
    let rows = page.split("<tr>").filter(|row| row.contains("<span class=\"hint\">earlier</span>"));
    rows.map(|row| row.split("<bdi>").nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
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
    app.rule(company.org, Effect::Block, "pkg:npm/unwanted", None).await;
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
