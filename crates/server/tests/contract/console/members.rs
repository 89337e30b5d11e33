//! Members: who is one, added, given another role, removed.

use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::org::Role;
use sekisho_store::{AuditFilter, AuditRow};
use sekisho_testkit::TestApp;
use uuid::Uuid;

use super::support::{Browser, Company, address};
use crate::support::on_both_engines;

/// What the audit log says, the newest first.
async fn audit(app: &TestApp, org: OrgId) -> Vec<AuditRow> {
    app.app.store.audit().page(org, &AuditFilter::default(), AuditId(Uuid::max()), 10).await.unwrap()
}

/// Everybody's role.
async fn roles(app: &TestApp, org: OrgId) -> Vec<(String, Role)> {
    let members = app.app.store.organisations().members(org).await.unwrap();
    members.into_iter().map(|member| (member.email.to_string(), member.role)).collect()
}

#[tokio::test]
async fn the_pages_are_the_owners_alone() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    company.only_for(&app, "/members", &[Role::Owner]).await;
    let mut manager = Browser::sign_in(&app, &address(Role::GuardManager)).await;
    let fields = [("email", "new@acme.example"), ("role", "owner")];
    assert_eq!(manager.post(&app, &company.at("/members"), &fields).await.status, 403);
    assert_eq!(manager.post(&app, &company.at("/members/role"), &fields).await.status, 403);
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let theirs = format!("/console/{}/members", company.other);
    assert_eq!(owner.post(&app, &theirs, &fields).await.status, 404);
    assert_eq!(roles(&app, company.org).await.len(), 4);
    assert_eq!(roles(&app, company.other).await.len(), 1);
}

on_both_engines! {
    async fn somebody_is_added_given_another_role_and_removed_with_rows_of_the_audit_log(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
        let members = company.at("/members");
        let page = owner.get(&app, &members).await.text();
        assert!(page.contains("guard-viewer@acme.example") && page.contains("http://127.0.0.1:8417/sign-in"), "{page}");

        app.advance(1);
        let added = owner.post(&app, &members, &[("email", "New+1@ACME.example"), ("role", "guard_viewer")]).await;
        assert_eq!(added.header("location"), Some(format!("{members}?done=member-added").as_str()));
        assert!(app.mails().await.is_empty(), "no mail is sent");
        let new = "new+1@acme.example";
        let row = audit(&app, company.org).await.remove(0);
        assert_eq!((row.action.as_str(), row.actor.as_str(), row.subject.as_str()), ("member.added", "owner@acme.example", new));
        assert_eq!(row.detail, r#"{"role":"guard_viewer"}"#);

        let page = owner.get(&app, &members).await.text();
        assert!(page.contains("/members/role?email=new%2B1%40acme.example"), "{page}");
        let asked = owner.get(&app, &format!("{members}/role?email=new%2B1%40acme.example")).await.text();
        assert!(asked.contains("value=\"guard_viewer\" checked"), "{asked}");
        app.advance(1);
        owner.post(&app, &format!("{members}/role"), &[("email", new), ("role", "guard_manager")]).await;
        let row = audit(&app, company.org).await.remove(0);
        assert_eq!((row.action.as_str(), row.detail.as_str()), ("member.role_changed", r#"{"from":"guard_viewer","to":"guard_manager"}"#));

        let asked = owner.get(&app, &format!("{members}/remove?email=new%2B1%40acme.example")).await.text();
        assert!(asked.contains(new) && asked.contains("Acme"), "{asked}");
        assert!(roles(&app, company.org).await.contains(&(new.to_owned(), Role::GuardManager)), "looking changes nothing");
        app.advance(1);
        owner.post(&app, &format!("{members}/remove"), &[("email", new)]).await;
        let row = audit(&app, company.org).await.remove(0);
        assert_eq!((row.action.as_str(), row.actor.as_str()), ("member.removed", "owner@acme.example"));
        assert_eq!(owner.post(&app, &format!("{members}/remove"), &[("email", new)]).await.status, 404);
        assert_eq!(roles(&app, company.org).await.len(), 4);
    }

    async fn the_last_owner_stays_one(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
        let me = address(Role::Owner);
        for (path, fields) in [
            ("/members/role", vec![("email", me.as_str()), ("role", "guard_viewer")]),
            ("/members/remove", vec![("email", me.as_str())]),
        ] {
            let answer = owner.post(&app, &company.at(path), &fields).await;
            assert!(answer.status == 409 && answer.text().contains("keeps at least one owner"), "{}", answer.text());
        }
        assert!(roles(&app, company.org).await.contains(&(me.clone(), Role::Owner)));

        app.member(company.org, "second@acme.example", Role::Owner).await;
        let out = owner.post(&app, &company.at("/members/remove"), &[("email", &me)]).await;
        assert_eq!(out.header("location"), Some("/console"));
        assert_eq!(owner.get(&app, &company.at("/members")).await.status, 404, "at once");
        assert_eq!(owner.get(&app, "/console").await.header("location"), Some("/me"));
    }
}

#[tokio::test]
async fn bad_input_is_told_and_changes_nothing() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let members = company.at("/members");
    for (email, role, status, said) in [
        ("nobody", "owner", 400, "no e-mail address"),
        ("\"><script>alert(1)</script>", "owner", 400, "no e-mail address"),
        ("new@acme.example", "king", 400, "Choose a role"),
        ("new@acme.example", "", 400, "Choose a role"),
        ("guard-viewer@acme.example", "owner", 409, "is a member already"),
    ] {
        let answer = owner.post(&app, &members, &[("email", email), ("role", role)]).await;
        let page = answer.text();
        assert!(answer.status == status && page.contains(said) && !page.contains("<script>"), "{email}: {page}");
        assert!(page.contains("role=\"alert\""));
    }
    let answer =
        owner.post(&app, &format!("{members}/role"), &[("email", "nobody@acme.example"), ("role", "owner")]).await;
    assert_eq!(answer.status, 404);
    let viewer = address(Role::GuardViewer);
    assert_eq!(owner.post(&app, &format!("{members}/role"), &[("email", &viewer), ("role", "x")]).await.status, 400);
    assert_eq!(roles(&app, company.org).await.len(), 4);
    assert!(audit(&app, company.org).await.iter().all(|row| row.actor == "operator"), "the test's own");
}

#[tokio::test]
async fn a_role_by_groups_is_told_and_one_given_by_hand_is_not() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let email = sekisho_core::email::EmailAddress::parse("group@acme.example").unwrap();
    let mut changes = app.app.store.organisations().begin().await.unwrap();
    let issuer = "https://id.example/\"><script>";
    changes.grant(company.org, &email, Some(Role::GuardViewer), issuer, &app.operated("member.put")).await.unwrap();
    changes.commit().await.unwrap();
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let page = owner.get(&app, &company.at("/members")).await.text();
    assert_eq!(page.matches("By the groups of").count(), 1, "{page}");
    assert!(!page.contains("<script>"), "{page}");
    let remove = owner.get(&app, &company.at("/members/remove?email=group%40acme.example")).await.text();
    assert!(remove.contains("give it again at the next sign-in"), "{remove}");
}

#[tokio::test]
async fn many_members_are_paged_and_the_page_reads_in_japanese() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    for number in 0..60 {
        app.member(company.org, &format!("{}{number:02}@acme.example", "a".repeat(60)), Role::GuardViewer).await;
    }
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await.japanese();
    let first = owner.get(&app, &company.at("/members")).await.text();
    assert!(first.len() < 60_000, "{}", first.len());
    assert!(first.contains("<html lang=\"ja\">") && first.contains("メンバーの追加"));
    let (_, rest) = first.split_once("/members?after=").unwrap();
    let next = company.at(&format!("/members?after={}", rest.split('"').next().unwrap()));
    let second = owner.get(&app, &next).await.text();
    let rows = |page: &str| page.matches("/members/remove?email=").count();
    assert_eq!((rows(&first), rows(&second)), (50, 14));
    assert!(second.contains("owner@acme.example"));
}
