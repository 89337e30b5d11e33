//! A bot's page at its fullest, and what it says of a token that is tried.

use sekisho_core::Clock;
use sekisho_core::id::{BotId, BotKeyId};
use sekisho_core::org::Role;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_oidc::testing::TestKey;
use sekisho_store::NewBotKey;
use sekisho_testkit::{Ask, TestApp, TestIssuer};
use serde_json::{Value, json};

use super::super::support::{Browser, Company};
use super::{OWNER, small_after, walk};

/// A bot whose conditions are about one issuer, and its owner.
struct World {
    app: TestApp,
    company: Company,
    issuer: TestIssuer,
    bot: BotId,
    owner: Browser,
    /// The bot's page.
    path: String,
}

impl World {
    async fn start() -> World {
        let app = TestApp::start().await;
        let company = Company::of(&app).await;
        let issuer = app.issuer(TestKey::p256("one"));
        let bot = app.bot(company.org, Role::GuardViewer).await.id;
        let owner = Browser::sign_in(&app, OWNER).await;
        let path = company.at(&format!("/bots/{bot}"));
        World { app, company, issuer, bot, owner, path }
    }

    /// What a token of a job of GitHub says.
    fn claims(&self) -> Value {
        self.app.github_claims(&self.issuer)
    }

    /// The bot trusts these pipelines too.
    async fn trusts(&self, conditions: &Value) {
        self.app.trust(self.company.org, self.bot, conditions).await;
    }

    /// What the page says of a token, in English and Japanese; how many tables of conditions it has.
    async fn tried(&self, claims: &Value) -> ([String; 2], usize) {
        let form = Ask::form(&format!("{}/try", self.path), &[("token", &self.issuer.key.token(claims))]);
        let pages = small_after(&self.app, &self.owner, &form).await.map(|page| page.text());
        let tables = pages.each_ref().map(|page| page.matches("<caption>").count());
        assert!((1..=10).contains(&tables[0]) && (1..=10).contains(&tables[1]), "{tables:?}: {}", pages[0]);
        (pages, tables[0])
    }
}

#[tokio::test]
async fn a_bot_with_as_many_keys_conditions_and_sessions_as_it_may_have_has_a_small_page() {
    let w = World::start().await;
    for n in 1..50 {
        let key = PlainToken::mint(TokenKind::BotKey, &*w.app.random);
        let row = NewBotKey::of(BotKeyId::mint(w.app.clock.now(), &*w.app.random), &key);
        let noted = w.app.operated("bot_key.added");
        assert!(w.app.app.store.bots().add_key(w.company.org, w.bot, &row, &noted, None).await.unwrap(), "{n}");
    }
    for n in 0..50 {
        w.trusts(&long_conditions(&w.issuer.name, n)).await;
    }
    assert_eq!(walk(&w.app, &w.owner, &w.path, "keys", "/keys/revoke?key=").await, 50);
    assert_eq!(walk(&w.app, &w.owner, &w.path, "trust", "/trust/remove?id=").await, 50);
}

/// Conditions with many values, of which the number tells.
fn long_conditions(issuer: &str, n: usize) -> Value {
    let refs: Vec<String> = (0..20).map(|r| format!("refs/heads/release-{n}/long-name-of-a-branch-{r}")).collect();
    json!({
        "provider": "github", "issuer": issuer, "repository_owner_id": "65", "ref": refs,
        "repository": format!("acme/{}", "long-name-".repeat(9)), "environment": ["production", "staging"],
    })
}

#[tokio::test]
async fn a_token_tried_at_a_bot_with_as_many_conditions_as_it_may_have_has_a_small_page() {
    let w = World::start().await;
    for n in 0..50 {
        w.trusts(&long_conditions(&w.issuer.name, n)).await;
    }
    let rest = format!("<a href=\"{}#trust\">", w.path);

    // Three conditions of each set differ, and about one of them the token says nothing.
    let mut claims = w.claims();
    let ([english, japanese], tables) = w.tried(&claims).await;
    assert_eq!(english.matches(">not in the token<").count(), tables, "{english}");
    assert!(english.contains("no set of conditions holds") && english.contains(&rest), "{english}");
    assert!(english.contains(&format!("\u{2068}{}\u{2069} more sets do not hold", 50 - tables)), "{english}");
    assert!(japanese.contains("含まれていません") && !japanese.contains("nothing") && japanese.contains(&rest));

    // What it says may be that very word.
    claims["environment"] = "nothing".into();
    let ([english, _], tables) = w.tried(&claims).await;
    assert!(!english.contains(">not in the token<"), "{english}");
    assert_eq!(english.matches("<bdi>nothing</bdi>").count(), tables, "{english}");

    // One holds, by a value that has no place in its table.
    claims["repository"] = long_conditions("", 0)["repository"].clone();
    claims["environment"] = "production".into();
    claims["ref"] = "refs/heads/release-37/long-name-of-a-branch-19".into();
    let ([english, japanese], tables) = w.tried(&claims).await;
    let captions: Vec<&str> = english.split("<caption>").skip(1).collect();
    assert!(captions[0].contains("all hold") && captions[0].contains("release-37/"), "{english}");
    assert!(captions[0].contains("or one of \u{2068}1"), "values that are not shown are counted: {english}");
    assert!(captions[1..].iter().all(|table| table.contains("not all hold")), "{english}");
    assert!(english.contains(&format!("\u{2068}{}\u{2069} more sets do not hold", 50 - tables)), "{english}");
    assert!(japanese.contains("このトークンは有効です"), "{japanese}");
}

#[tokio::test]
async fn sets_that_hold_come_first_then_those_that_differ_least_and_the_rest_is_counted() {
    let w = World::start().await;
    let given = async |owner: &str, branch: &str, times: usize| {
        for _ in 0..times {
            let conditions = json!({
                "provider": "github", "issuer": w.issuer.name, "repository_owner_id": owner, "ref": branch,
                "ref_type": "branch",
            });
            w.trusts(&conditions).await;
        }
    };
    given("66", "refs/heads/dev", 14).await;
    given("65", "refs/heads/dev", 1).await;
    given("65", "refs/heads/main", 9).await;
    let claims = w.claims();
    let ([english, _], tables) = w.tried(&claims).await;
    assert_eq!((tables, english.matches(">differs:<").count()), (10, 1), "{english}");
    assert!(english.contains("\u{2068}14\u{2069} more sets do not hold") && !english.contains("hold too"), "{english}");
    given("65", "refs/heads/main", 2).await;
    let ([english, japanese], _) = w.tried(&claims).await;
    assert!(!english.contains(">differs:<") && english.contains("One more set holds too."), "{english}");
    assert!(english.contains("\u{2068}15\u{2069} more sets do not hold"), "{english}");
    assert!(japanese.contains("ほかの \u{2068}1\u{2069} 組も") && japanese.contains("\u{2068}15\u{2069} 組あります"));
}

#[tokio::test]
async fn a_token_tried_with_the_longest_conditions_that_there_can_be_has_a_small_page() {
    let w = World::start().await;
    let values: Vec<String> = (0..20).map(|n| format!("{n}{}", "&".repeat(500))).collect();
    let name = |n: usize| format!("{n}{}", "<語>".repeat(40));
    let claims = |value: Value| -> serde_json::Map<_, _> { (0..20).map(|n| (name(n), value.clone())).collect() };
    let conditions = json!({
        "provider": "generic", "issuer": w.issuer.name, "subject": values, "claims": claims(json!(values)),
    });
    for _ in 0..2 {
        w.trusts(&conditions).await;
    }
    let mut token = w.claims();
    token.as_object_mut().unwrap().extend(claims("x".repeat(50).into()));
    let ([english, _], tables) = w.tried(&token).await;
    assert!(tables == 1 && english.contains("One more set does not hold"), "{english}");
}
