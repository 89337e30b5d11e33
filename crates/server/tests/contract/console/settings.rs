//! Settings of an organisation, and its own list.

use sekisho_core::Clock;
use sekisho_core::org::Role;
use sekisho_testkit::{Ask, fixtures};

use super::support::{Browser, Company, address};
use crate::support::on_both_engines;

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

on_both_engines! {
    async fn settings_are_for_those_who_manage_guard(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        company.only_for(&app, "/settings", &MANAGERS).await;
        let mut viewer = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
        for path in ["/settings", "/settings/guard", "/settings/rules", "/settings/rules/remove"] {
            assert_eq!(viewer.post(&app, &company.at(path), &[("guard", "off")]).await.status, 403, "{path}");
        }
    }

    async fn changes_are_kept_and_stand_in_the_audit_log_under_the_person_s_name(setup) {
        let app = setup.start().await;
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

    async fn what_is_wrong_is_named_and_nothing_is_changed(setup) {
        let app = setup.start().await;
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

    async fn guard_off_ends_the_organisation_s_tokens_and_on_again_they_count(setup) {
        let app = setup.start().await;
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

    async fn an_entry_counts_on_this_node_once_the_page_says_so_and_no_longer_once_it_is_off(setup) {
        let app = setup.start().await;
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

    async fn entries_are_added_and_removed_and_hostile_text_stays_text(setup) {
        let app = setup.start().await;
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

    async fn an_allow_entry_of_seven_days_counts_and_is_over_after_them(setup) {
        let app = setup.start().await;
        app.set_malware(&[("MAL-1", "pkg:npm/evil@1.0.0")]);
        fixtures::npm(&app.upstream, "evil", &["1.0.0"]);
        let company = Company::of(&app).await;
        let token = app.org_token(company.org, "dev@acme.example", None).await;
        let take = async || app.ask(Ask::get("/npm/evil/-/evil-1.0.0.tgz").bearer(&token.key)).await.status;
        assert_eq!(take().await, 403);
        let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
        let form = [("effect", "allow"), ("package", "pkg:npm/evil@1.0.0"), ("reason", "ticket 18"), ("days", "7")];
        assert_eq!(owner.post(&app, &company.at("/settings/rules"), &form).await.status, 303);
        let end = app.app.store.rules().of_org(company.org).await.unwrap()[0].entry.expires.unwrap();
        assert_eq!(end.0 - app.clock.now().0, 7 * 86_400_000);
        app.app.follow_entries().await.unwrap();
        assert_eq!(take().await, 302);
        let page = owner.get(&app, &company.at("/settings")).await.text();
        assert!(page.contains(&end.to_string()) && !page.contains("(ended)"), "{page}");
        app.advance(7 * 86_400 - 1);
        assert_eq!(take().await, 302, "to the last second");
        app.advance(1);
        assert_eq!(take().await, 403);
        let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
        assert!(owner.get(&app, &company.at("/settings")).await.text().contains("(ended)"));
    }
}
