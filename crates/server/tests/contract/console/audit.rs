//! The audit log's page: its search, its rows in words, its export.

use sekisho_core::Clock;
use sekisho_core::id::AuditId;
use sekisho_core::org::Role;
use sekisho_store::{AuditFilter, NewAudit};
use sekisho_testkit::{Answer, TestApp};

use super::support::{Browser, Company};
use crate::support::on_both_engines;

async fn note(app: &TestApp, company: &Company, actor: &str, action: &'static str, subject: &str, detail: &str) {
    let row = NewAudit {
        actor: actor.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        ..app.operated(action)
    };
    app.app.store.audit().note(company.org, &row).await.unwrap();
    app.advance(1);
}

async fn manager(app: &TestApp) -> Browser {
    Browser::sign_in(app, "guard-manager@acme.example").await
}

fn count(answer: &Answer) -> usize {
    answer.text().split("<tbody>").nth(1).map_or(0, |body| body.matches("<tr>").count())
}

on_both_engines! {
    async fn the_log_is_searched_by_who_what_and_when(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        let made = count(&manager(&app).await.get(&app, &company.at("/audit")).await);
        note(&app, &company, "boss@acme.example", "token.issued", "OT1", r#"{"user_identifier":"alice","expires_at":null}"#).await;
        app.advance(86_400);
        note(&app, &company, "boss@acme.example", "token.revoked", "OT1", r#"{"by":{"network":"192.0.2.1"},"tags":["a","b"]}"#).await;
        note(&app, &company, "operator", "something.newer", "x", "{}").await;
        let mut browser = manager(&app).await;
        let mut found = async |query: &str| {
            let answer = browser.get(&app, &company.at(&format!("/audit{query}"))).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text());
            (count(&answer), answer.text())
        };
        let (all, text) = found("?actor=&action=&from=&to=").await;
        assert_eq!(all, made + 3);
        for part in ["<bdi>Token issued</bdi>", "<bdi>Token revoked</bdi>", "<bdi>something.newer</bdi>", ">User Identifier<", ">alice<", ">a, b<", "{&#34;network&#34;:&#34;192.0.2.1&#34;}"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains(">expires_at<"), "what says nothing is left out");
        assert!(text.find("<bdi>something.newer").unwrap() < text.find(">OT1<").unwrap(), "newest first");
        assert_eq!(found("?actor=boss%40acme.example").await.0, 2);
        assert_eq!(found("?action=token.revoked").await.0, 1);
        assert_eq!(found("?from=2026-11-24").await.0, 2);
        assert_eq!(found("?to=2026-11-23&actor=boss%40acme.example").await.0, 1);
        assert_eq!(found("?action=gone.action").await.0, 0);
    }

    async fn its_pages_follow_each_other_and_a_cursor_counts_for_its_search_only(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        for n in 0..110 {
            note(&app, &company, "operator", "org.changed", &format!("row {n}"), r#"{"name":"Acme"}"#).await;
        }
        let mut browser = manager(&app).await;
        let (mut path, mut seen, mut cursor) = (company.at("/audit?action=org.changed"), 0, String::new());
        loop {
            let answer = browser.get(&app, &path).await;
            assert!(answer.body.len() < 60_000, "{} bytes", answer.body.len());
            seen += count(&answer);
            let text = answer.text();
            let Some((_, rest)) = text.split_once("<a rel=\"next\" href=\"") else { break };
            path = rest.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&");
            cursor = path.split_once("cursor=").unwrap().1.to_owned();
        }
        assert_eq!(seen, 110);
        let other = browser.get(&app, &company.at(&format!("/audit?action=token.issued&cursor={cursor}"))).await;
        assert_eq!(other.status, 400);
        let mut stranger = Browser::sign_in(&app, "owner@other.example").await;
        let other = stranger.get(&app, &format!("/console/{}/audit?action=org.changed&cursor={cursor}", company.other)).await;
        assert_eq!(other.status, 400, "of another organisation");
    }

    async fn an_export_has_all_that_is_found_and_is_noted(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        note(&app, &company, "boss@acme.example", "token.issued", "OT1", "{}").await;
        note(&app, &company, "boss@acme.example", "token.revoked", "OT1", "{}").await;
        let mut browser = manager(&app).await;
        let csv = browser.get(&app, &company.at("/audit/export?action=token.issued&format=csv")).await;
        assert_eq!((csv.status, csv.header("content-disposition")), (200, Some("attachment; filename=\"audit.csv\"")));
        assert!(csv.text().contains(",token.issued,") && !csv.text().contains("token.revoked"), "{}", csv.text());
        let ndjson = browser.get(&app, &company.at("/audit/export?format=ndjson")).await;
        assert_eq!(ndjson.header("content-type"), Some("application/x-ndjson"));
        assert!(ndjson.text().lines().next().unwrap().contains("\"audit.exported\""), "it tells of itself");
        let all = AuditFilter { action: Some("audit.exported".into()), ..AuditFilter::default() };
        let noted = app.app.store.audit().page(company.org, &all, AuditId(uuid::Uuid::max()), 10).await.unwrap();
        assert!(noted.len() == 2 && noted.iter().all(|row| row.actor == "guard-manager@acme.example"), "{noted:?}");
        assert!(noted[1].detail.contains("token.issued"));
        for (path, status) in [("/audit/export?format=pdf", 404), ("/audit/export?format=csv&to=x", 303)] {
            assert_eq!(browser.get(&app, &company.at(path)).await.status, status, "{path}");
        }
    }
}

#[tokio::test]
async fn the_audit_log_is_for_those_who_manage_tokens() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    for path in ["/audit", "/audit/export?format=csv"] {
        company.only_for(&app, path, &[Role::Owner, Role::GuardManager]).await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_search_of_the_log_stands_beside_its_field() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let mut browser = manager(&app).await;
    let long = "a".repeat(300);
    for (query, wrong) in [
        ("from=x".to_owned(), "from"),
        ("to=2026-13-01".to_owned(), "to"),
        (format!("actor={long}"), "actor"),
        ("action=a%00b".to_owned(), "action"),
        ("cursor=x".to_owned(), "actor"),
    ] {
        let answer = browser.get(&app, &company.at(&format!("/audit?{query}"))).await;
        assert_eq!((answer.status, count(&answer)), (400, 0), "{query}");
        let text = answer.text();
        assert_eq!(text.matches("aria-invalid").count(), 1, "{query}: {text}");
        assert!(text.contains(&format!("aria-describedby=\"{wrong}-wrong\"")), "{query}: {text}");
    }
    assert!(
        browser.get(&app, &company.at(&format!("/audit?actor={long}"))).await.text().contains(&long),
        "nothing is lost"
    );
}

#[tokio::test]
async fn hostile_texts_of_the_audit_log_do_nothing() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let detail = serde_json::json!({ hostile: hostile, "list": [hostile], "more": { "x": hostile } }).to_string();
    note(&app, &company, hostile, "org.changed", hostile, &detail).await;
    note(&app, &company, "x", "org.changed", "x", hostile).await;
    let typed: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
    let mut browser = manager(&app).await;
    for path in ["/audit".to_owned(), format!("/audit?actor={typed}&action={typed}&from={typed}")] {
        let text = browser.get(&app, &company.at(&path)).await.text();
        assert!(text.contains("&#60;script&#62;"), "{path}: {text}");
        assert!(!text.contains("<script>") && !text.contains("\"><script"), "{path}: {text}");
        for part in text.split('\u{202e}').skip(1) {
            let end = part.find(['<']).map(|at| &part[at..]).unwrap_or_default();
            let quoted = part.starts_with('"');
            assert!(
                quoted || end.starts_with("</bdi>") || end.starts_with("</option>"),
                "{path}: outside of <bdi>: {part}"
            );
        }
    }
}

#[tokio::test]
async fn the_audit_log_is_in_japanese_too() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    note(&app, &company, "boss@acme.example", "token.issued", "OT1", "{}").await;
    let text = manager(&app).await.japanese().get(&app, &company.at("/audit")).await.text();
    assert!(
        text.contains("<bdi>トークンの発行</bdi>") && text.contains("監査ログ") && text.contains("2026年11月23日"),
        "{text}"
    );
    assert!(app.clock.now() > sekisho_testkit::NOW);
}
