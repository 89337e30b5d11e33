//! Every page at its fullest stays under 60 KB in both languages, and lists that don't fit have their rest behind a link.

mod bot;

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::advisory::{Advisory, Hit};
use sekisho_core::blocklist::BlocklistBuilder;
use sekisho_core::browser::BrowserSecret;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{RuleId, SessionId};
use sekisho_core::org::Role;
use sekisho_core::policy::{Effect, Entry, Reason, Refusal};
use sekisho_core::{Clock, Ecosystem, PackageName, PackageUrl};
use sekisho_store::{NewConsoleSession, Rule};
use sekisho_testkit::{Answer, Ask, Setup, TestApp};
use serde_json::json;

use super::installs::Take;
use super::support::{Browser, Company, address, hidden};

/// No page is larger.
const MOST: usize = 60_000;
const OWNER: &str = "owner@acme.example";

/// Opens a page in both languages; the English one.
async fn small(app: &TestApp, browser: &Browser, path: &str) -> Answer {
    let [english, _] = small_after(app, browser, &Ask::get(path)).await;
    english
}

/// The page that answers a request, in English and Japanese.
async fn small_after(app: &TestApp, browser: &Browser, ask: &Ask) -> [Answer; 2] {
    let mut english = browser.clone();
    let mut japanese = browser.clone().japanese();
    let pages = [english.ask(app, ask.clone()).await, japanese.ask(app, ask.clone()).await];
    for page in &pages {
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.body.len() < MOST, "{} bytes: {}", page.body.len(), page.text());
    }
    assert!(pages[1].text().contains("<html lang=\"ja\">"), "{}", pages[1].text());
    pages
}

/// Walks over the pages of a list; how often the mark stands on all of them.
async fn walk(app: &TestApp, browser: &Browser, path: &str, list: &str, mark: &str) -> usize {
    let (mut path, mut found) = (path.to_owned(), 0);
    for _ in 0..50 {
        let text = small(app, browser, &path).await.text();
        found += text.matches(mark).count();
        let next = text.split("<a rel=\"next\" href=\"").skip(1).filter_map(|rest| rest.split_once('"'));
        let next = next.map(|(href, _)| href.replace("&#38;", "&")).find(|href| href.contains(&format!("{list}=")));
        let Some(href) = next else { return found };
        path = href.split('#').next().unwrap().to_owned();
    }
    panic!("{path}: it does not end");
}

#[tokio::test]
async fn settings_with_a_long_list_have_pages() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let now = app.clock.now();
    for n in 0..90 {
        let target =
            PackageUrl::parse(&format!("pkg:npm/@acme-components/{}@1.0.{n}", "long-name-".repeat(5))).unwrap();
        let end = Some(now.plus(Duration::from_secs(86_400)));
        let entry = Entry::of_organisation(Effect::Block, target, &"語".repeat(300), end).unwrap();
        let id = RuleId::mint(app.clock.now(), &*app.random);
        let rule = Rule { id, entry, made_by: OWNER.to_owned(), created_at: now };
        let mut changes = app.app.store.organisations().begin().await.unwrap();
        changes.add_rule(company.org, &rule, &app.operated("rule.added")).await.unwrap();
        changes.commit().await.unwrap();
        app.advance(1);
    }
    let mut owner = Browser::sign_in(&app, OWNER).await;
    let first = owner.get(&app, &company.at("/settings")).await.text();
    assert!(first.contains("@1.0.89<") && !first.contains("@1.0.0<"), "newest first");
    assert_eq!(walk(&app, &owner, &company.at("/settings"), "list", "name=\"rule\" value=\"").await, 90);
}

#[tokio::test]
async fn a_person_with_many_keys_tokens_and_browsers_has_a_small_page() {
    let app = Setup::default().set("limits.registrations_per_hour", "200").start().await;
    app.register(OWNER).await;
    for n in 0..40 {
        let org = app.organisation(&format!("{n} {}", "会社".repeat(40))).await;
        app.change_organisation(org, |org| org.self_rotate = true).await;
        app.org_token(org, OWNER, None).await;
        app.advance(1);
    }
    let mut owner = Browser::sign_in(&app, OWNER).await;
    for _ in 1..50 {
        let form = hidden(&owner.get(&app, "/me").await.text(), "form");
        assert_eq!(owner.post(&app, "/me/keys", &[("form", &form)]).await.status, 200);
    }
    for n in 0..50 {
        let (now, secret) = (app.clock.now(), BrowserSecret::mint(&*app.random));
        let session = NewConsoleSession {
            id: SessionId::mint(now, &*app.random),
            hash: secret.hash(),
            email: EmailAddress::parse(OWNER).unwrap(),
            issuer: String::new(),
            agent: "Firefox, Linux".to_owned(),
            network: format!("2001:db8:1:{n}::/64"),
            idle_at: now.plus(Duration::from_secs(3600)),
            expires_at: now.plus(Duration::from_secs(3600)),
        };
        app.app.store.sessions().begin(&session, now).await.unwrap();
    }
    assert_eq!(walk(&app, &owner, "/me", "keys", "/me/keys/revoke?id=").await, 50);
    assert_eq!(walk(&app, &owner, "/me", "tokens", "/me/tokens/revoke?id=").await, 40);
    assert_eq!(walk(&app, &owner, "/me", "sessions", "action=\"/me/sessions/end\"").await, 51);
}

#[tokio::test]
async fn a_release_with_long_records_in_ten_organisations_has_a_small_page() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let name = PackageName::parse(Ecosystem::Npm, "@acme-components/long-name-of-a-package").unwrap();
    let mut builder = BlocklistBuilder::default();
    for record in 0..10 {
        let hits = (0..3000).map(|n| Hit::Exactly(format!("{record}.0.{n}"))).collect();
        builder.add(Advisory { id: format!("MAL-2026-{record}"), name: name.clone(), since: None, hits });
    }
    app.app.gate.set_blocklist(Arc::new(builder.build()));
    let mut orgs = vec![company.org];
    for n in 0..12 {
        let org = app.organisation(&format!("{n} {}", "会社".repeat(20))).await;
        app.member(org, OWNER, Role::Owner).await;
        orgs.push(org);
    }
    for org in orgs {
        let company = Company { org, other: company.other };
        for n in 0..25 {
            let who = format!("somebody-with-a-long-address-{n:02}@subsidiary.acme.example");
            let refusal = Refusal { reason: Reason::Malware, advisories: vec!["MAL-2026-1".into()] };
            let take = Take::of(&who, name.as_str(), "1.0.1");
            Take { refusal: Some(refusal), ..take }.noted(&app, &company).await;
        }
    }
    let owner = Browser::sign_in(&app, OWNER).await;
    for version in ["/1.0.1", ""] {
        let page = small(&app, &owner, &format!("/why/npm/{}{version}", name.as_str())).await.text();
        assert!(page.contains("1.0.0; 1.0.1; ") && page.contains("\u{2069} more"), "{page}");
        assert_eq!(page.matches("Who took it in").count(), 20, "ten, each with a caption");
        assert_eq!(page.matches("somebody-with-a-long-address-24@").count(), 10);
        assert!(!page.contains("somebody-with-a-long-address-19@"), "five rows each");
    }
}

#[tokio::test]
async fn rows_of_the_audit_log_are_cut_and_each_has_a_page_with_the_whole() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    for n in 0..60 {
        let detail =
            json!({"trust_id": n, "conditions": {"ref": vec!["語\"<>&".repeat(20); 50]}, "zuletzt": "the end"});
        let row = sekisho_store::NewAudit {
            actor: format!("{}@acme.example", "a".repeat(60)),
            detail: detail.to_string(),
            ..app.operated("trust.added")
        };
        app.app.store.audit().note(company.org, &row).await.unwrap();
        app.advance(1);
    }
    let mut owner = Browser::sign_in(&app, OWNER).await;
    let rows = walk(&app, &owner, &company.at("/audit?action=trust.added"), "cursor", "The whole row").await;
    assert_eq!(rows, 60);
    let page = owner.get(&app, &company.at("/audit?action=trust.added")).await.text();
    assert!(!page.contains("the end"));
    let (_, rest) = page.split_once(&format!("href=\"{}/", company.at("/audit"))).unwrap();
    let whole = company.at(&format!("/audit/{}", rest.split('"').next().unwrap()));
    let page = owner.get(&app, &whole).await;
    assert!(page.status == 200 && page.text().contains("the end"), "{}", page.text());
    company.only_for(&app, &whole[company.at("").len()..], &[Role::Owner, Role::GuardManager]).await;
    let theirs = whole.replace(&company.org.to_string(), &company.other.to_string());
    let mut stranger = Browser::sign_in(&app, "owner@other.example").await;
    assert_eq!(stranger.get(&app, &theirs).await.status, 404, "another organisation's row");
}

#[tokio::test]
async fn lists_of_tokens_members_bots_and_installs_have_small_pages() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let long = |n: usize| format!("{n:03}-{}@subsidiary.acme.example", "long-name-of-a-person-".repeat(2));
    for n in 0..60 {
        app.org_token(company.org, &long(n), None).await;
        app.member(company.org, &long(n), Role::GuardViewer).await;
        app.bot(company.org, Role::GuardTokenIssuer).await;
        let refusal = Refusal { reason: Reason::Malware, advisories: vec!["MAL-2026-1".into(), "MAL-2026-2".into()] };
        let (who, name) = (long(n), "@acme-components/long-name-of-a-package");
        Take { refusal: Some(refusal), ..Take::of(&who, name, "1.0.0-beta.1") }.noted(&app, &company).await;
    }
    app.advance(20 * 86_400);
    let owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    for path in ["", "/tokens", "/tokens/new", "/tokens/import", "/members", "/bots", "/installs", "/refusals"] {
        small(&app, &owner, &company.at(path)).await;
    }
}
