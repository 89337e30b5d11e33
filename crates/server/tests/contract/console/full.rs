//! Every page at its fullest stays under 60 KB in both languages, and lists that don't fit have their rest behind a link.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::advisory::{Advisory, Hit};
use sekisho_core::blocklist::BlocklistBuilder;
use sekisho_core::browser::BrowserSecret;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{BotKeyId, RuleId, SessionId};
use sekisho_core::org::Role;
use sekisho_core::policy::{Effect, Entry, Reason, Refusal};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{Clock, Ecosystem, PackageName, PackageUrl};
use sekisho_oidc::testing::TestKey;
use sekisho_store::{NewBotKey, NewConsoleSession, Rule};
use sekisho_testkit::{Answer, Ask, Setup, TestApp};
use serde_json::{Value, json};

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
async fn a_bot_with_as_many_keys_conditions_and_sessions_as_it_may_have_has_a_small_page() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let issuer = app.issuer(TestKey::p256("one"));
    let bot = app.bot(company.org, Role::GuardViewer).await.id;
    for n in 1..50 {
        let key = PlainToken::mint(TokenKind::BotKey, &*app.random);
        let row = NewBotKey::of(BotKeyId::mint(app.clock.now(), &*app.random), &key);
        let noted = app.operated("bot_key.added");
        assert!(app.app.store.bots().add_key(company.org, bot, &row, &noted, None).await.unwrap(), "{n}");
    }
    for n in 0..50 {
        app.trust(company.org, bot, &long_conditions(&issuer.name, n)).await;
    }
    let owner = Browser::sign_in(&app, OWNER).await;
    let path = company.at(&format!("/bots/{bot}"));
    assert_eq!(walk(&app, &owner, &path, "keys", "/keys/revoke?key=").await, 50);
    assert_eq!(walk(&app, &owner, &path, "trust", "/trust/remove?id=").await, 50);
}

/// Conditions with many values, of which the number tells.
fn long_conditions(issuer: &str, n: usize) -> Value {
    let refs: Vec<String> = (0..20).map(|r| format!("refs/heads/release-{n}/long-name-of-a-branch-{r}")).collect();
    json!({
        "provider": "github", "issuer": issuer, "repository_owner_id": "65", "ref": refs,
        "repository": format!("acme/{}", "long-name-".repeat(9)), "environment": ["production", "staging"],
    })
}

/// A bot's page that says what came of a token, in English and Japanese; how many tables of conditions it has.
async fn tried(app: &TestApp, browser: &Browser, bot: &str, token: &str) -> ([String; 2], usize) {
    let tried = small_after(app, browser, &Ask::form(&format!("{bot}/try"), &[("token", token)])).await;
    let pages = tried.map(|page| page.text());
    let tables = pages.each_ref().map(|page| page.matches("<caption>").count());
    assert!((1..=10).contains(&tables[0]) && (1..=10).contains(&tables[1]), "{tables:?}: {}", pages[0]);
    (pages, tables[0])
}

#[tokio::test]
async fn a_token_tried_at_a_bot_with_as_many_conditions_as_it_may_have_has_a_small_page() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let issuer = app.issuer(TestKey::p256("one"));
    let bot = app.bot(company.org, Role::GuardViewer).await.id;
    for n in 0..50 {
        app.trust(company.org, bot, &long_conditions(&issuer.name, n)).await;
    }
    let owner = Browser::sign_in(&app, OWNER).await;
    let path = company.at(&format!("/bots/{bot}"));
    let rest = format!("<a href=\"{path}#trust\">");

    // Three conditions of each set differ, and about one of them the token says nothing.
    let mut claims = app.github_claims(&issuer);
    let ([english, japanese], tables) = tried(&app, &owner, &path, &issuer.key.token(&claims)).await;
    assert_eq!(english.matches(">not in the token<").count(), tables, "{english}");
    assert!(english.contains("no set of conditions holds") && english.contains(&rest), "{english}");
    assert!(english.contains(&format!("\u{2068}{}\u{2069} more sets do not hold", 50 - tables)), "{english}");
    assert!(japanese.contains("含まれていません") && !japanese.contains("nothing") && japanese.contains(&rest));

    // One holds, by a value that has no place in its table.
    claims["repository"] = long_conditions("", 0)["repository"].clone();
    claims["environment"] = "production".into();
    claims["ref"] = "refs/heads/release-37/long-name-of-a-branch-19".into();
    let ([english, japanese], tables) = tried(&app, &owner, &path, &issuer.key.token(&claims)).await;
    let captions: Vec<&str> = english.split("<caption>").skip(1).collect();
    assert!(captions[0].contains("all hold") && captions[0].contains("release-37/"), "{english}");
    assert!(captions[0].contains("or one of \u{2068}1"), "values that are not shown are counted: {english}");
    assert!(captions[1..].iter().all(|table| table.contains("not all hold")), "{english}");
    assert!(english.contains(&format!("\u{2068}{}\u{2069} more sets do not hold", 50 - tables)), "{english}");
    assert!(japanese.contains("このトークンは有効です"), "{japanese}");
}

#[tokio::test]
async fn sets_that_hold_come_first_then_those_that_differ_least_and_the_rest_is_counted() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let issuer = app.issuer(TestKey::p256("one"));
    let bot = app.bot(company.org, Role::GuardViewer).await.id;
    let given = async |owner: &str, branch: &str, times: usize| {
        for _ in 0..times {
            let conditions = json!({
                "provider": "github", "issuer": issuer.name, "repository_owner_id": owner, "ref": branch,
                "ref_type": "branch",
            });
            app.trust(company.org, bot, &conditions).await;
        }
    };
    given("66", "refs/heads/dev", 14).await;
    given("65", "refs/heads/dev", 1).await;
    given("65", "refs/heads/main", 9).await;
    let owner = Browser::sign_in(&app, OWNER).await;
    let (path, token) = (company.at(&format!("/bots/{bot}")), issuer.key.token(&app.github_claims(&issuer)));
    let ([english, _], tables) = tried(&app, &owner, &path, &token).await;
    assert_eq!((tables, english.matches(">differs:<").count()), (10, 1), "{english}");
    assert!(english.contains("\u{2068}14\u{2069} more sets do not hold") && !english.contains("hold too"), "{english}");
    given("65", "refs/heads/main", 2).await;
    let ([english, japanese], _) = tried(&app, &owner, &path, &token).await;
    assert!(!english.contains(">differs:<") && english.contains("One more set holds too."), "{english}");
    assert!(english.contains("\u{2068}15\u{2069} more sets do not hold"), "{english}");
    assert!(japanese.contains("ほかの \u{2068}1\u{2069} 組も") && japanese.contains("\u{2068}15\u{2069} 組あります"));
}

#[tokio::test]
async fn a_token_tried_with_the_longest_conditions_that_there_can_be_has_a_small_page() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let issuer = app.issuer(TestKey::p256("one"));
    let bot = app.bot(company.org, Role::GuardViewer).await.id;
    let values: Vec<String> = (0..20).map(|n| format!("{n}{}", "&".repeat(500))).collect();
    let name = |n: usize| format!("{n}{}", "<語>".repeat(40));
    let claims = |value: Value| -> serde_json::Map<_, _> { (0..20).map(|n| (name(n), value.clone())).collect() };
    let conditions = json!({
        "provider": "generic", "issuer": issuer.name, "subject": values, "claims": claims(json!(values)),
    });
    for _ in 0..2 {
        app.trust(company.org, bot, &conditions).await;
    }
    let owner = Browser::sign_in(&app, OWNER).await;
    let path = company.at(&format!("/bots/{bot}"));
    let mut token = app.github_claims(&issuer);
    token.as_object_mut().unwrap().extend(claims("x".repeat(50).into()));
    let ([english, _], tables) = tried(&app, &owner, &path, &issuer.key.token(&token)).await;
    assert!(tables == 1 && english.contains("One more set does not hold"), "{english}");
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
