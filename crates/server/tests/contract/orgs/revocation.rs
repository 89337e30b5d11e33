//! When an organisation's credentials end: on this node at once, on others within a second, and within ten without news.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_core::org::{Role, UserIdentifier};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_server::jobs;
use sekisho_store::NewOrgToken;
use sekisho_testkit::{Ask, Node, OrgToken, Setup, TestApp};

use super::{PACKAGES, started};
use crate::artifacts;
use crate::support::{assert_problem, on_both_engines};

/// Everything answers the credential as it did when it was good.
async fn assert_good(app: &TestApp, node: &Node, key: &str) {
    for path in PACKAGES {
        for answer in [app.ask(Ask::get(path).bearer(key)).await, node.ask(Ask::get(path).bearer(key)).await] {
            assert!(matches!(answer.status, 200 | 302), "{path}: {}", answer.show());
        }
    }
}

async fn assert_bad(node: &Node, key: &str) {
    for path in PACKAGES {
        for method in ["GET", "HEAD"] {
            assert_eq!(node.ask(Ask::new(method, path).bearer(key)).await.status, 401, "{method} {path}");
        }
        assert_problem(&node.ask(Ask::get(path).bearer(key)).await, 401, "invalid_token");
    }
}

/// Two nodes over one database, and a token of an organisation.
struct Two {
    app: TestApp,
    acme: OrgId,
    token: OrgToken,
    node: Node,
}

impl Two {
    async fn start(setup: Setup) -> Two {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let token = app.org_token(acme, "dev@acme.example", None).await;
        let node = app.another_node().await;
        Two { app, acme, token, node }
    }
}

on_both_engines! {
    async fn a_revoked_token_is_401_everywhere_also_for_what_is_cached(setup) {
        let Two { app, acme, token, node } = Two::start(setup).await;
        assert_good(&app, &node, &token.key).await;
        let audit = app.operated("token.revoked");
        app.app.store.org_tokens().revoke(acme, token.id, &audit).await.unwrap().expect("it counted");
        node.follow().await;
        assert_bad(&node, &token.key).await;
    }

    async fn a_token_that_is_revoked_soon_after_its_rotation_is_401_on_other_nodes(setup) {
        let Two { app, acme, token, node } = Two::start(setup).await;
        let (tokens, now) = (app.app.store.org_tokens(), app.app.clock.now());
        let fresh = PlainToken::mint(TokenKind::Organisation, &*app.app.random);
        let id = OrgTokenId::mint(now, &*app.app.random);
        let identifier = UserIdentifier::parse("dev@acme.example").unwrap();
        let fresh = NewOrgToken::of(id, &fresh, identifier, "operator", None);
        let end = now.plus(Duration::from_secs(3600));
        tokens.rotate(acme, token.id, &fresh, Some(end), &app.operated("token.rotated"), None).await.unwrap();
        node.follow().await;
        assert_good(&app, &node, &token.key).await;
        app.advance(1);
        tokens.revoke(acme, token.id, &app.operated("token.revoked")).await.unwrap().expect("it counted");
        node.follow().await;
        assert_bad(&node, &token.key).await;
    }

    async fn without_news_a_revocation_acts_within_ten_seconds(setup) {
        let Two { app, acme, token, node } = Two::start(setup).await;
        assert_good(&app, &node, &token.key).await;
        let audit = app.operated("token.revoked");
        app.app.store.org_tokens().revoke(acme, token.id, &audit).await.unwrap().expect("it counted");
        app.advance(10);
        assert_bad(&node, &token.key).await;
    }

    async fn tokens_end_with_guard_and_come_back_with_it(setup) {
        let Two { app, acme, token, node } = Two::start(setup).await;
        assert_good(&app, &node, &token.key).await;
        app.change_organisation(acme, |org| org.guard = false).await;
        node.follow().await;
        assert_bad(&node, &token.key).await;
        app.advance(1);
        app.change_organisation(acme, |org| org.guard = true).await;
        node.follow().await;
        app.app.callers.follow_revocations().await.unwrap();
        assert_good(&app, &node, &token.key).await;
        let mut changes = app.app.store.organisations().begin().await.unwrap();
        assert!(changes.remove(acme, &app.operated("org.removed")).await.unwrap());
        changes.commit().await.unwrap();
        node.follow().await;
        assert_bad(&node, &token.key).await;
    }

    async fn a_token_ends_at_its_end_with_nobody_reading_anything(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let end = app.app.clock.now().plus(Duration::from_secs(5));
        let token = app.org_token(acme, "dev@acme.example", Some(end)).await;
        let node = app.another_node().await;
        assert_good(&app, &node, &token.key).await;
        app.advance(4);
        assert_good(&app, &node, &token.key).await;
        app.advance(1);
        app.app.store.close().await;
        node.app.store.close().await;
        assert_bad(&node, &token.key).await;
    }

    async fn a_bot_ends_with_its_key_and_changes_with_its_role(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let (one, two) = (app.bot(acme, Role::Owner).await, app.bot(acme, Role::Owner).await);
        let three = app.bot(acme, Role::Owner).await;
        let node = app.another_node().await;
        let whoami = async |credential: &str| node.ask(Ask::get("/npm/-/whoami").bearer(credential)).await.status;
        assert_eq!((whoami(&one.credential).await, whoami(&two.credential).await), (200, 200));
        let bots = app.app.store.bots();
        assert!(bots.revoke_key(acme, one.id, one.key_id, &app.operated("bot_key.revoked")).await.unwrap());
        assert!(bots.remove(acme, two.id, &app.operated("bot.removed")).await.unwrap());
        node.follow().await;
        assert_eq!((whoami(&one.credential).await, whoami(&two.credential).await), (401, 401));

        let audit = async || {
            node.ask(Ask::get(&format!("/o/{acme}/guard/audit")).bearer(&three.credential)).await
        };
        assert_eq!(audit().await.status, 200);
        app.advance(1);
        let mut changes = app.app.store.organisations().begin().await.unwrap();
        let said = app.operated("bot.role_changed");
        assert!(changes.set_bot_role(acme, three.id, Role::GuardTokenIssuer, &said).await.unwrap());
        changes.commit().await.unwrap();
        node.follow().await;
        assert_problem(&audit().await, 403, "insufficient_role");
        let tokens = format!("/o/{acme}/guard/org-user-tokens");
        let issue = Ask::post(&tokens, r#"{"user_identifier":"new@acme.example"}"#).bearer(&three.credential);
        assert_eq!(node.ask(issue).await.status, 201, "what the new role may");
    }

    async fn with_the_database_down_what_is_known_counts_for_a_minute_and_is_then_503(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let (token, unseen) = (app.org_token(acme, "dev@a", None).await, app.org_token(acme, "ops@a", None).await);
        let ping = async |key: &str| app.ask(Ask::get("/npm/-/ping").bearer(key)).await;
        assert_eq!(ping(&token.key).await.status, 200);
        app.app.store.close().await;
        assert_problem(&ping(&unseen.key).await, 503, "database_unavailable");
        app.advance(59);
        assert_eq!(ping(&token.key).await.status, 200);
        app.advance(1);
        assert_problem(&ping(&token.key).await, 503, "database_unavailable");
    }

    async fn under_load_a_revocation_reaches_the_other_node_within_a_second(setup) {
        let app = started(setup).await;
        let acme = app.organisation("acme").await;
        let (token, busy) = (app.org_token(acme, "leaver@a", None).await, app.org_token(acme, "busy@a", None).await);
        let node = Arc::new(app.another_node().await);
        let following = tokio::spawn(jobs::revocations::run(node.app.clone()));
        let over = Arc::new(AtomicBool::new(false));
        let load: Vec<_> = (0..8)
            .map(|_| {
                let (node, over, key) = (node.clone(), over.clone(), busy.key.clone());
                tokio::spawn(async move {
                    let mut asked = 0;
                    while !over.load(Ordering::Relaxed) {
                        let path = PACKAGES[asked % PACKAGES.len()];
                        let answer = node.ask(Ask::get(path).bearer(&key)).await;
                        assert!(matches!(answer.status, 200 | 302 | 429), "{}", answer.show());
                        asked += 1;
                    }
                    asked
                })
            })
            .collect();
        let ask = async || node.ask(Ask::get("/npm/left-pad").bearer(&token.key)).await.status;
        assert_eq!(ask().await, 200);
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(ask().await, 200);
        let audit = app.operated("token.revoked");
        app.app.store.org_tokens().revoke(acme, token.id, &audit).await.unwrap().expect("it counted");
        let revoked = Instant::now();
        while ask().await != 401 {
            assert!(revoked.elapsed() < Duration::from_secs(1), "it still counts after a second");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        over.store(true, Ordering::Relaxed);
        let mut asked = 0;
        for task in load {
            asked += task.await.unwrap();
        }
        assert!(asked > 100, "there was no load to speak of: {asked}");
        following.abort();
    }
}

#[tokio::test]
async fn a_revoked_token_is_401_for_files_that_are_kept_and_for_what_the_client_has() {
    let app = artifacts::warmed("cache").await;
    let acme = app.organisation("acme").await;
    let token = app.org_token(acme, "dev@acme.example", None).await;
    let mut held = Vec::new();
    for path in PACKAGES {
        let answer = app.ask(Ask::get(path).bearer(&token.key)).await;
        let Some(tag) = answer.header("etag") else { continue };
        let ask = Ask::get(path).bearer(&token.key).header("if-none-match", tag);
        assert_eq!(app.ask(ask.clone()).await.status, 304, "{path}");
        held.push((path, ask));
    }
    let files = held.iter().filter(|(path, _)| path.ends_with(".tgz") || path.ends_with(".whl")).count();
    assert!(files == 2 && held.len() > 4, "{files} files of {}", held.len());
    let audit = app.operated("token.revoked");
    app.app.store.org_tokens().revoke(acme, token.id, &audit).await.unwrap().expect("it counted");
    app.app.callers.follow_revocations().await.unwrap();
    for (path, ask) in held {
        assert_eq!(app.ask(ask).await.status, 401, "{path}");
        assert_problem(&app.ask(Ask::get(path).bearer(&token.key)).await, 401, "invalid_token");
    }
}
