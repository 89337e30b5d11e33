//! What holds for every address of the console: a form from elsewhere and a look change nothing, and answers have the
//! headers that keep them safe.

use sekisho_core::email::EmailAddress;
use sekisho_core::id::{BotId, BotKeyId, OrgTokenId, RuleId};
use sekisho_core::org::Role;
use sekisho_core::policy::Effect;
use sekisho_store::OrgTokenPage;
use sekisho_testkit::{Answer, Ask, NOW, TestApp};

use super::support::{Browser, Company};
use crate::gate::console_routes;

const OWNER: &str = "owner@acme.example";

/// The exports: each notes itself in the audit log.
const EXPORTS: [&str; 2] = ["/console/{org_id}/installs/export", "/console/{org_id}/audit/export"];
/// The way back from an identity provider begins a session by a `GET`; `provider.rs` walks it. Without a provider, as here,
/// it is not there.
const WAY_BACK: &str = "/sign-in/provider/back";
/// No page: the same file for everybody, kept for good.
const SCRIPT: &str = "/assets/console.js";

/// Acme with one of everything, and its owner's browser.
struct World {
    app: TestApp,
    company: Company,
    owner: Browser,
    key: String,
    token: OrgTokenId,
    bot: BotId,
    bot_key: BotKeyId,
    rule: RuleId,
}

impl World {
    async fn new() -> World {
        let app = TestApp::start().await;
        let company = Company::of(&app).await;
        app.register(OWNER).await;
        let token = app.org_token(company.org, OWNER, None).await.id;
        let bot = app.bot(company.org, Role::GuardViewer).await;
        let rule = app.rule(company.org, Effect::Block, "pkg:npm/unwanted", None).await;
        let owner = Browser::sign_in(&app, OWNER).await;
        let account = app.app.store.accounts().find_by_email(&email()).await.unwrap().unwrap();
        let key = app.app.store.tokens().of_account(account.id).await.unwrap()[0].id.0.to_string();
        World { app, company, owner, key, token, bot: bot.id, bot_key: bot.key_id, rule }
    }

    /// A route's address, with what its page asks for behind `?`.
    fn path(&self, route: &str) -> String {
        let path = route.replace("{org_id}", &self.company.org.to_string()).replace("{bot_id}", &self.bot.to_string());
        let path = path.replace("{token_id}", &self.token.to_string()).replace("{row_id}", &self.key);
        let (id, key) = (self.id(route), self.bot_key.0);
        format!("{path}?id={id}&key={key}&email=owner%40acme.example&format=csv&provider=github")
    }

    /// What a form or a page of this route calls `id`.
    fn id(&self, route: &str) -> String {
        if route.starts_with("/me/tokens") { self.token.to_string() } else { self.key.clone() }
    }

    /// A form with which every address would change something, if it came from a page of ours.
    fn form(&self, route: &str) -> Ask {
        let (org, rule, key) = (self.company.org.to_string(), self.rule.to_string(), self.bot_key.0.to_string());
        let (id, once) = (self.id(route), "a".repeat(43));
        let fields = [
            ("id", id.as_str()),
            ("org", &org),
            ("rule", &rule),
            ("key", &key),
            ("form", &once),
            ("session", "all"),
            ("guard", "off"),
            ("language", "ja"),
            ("email", "new@acme.example"),
            ("role", "guard_viewer"),
            ("name", "another"),
            ("organisation", "Another"),
            ("effect", "block"),
            ("package", "pkg:npm/other"),
            ("reason", "a reason"),
            ("identifier", "new@acme.example"),
            ("overlap", "0"),
        ];
        Ask::form(&self.path(route), &fields)
    }

    /// Everything that the console can change, as text.
    async fn state(&self) -> String {
        let (store, org, email) = (&self.app.app.store, self.company.org, email());
        let tokens = OrgTokenPage { prefix: Default::default(), status: None, after: None, limit: 100 };
        let account = store.accounts().find_by_email(&email).await.unwrap().unwrap();
        format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
            store.sessions().of(&email, NOW).await.unwrap(),
            store.sessions().language_of(&email).await.unwrap(),
            store.tokens().of_account(account.id).await.unwrap(),
            store.org_tokens().page(org, &tokens, NOW).await.unwrap(),
            store.organisations().all().await.unwrap(),
            store.organisations().members(org).await.unwrap(),
            store.rules().of_org(org).await.unwrap(),
            store.bots().of_org(org).await.unwrap(),
            store.bots().keys(org, self.bot).await.unwrap(),
            store.trusts().of_bot(org, self.bot).await.unwrap(),
            self.app.audit(org).await,
        )
    }

    async fn exported(&self) -> usize {
        self.app.audit(self.company.org).await.iter().filter(|row| row.action.ends_with(".exported")).count()
    }
}

fn email() -> EmailAddress {
    EmailAddress::parse(OWNER).unwrap()
}

#[track_caller]
fn assert_safe(answer: &Answer, path: &str) {
    let csp = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path}: {}", answer.show()));
    assert!(
        csp.contains("frame-ancestors 'none'") && csp.contains("'nonce-") && !csp.contains("unsafe"),
        "{path}: {csp}"
    );
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}: any page may show what is secret");
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing_at_any_address() {
    let mut world = World::new().await;
    let before = world.state().await;
    let mut refused = 0;
    for route in console_routes() {
        let form = || world.form(route).without("origin").without("sec-fetch-site");
        for ask in [
            form(),
            form().header("origin", "http://evil.example"),
            form().header("sec-fetch-site", "cross-site"),
            form().header("origin", "http://evil.example").header("sec-fetch-site", "cross-site"),
            form().header("origin", "null").header("sec-fetch-site", "same-site"),
        ] {
            let answer = world.owner.clone().ask(&world.app, ask).await;
            assert!(matches!(answer.status, 403 | 405), "{route}: {}", answer.show());
            assert_eq!(answer.header("set-cookie"), None, "{route}");
            if answer.status == 403 {
                assert_safe(&answer, route);
                refused += 1;
            }
        }
        assert_eq!(world.state().await, before, "{route}");
    }
    assert!(world.app.mails().await.is_empty() && refused > 100, "{refused}");

    // The same forms from our own pages do change something.
    for route in
        ["/console/{org_id}/settings/rules/remove", "/console/{org_id}/members", "/language", "/me/sessions/end-all"]
    {
        let (before, ask) = (world.state().await, world.form(route));
        world.owner.ask(&world.app, ask).await;
        assert_ne!(world.state().await, before, "{route}");
    }
}

#[tokio::test]
async fn a_look_changes_nothing_but_exports_note_themselves() {
    let mut world = World::new().await;
    for route in console_routes() {
        let (before, exported) = (world.state().await, world.exported().await);
        let path = world.path(route);
        let answer = world.owner.get(&world.app, &path).await;
        if EXPORTS.contains(&route) {
            assert_eq!((answer.status, world.exported().await), (200, exported + 1), "{route}");
        } else {
            assert_eq!(world.state().await, before, "{route}");
        }
        if route == WAY_BACK {
            assert_eq!(answer.status, 404, "{route}");
        }
        assert!(world.app.mails().await.is_empty(), "{route}");
    }
}

#[tokio::test]
async fn every_page_has_the_headers_that_keep_it_safe() {
    let mut world = World::new().await;
    let mut shown = 0;
    for route in console_routes() {
        if route == SCRIPT || EXPORTS.contains(&route) {
            continue;
        }
        let path = world.path(route);
        for answer in [world.owner.get(&world.app, &path).await, Browser::new().get(&world.app, &path).await] {
            if answer.status != 405 {
                assert_safe(&answer, &path);
                shown += usize::from(answer.status == 200);
            }
        }
    }
    assert!(shown > 20, "{shown} pages were there");
    let path = world.path("/me/keys/rotate");
    let key = world.key.clone();
    assert_eq!(world.owner.get(&world.app, &path).await.status, 200, "{path}");
    let answer = world.owner.post(&world.app, "/me/keys/rotate", &[("id", &key)]).await;
    assert!(answer.text().contains("tg_anon_"), "a page with a secret: {}", answer.text());
    assert_safe(&answer, "/me/keys/rotate");
}
