//! Settings of an organisation, and its own list.

use sekisho_core::org::Role;
use sekisho_testkit::{Ask, TestApp, fixtures};

use super::support::{Browser, Company, address};

const MANAGERS: [Role; 2] = [Role::Owner, Role::GuardManager];

fn fields<'a>(name: &'a str, default: &'a str, max: &'a str, kept: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("name", name),
        ("default_days", default),
        ("max_days", max),
        ("retention_days", kept),
        ("language", "ja"),
        ("self_rotate", "yes"),
    ]
}

#[tokio::test]
async fn settings_are_for_those_who_manage_guard() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    company.only_for(&app, "/settings", &MANAGERS).await;
    let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
    for path in ["/settings", "/settings/guard", "/settings/rules", "/settings/rules/remove"] {
        assert_eq!(viewer.post(&app, &company.at(path), &[("guard", "off")]).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn changes_are_kept_and_stand_in_the_audit_log_under_the_person_s_name() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let saved = owner.post(&app, &company.at("/settings"), &fields("Acme 2", "30", "90", "200")).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let org = app.app.store.organisations().find(company.org).await.unwrap().unwrap();
    assert_eq!((org.name.as_str(), org.usual_token_seconds()), ("Acme 2", Some(30 * 86_400)));
    assert_eq!((org.max_token_seconds, org.retention_days, org.self_rotate), (Some(90 * 86_400), Some(200), true));
    let page = owner.get(&app, saved.header("location").unwrap()).await;
    assert!(page.text().contains("The settings are saved."));
    let rows = app.audit(company.org).await;
    assert_eq!((rows[0].actor.as_str(), rows[0].action.as_str()), ("owner@acme.example", "org.changed"));

    let mut manager = Browser::sign_in(&app, &address(Role::GuardManager)).await;
    manager.post(&app, &company.at("/settings"), &fields("Mine", "", "", "")).await;
    let org = app.app.store.organisations().find(company.org).await.unwrap().unwrap();
    assert_eq!((org.name.as_str(), org.max_token_seconds), ("Acme 2", None), "only an owner renames");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    for (form, said) in [
        (fields("Acme", "0", "", ""), "usual life of a token is a number"),
        (fields("Acme", "", "36501", ""), "longest life of a token is a number"),
        (fields("Acme", "", "", "-1"), "Installs are kept for a number"),
        (fields("Acme", "91", "90", ""), "longer than the longest"),
        (fields("", "", "", ""), "A name has 1 to 100 characters"),
        (fields("Other", "", "", ""), "is there already"),
    ] {
        let wrong = owner.post(&app, &company.at("/settings"), &form).await;
        assert!(wrong.status == 400 && wrong.text().contains(said), "{said}: {}", wrong.text());
    }
    let org = app.app.store.organisations().find(company.org).await.unwrap().unwrap();
    assert_eq!((org.name.as_str(), org.retention_days, org.self_rotate), ("Acme", None, false));
}

#[tokio::test]
async fn guard_off_ends_the_organisation_s_tokens_and_on_again_they_count() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let token = app.org_token(company.org, "someone@acme.example", None).await;
    let status = async || app.ask(Ask::get("/npm/-/whoami").bearer(&token.key)).await.status;
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    assert_eq!(owner.post(&app, &company.at("/settings/guard"), &[("guard", "off")]).await.status, 303);
    app.app.callers.follow_revocations().await.unwrap();
    assert_eq!(status().await, 401);
    assert!(owner.get(&app, &company.at("/settings")).await.text().contains("Turn Guard on"));
    assert_eq!(owner.post(&app, &company.at("/settings/guard"), &[("guard", "on")]).await.status, 303);
    app.app.callers.follow_revocations().await.unwrap();
    assert_eq!(status().await, 200);
    assert_eq!(owner.post(&app, &company.at("/settings/guard"), &[("guard", "maybe")]).await.status, 400);
}

#[tokio::test]
async fn an_entry_counts_on_this_node_once_the_page_says_so_and_no_longer_once_it_is_off() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    let company = Company::of(&app).await;
    let token = app.org_token(company.org, "someone@acme.example", None).await;
    let status = async || app.ask(Ask::get("/npm/left-pad/-/left-pad-1.0.0.tgz").bearer(&token.key)).await.status;
    assert_eq!(status().await, 302);
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let form = [("effect", "block"), ("package", "pkg:npm/left-pad"), ("reason", "no"), ("days", "")];
    assert_eq!(owner.post(&app, &company.at("/settings/rules"), &form).await.status, 303);
    assert_eq!(status().await, 403);
    let id = app.app.store.rules().of_org(company.org).await.unwrap()[0].id.to_string();
    assert_eq!(owner.post(&app, &company.at("/settings/rules/remove"), &[("rule", &id)]).await.status, 303);
    assert_eq!(status().await, 302);
}

#[tokio::test]
async fn entries_are_added_and_removed_and_hostile_text_stays_text() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let form = |package: &'static str, reason: &'static str, days: &'static str| {
        [("effect", "block"), ("package", package), ("reason", reason), ("days", days)]
    };
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let added = owner.post(&app, &company.at("/settings/rules"), &form("pkg:npm/left-pad@1.3.0", hostile, "7")).await;
    assert!(added.status == 400 && added.text().contains("A reason is one line"), "{}", added.text());
    assert!(!added.text().contains("<script>alert"), "what was typed stands there as text");
    owner.post(&app, &company.at("/settings/rules"), &form("pkg:pypi/six", "<b>why</b>", "")).await;
    let page = owner.get(&app, &company.at("/settings")).await.text();
    assert!(page.contains("pkg:pypi/six") && page.contains("&#60;b&#62;why") && !page.contains("<script>alert"));
    for (wrong, said) in [
        (form("left-pad", "x", ""), "no package URL"),
        (form("pkg:npm/x", "x", "0"), "ends after 1 to"),
        (form("pkg:npm/x", "x", "3651"), "ends after 1 to"),
    ] {
        let answer = owner.post(&app, &company.at("/settings/rules"), &wrong).await;
        assert!(answer.status == 400 && answer.text().contains(said), "{said}: {}", answer.text());
    }
    let rules = app.app.store.rules().of_org(company.org).await.unwrap();
    for rule in &rules {
        let id = rule.id.to_string();
        assert_eq!(owner.post(&app, &company.at("/settings/rules/remove"), &[("rule", &id)]).await.status, 303);
    }
    assert!(app.app.store.rules().of_org(company.org).await.unwrap().is_empty());
    let actions: Vec<String> = app.audit(company.org).await.into_iter().map(|row| row.action).collect();
    assert!(actions.contains(&"rule.added".to_owned()) && actions.contains(&"rule.removed".to_owned()), "{actions:?}");
}
