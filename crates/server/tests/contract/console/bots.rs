//! Bots: made, given keys, trusted pipelines and sessions; the dry run of an ID token.

use sekisho_core::id::{AuditId, BotId, OrgId};
use sekisho_core::org::Role;
use sekisho_oidc::testing::TestKey;
use sekisho_store::{AuditFilter, AuditRow};
use sekisho_testkit::{Answer, Ask, Setup, TestApp, TestIssuer};

use super::support::{Browser, Company, address, hidden, secret};
use crate::support::on_both_engines;

/// Acme with a bot that somebody of this role made at the pages, and the browser of that one.
struct World {
    app: TestApp,
    company: Company,
    issuer: TestIssuer,
    browser: Browser,
    bot: BotId,
}

impl World {
    async fn new(setup: Setup) -> World {
        let app = setup.start().await;
        let issuer = app.issuer(TestKey::ed25519("key-1"));
        let company = Company::of(&app).await;
        let mut browser = Browser::sign_in(&app, &address(Role::GuardManager)).await;
        // Rows of the audit log stand in order by their millisecond.
        app.advance(1);
        let fields = [("name", "ci"), ("role", "guard_token_issuer")];
        let made = browser.post(&app, &company.at("/bots"), &fields).await;
        let bot = id(&made);
        World { app, company, issuer, browser, bot }
    }

    fn at(&self, path: &str) -> String {
        self.company.at(&format!("/bots/{}{path}", self.bot))
    }

    async fn get(&mut self, path: &str) -> String {
        let path = self.at(path);
        let answer = self.browser.get(&self.app, &path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.app.advance(1);
        let path = self.at(path);
        self.browser.post(&self.app, &path, fields).await
    }

    /// What the audit log says, the newest first.
    async fn audit(&self) -> AuditRow {
        audit(&self.app, self.company.org).await
    }

    /// Trusts the pipelines of one owner, by the form.
    async fn trusted(&mut self) {
        let issuer = self.issuer.name.clone();
        let fields = [
            ("provider", "github"),
            ("issuer", issuer.as_str()),
            ("repository_owner_id", "65"),
            ("ref", "refs/heads/main\r\nrefs/heads/release/*"),
        ];
        let added = self.post("/trust", &fields).await;
        assert_eq!(added.status, 303, "{}", added.text());
    }

    /// The status with which the API answers a bot's credential.
    async fn status_of(&self, credential: &str) -> u16 {
        let path = format!("/o/{}/guard/org-user-tokens/probe", self.company.org);
        self.app.ask(Ask::post(&path, r#"{"token":"x"}"#).bearer(credential)).await.status
    }
}

async fn audit(app: &TestApp, org: OrgId) -> AuditRow {
    let all = AuditFilter::default();
    app.app.store.audit().page(org, &all, AuditId(uuid::Uuid::max()), 1).await.unwrap().remove(0)
}

/// The bot whose page an answer leads to.
fn id(answer: &Answer) -> BotId {
    let location = answer.header("location").unwrap_or_else(|| panic!("{}", answer.text()));
    let (_, rest) = location.split_once("/bots/").unwrap();
    BotId::parse(rest.split('?').next().unwrap()).unwrap()
}

#[tokio::test]
async fn the_pages_are_for_those_who_look_after_guard() {
    let mut world = World::new(Setup::default()).await;
    let (owner, manager) = (Role::Owner, Role::GuardManager);
    world.company.only_for(&world.app, "/bots", &[owner, manager]).await;
    let app = &world.app;
    let mut viewer = Browser::sign_in(app, &address(Role::GuardViewer)).await;
    let mut stranger = Browser::sign_in(app, "owner@other.example").await;
    for path in ["", "/remove", "/keys/revoke?key=x", "/trust?provider=github", "/trust/remove?id=x"] {
        assert_eq!(viewer.get(app, &world.at(path)).await.status, 403, "{path}");
        assert_eq!(stranger.get(app, &world.at(path)).await.status, 404, "{path}");
        let theirs = format!("/console/{}/bots/{}{path}", world.company.other, world.bot);
        assert_eq!(stranger.get(app, &theirs).await.status, 404, "another organisation's bot: {path}");
    }
    for path in ["/remove", "/keys", "/keys/revoke", "/trust", "/trust/remove", "/sessions/end", "/try"] {
        assert_eq!(viewer.post(app, &world.at(path), &[]).await.status, 403, "{path}");
        let theirs = format!("/console/{}/bots/{}{path}", world.company.other, world.bot);
        assert_eq!(stranger.post(app, &theirs, &[]).await.status, 404, "{path}");
    }
    assert!(world.get("").await.contains("Bots and CI"));
}

#[tokio::test]
async fn nobody_makes_a_bot_or_a_key_with_more_than_he_may_give() {
    let mut world = World::new(Setup::default()).await;
    let list = world.company.at("/bots");
    let page = world.browser.get(&world.app, &list).await.text();
    assert!(!page.contains("value=\"owner\"") && page.contains("value=\"guard_manager\""), "{page}");
    let fields = [("name", "root"), ("role", "owner")];
    assert_eq!(world.browser.post(&world.app, &list, &fields).await.status, 400);

    let mut owner = Browser::sign_in(&world.app, &address(Role::Owner)).await;
    let root = id(&owner.post(&world.app, &list, &fields).await);
    let path = world.company.at(&format!("/bots/{root}"));
    let page = world.browser.get(&world.app, &path).await.text();
    assert!(page.contains("Only an owner gives it keys") && !page.contains("/keys\""), "{page}");
    let form = "a".repeat(43);
    assert_eq!(world.browser.post(&world.app, &format!("{path}/keys"), &[("form", &form)]).await.status, 403);
    assert_eq!(world.browser.post(&world.app, &format!("{path}/trust"), &[("provider", "github")]).await.status, 403);
    assert!(world.app.app.store.bots().keys(world.company.org, root).await.unwrap().is_empty());
    assert_eq!(owner.post(&world.app, &format!("{path}/keys"), &[("form", &form)]).await.status, 200);
}

on_both_engines! {
    async fn a_key_is_shown_once_and_counts_until_it_is_revoked(setup) {
        let mut world = World::new(setup).await;
        let row = world.audit().await;
        assert_eq!((row.action.as_str(), row.actor.as_str()), ("bot.created", "guard-manager@acme.example"));
        assert_eq!(row.detail, r#"{"name":"ci","role":"guard_token_issuer"}"#);
        let form = hidden(&world.get("").await, "form");
        let answer = world.post("/keys", &[("form", &form)]).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
        let credential = secret(&answer.text());
        assert_eq!(world.status_of(&credential).await, 200);
        let row = world.audit().await;
        assert_eq!((row.action.as_str(), row.subject), ("bot_key.added", world.bot.to_string()));
        assert!(!row.detail.contains(credential.split(':').next().unwrap()));

        let again = world.post("/keys", &[("form", &form)]).await;
        assert!(again.status == 409 && !again.text().contains("sekisho_apikey_"), "{}", again.text());
        let page = world.get("").await;
        assert_eq!(page.matches("/keys/revoke?key=").count(), 1, "{page}");
        assert!(page.contains(&credential[..19]) && !page.contains(&credential[..40]));
        let (_, rest) = page.split_once("/keys/revoke?key=").unwrap();
        let key = rest.split('"').next().unwrap().to_owned();
        let asked = world.get(&format!("/keys/revoke?key={key}")).await;
        assert!(asked.contains(&credential[..19]), "{asked}");
        assert_eq!(world.status_of(&credential).await, 200, "looking changes nothing");
        assert_eq!(world.post("/keys/revoke", &[("key", &key)]).await.status, 303);
        assert_eq!(world.status_of(&credential).await, 401, "at once");
        assert_eq!(world.audit().await.action, "bot_key.revoked");
        assert_eq!(world.post("/keys/revoke", &[("key", &key)]).await.status, 303, "again is no mistake");
    }

    async fn a_bot_that_is_removed_ends_with_its_keys_and_sessions(setup) {
        let mut world = World::new(setup).await;
        world.trusted().await;
        let form = hidden(&world.get("").await, "form");
        let credential = secret(&world.post("/keys", &[("form", &form)]).await.text());
        assert_eq!(world.status_of(&credential).await, 200);
        let token = world.app.session(world.bot, &world.issuer.key.token(&world.app.github_claims(&world.issuer))).await;
        let whoami = async |world: &World| world.app.ask(Ask::get("/npm/-/whoami").bearer(&token)).await.status;
        assert_eq!(whoami(&world).await, 200);
        assert!(world.get("/remove").await.contains("Remove the bot"));
        assert_eq!(world.post("/remove", &[]).await.status, 303);
        assert_eq!((world.status_of(&credential).await, whoami(&world).await), (401, 401), "at once");
        assert_eq!(world.audit().await.action, "bot.removed");
        let page = world.at("");
        assert_eq!(world.browser.get(&world.app, &page).await.status, 404);
    }

    async fn conditions_are_given_by_a_form_shown_in_words_and_taken_away(setup) {
        let mut world = World::new(setup).await;
        let form = world.get("/trust?provider=github").await;
        assert!(form.contains("Organisation or user, by id") && form.contains(&world.issuer.name), "{form}");
        world.trusted().await;
        let row = world.audit().await;
        assert_eq!(row.action, "trust.added");
        let page = world.get("").await;
        for said in ["GitHub Actions", "Branch or tag", "refs/heads/release/*", &world.issuer.name] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let claims = world.app.github_claims(&world.issuer);
        world.app.session(world.bot, &world.issuer.key.token(&claims)).await;

        let (_, rest) = page.split_once("/trust/remove?id=").unwrap();
        let trust = rest.split('"').next().unwrap().to_owned();
        let asked = world.get(&format!("/trust/remove?id={trust}")).await;
        assert!(asked.contains("refs/heads/release/*"), "{asked}");
        assert_eq!(world.post("/trust/remove", &[("id", &trust)]).await.status, 303);
        let row = world.audit().await;
        assert!(row.action == "trust.removed" && row.detail.contains("refs/heads/main"), "{}", row.detail);
        assert!(!world.get("").await.contains("refs/heads/release/*"));
    }

    async fn running_sessions_are_listed_and_ended_one_by_one_and_all_at_once(setup) {
        let mut world = World::new(setup).await;
        world.trusted().await;
        let mut tokens = Vec::new();
        for number in 0..3 {
            let mut claims = world.app.github_claims(&world.issuer);
            claims["jti"] = format!("token-{number}").into();
            tokens.push(world.app.session(world.bot, &world.issuer.key.token(&claims)).await);
            world.app.advance(1);
        }
        let whoami = async |world: &World, token: &str| world.app.ask(Ask::get("/npm/-/whoami").bearer(token)).await.status;
        for token in &tokens {
            assert_eq!(whoami(&world, token).await, 200);
        }
        let page = world.get("").await;
        assert_eq!(page.matches("<bdi>acme/app</bdi>").count(), 3, "{page}");
        let newest = hidden(&page, "session");
        assert_eq!(world.post("/sessions/end", &[("session", &newest)]).await.status, 303);
        assert_eq!((whoami(&world, &tokens[2]).await, whoami(&world, &tokens[0]).await), (401, 200), "at once");
        assert_eq!(world.post("/sessions/end", &[("session", "all")]).await.status, 303);
        assert_eq!((whoami(&world, &tokens[0]).await, whoami(&world, &tokens[1]).await), (401, 401));
        assert!(world.audit().await.detail.contains("all"));
        assert!(world.get("").await.contains("No pipeline has a session now"));
        assert_eq!(world.post("/sessions/end", &[("session", "x")]).await.status, 404);
    }
}

#[tokio::test]
async fn an_id_token_is_tried_without_being_exchanged_kept_or_shown() {
    let mut world = World::new(Setup::default()).await;
    world.trusted().await;
    let mut claims = world.app.github_claims(&world.issuer);
    let good = world.issuer.key.token(&claims);
    let tried = world.post("/try", &[("token", &format!(" {good}\r\n"))]).await;
    assert_eq!(tried.header("cache-control"), Some("no-store"));
    let page = tried.text();
    assert!(page.contains("The token counts") && page.contains("all hold") && !page.contains(&good), "{page}");
    assert!(
        world
            .app
            .app
            .store
            .ci_sessions()
            .running(world.company.org, world.bot, sekisho_core::Clock::now(&*world.app.clock), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.app.exchange(world.bot, &good).await.status, 200, "it was not used up");

    claims["ref"] = "refs/heads/evil\"><script>alert(1)</script>".into();
    let other = world.issuer.key.token(&claims);
    let page = world.post("/try", &[("token", &other)]).await.text();
    assert!(
        page.contains("no set of conditions holds") && page.contains("differs") && page.contains("refs/heads/evil"),
        "{page}"
    );
    assert!(page.contains("holds</span>") && !page.contains("<script>alert"), "{page}");

    claims["ref"] = "refs/heads/main".into();
    claims["event_name"] = "pull_request".into();
    let risky = world.issuer.key.token(&claims);
    let page = world.post("/try", &[("token", &risky)]).await.text();
    assert!(page.contains("runs no code of strangers") && page.contains("pull_request"), "{page}");

    claims["event_name"] = "push".into();
    claims["aud"] = "https://elsewhere.example".into();
    let elsewhere = world.issuer.key.token(&claims);
    for (token, said) in [
        ("", "This is no ID token"),
        ("x.y.z", "This is no ID token"),
        (elsewhere.as_str(), "The token is for somebody else"),
        (&format!("{}AAAA", &good[..good.len() - 4]), "The signature is wrong"),
        (&"a".repeat(20_000), "This is no ID token"),
    ] {
        let page = world.post("/try", &[("token", token)]).await.text();
        assert!(page.contains(said), "{said}: {page}");
        assert!(page.contains("Nothing was exchanged") && page.contains("http://127.0.0.1:8417"));
    }
    world.app.advance(3600);
    assert!(world.post("/try", &[("token", &good)]).await.text().contains("The token has expired"));
}

#[tokio::test]
async fn conditions_that_would_trust_everybody_are_refused_with_what_was_typed() {
    let mut world = World::new(Setup::default()).await;
    let issuer = world.issuer.name.clone();
    let hostile = "\"><script>alert(1)</script>";
    for (fields, said) in [
        (
            vec![("provider", "github"), ("issuer", issuer.as_str()), ("repository", "acme/app")],
            "would trust everybody",
        ),
        (
            vec![("provider", "github"), ("issuer", issuer.as_str()), ("repository_owner_id", hostile)],
            "These conditions",
        ),
        (
            vec![("provider", "github"), ("issuer", "https://evil.example"), ("repository_owner_id", "65")],
            "do not allow this issuer",
        ),
        (
            vec![
                ("provider", "github"),
                ("issuer", issuer.as_str()),
                ("repository_owner_id", "65"),
                ("allow_events", "push"),
            ],
            "needs no permission here",
        ),
        (
            vec![("provider", "gitlab"), ("issuer", issuer.as_str()), ("project_path", "acme*")],
            "at least one slash and a name",
        ),
        (vec![("provider", "generic"), ("issuer", issuer.as_str()), ("claims", "pipeline")], "A claim is written as"),
        (vec![("provider", "generic"), ("issuer", issuer.as_str())], "would trust everybody"),
    ] {
        let answer = world.post("/trust", &fields).await;
        let page = answer.text();
        assert!(answer.status == 400 && page.contains(said) && !page.contains("<script>alert"), "{said}: {page}");
    }
    let page =
        world.post("/trust", &[("provider", "github"), ("issuer", &issuer), ("repository", "acme/app")]).await.text();
    assert!(page.contains(">acme/app</textarea>"), "{page}");
    let mut japanese = world.browser.clone().japanese();
    let fields = [("provider", "github"), ("issuer", issuer.as_str()), ("repository", "acme/app")];
    let page = japanese.post(&world.app, &world.at("/trust"), &fields).await.text();
    assert!(page.contains("すべての人を信頼する") && !page.contains("trust everybody"), "{page}");
    assert_eq!(world.post("/trust", &[("provider", "other")]).await.status, 404);
    assert!(world.app.app.store.trusts().of_bot(world.company.org, world.bot).await.unwrap().is_empty());

    let fields = [
        ("provider", "generic"),
        ("issuer", issuer.as_str()),
        ("claims", "pipeline = build\nbranch = main\nbranch = dev"),
    ];
    assert_eq!(world.post("/trust", &fields).await.status, 303);
    let fields = [("provider", "gitlab"), ("issuer", issuer.as_str()), ("project_id", "20"), ("ref_protected", "true")];
    assert_eq!(world.post("/trust", &fields).await.status, 303);
    let page = world.get("").await;
    assert!(page.contains("Another issuer") && page.contains("GitLab CI") && page.contains("branch"), "{page}");
    assert!(page.len() < 60_000);
}

#[tokio::test]
async fn the_step_to_paste_names_this_server_and_the_bot() {
    let mut world = World::new(Setup::default()).await;
    world.trusted().await;
    let page = world.get("").await;
    assert!(page.contains("GATE: http://127.0.0.1:8417") && page.contains(&format!("BOT_ID: {}", world.bot)), "{page}");
    assert!(!page.contains("packages.example.com"));

    let named = Setup::default().set("bots.audiences", "urn:acme:packages");
    let mut world = World::new(named).await;
    world.trusted().await;
    let page = world.get("").await;
    assert!(page.contains("audience=urn:acme:packages") && page.contains("aud: urn:acme:packages"), "{page}");
}

#[tokio::test]
async fn names_are_checked_and_hostile_ones_are_text() {
    let mut world = World::new(Setup::default()).await;
    let list = world.company.at("/bots");
    for (name, status) in [("", 400), (&*"x".repeat(101), 400), (&*world.bot.to_string(), 400), ("ci", 409)] {
        let fields = [("name", name), ("role", "guard_viewer")];
        assert_eq!(world.browser.post(&world.app, &list, &fields).await.status, status, "{name:?}");
    }
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let made = world.browser.post(&world.app, &list, &[("name", hostile), ("role", "guard_viewer")]).await;
    world.bot = id(&made);
    for page in [world.get("").await, world.get("/remove").await, world.browser.get(&world.app, &list).await.text()] {
        assert!(!page.contains("<script>alert"), "{page}");
    }
    let mut reader = Browser::sign_in(&world.app, &address(Role::Owner)).await.japanese();
    let page = reader.get(&world.app, &list).await.text();
    assert!(page.contains("ボットの作成") && page.contains("<bdi>&#34;&#62;&#60;script"), "{page}");
    assert!(reader.get(&world.app, &world.at("")).await.text().contains("信頼するパイプライン"));
}

#[tokio::test]
async fn many_bots_are_paged() {
    let mut world = World::new(Setup::default()).await;
    for _ in 0..60 {
        world.app.bot(world.company.org, Role::GuardViewer).await;
    }
    let list = world.company.at("/bots");
    let first = world.browser.get(&world.app, &list).await.text();
    assert!(first.len() < 60_000, "{}", first.len());
    let (_, rest) = first.split_once("?after=").unwrap();
    let next = format!("{list}?after={}", rest.split('"').next().unwrap());
    let second = world.browser.get(&world.app, &next).await.text();
    let rows = |page: &str| page.matches("/bots/BT").count();
    assert_eq!((rows(&first), rows(&second)), (50, 11));
}
