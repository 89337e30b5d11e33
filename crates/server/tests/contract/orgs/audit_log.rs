//! The audit log: what is in it, its filters, its pages, and its exports.

use sekisho_core::id::AuditId;
use sekisho_store::NewAudit;
use sekisho_testkit::Ask;

use super::{text, world};
use crate::support::on_both_engines;

on_both_engines! {
    async fn every_change_is_in_the_log_with_who_made_it_and_no_secret(setup) {
        let world = world(setup).await;
        let (id, token) = world.issue("dev@acme.example").await;
        world.app.advance(1);
        let rotated = world.post(&format!("org-user-tokens/by-id/{id}/rotate"), "{}").await.json();
        world.app.advance(1);
        world.ask(Ask::new("DELETE", &world.path(&format!("org-user-tokens/by-id/{}", text(&rotated["id"]))))).await;
        let answer = world.get(&format!("audit?actor={}", world.owner.id)).await;
        let log = answer.json();
        let told: Vec<_> = log["items"].as_array().unwrap().iter().map(|i| (text(&i["action"]), text(&i["subject"]))).collect();
        assert_eq!(told, [
            ("token.revoked".to_owned(), text(&rotated["id"])),
            ("token.rotated".to_owned(), id.clone()),
            ("token.issued".to_owned(), id),
        ]);
        assert_eq!(log["items"][1]["detail"]["replaced_by"], rotated["id"]);
        assert!(!answer.text().contains(&token) && !answer.text().contains(&text(&rotated["token"])));
    }

    async fn the_log_is_filtered_and_paged(setup) {
        let world = world(setup).await;
        for _ in 0..3 {
            world.issue("dev@acme.example").await;
            world.app.advance(60);
        }
        let count = async |query: &str| world.get(&format!("audit?{query}")).await.json()["items"].as_array().unwrap().len();
        assert_eq!(count("action=token.issued").await, 3);
        assert_eq!(count("action=token.issued&from=2026-11-23T09:01:00Z").await, 2);
        assert_eq!(count("action=token.issued&from=2026-11-23T09:01:00Z&to=2026-11-23T09:02:00Z").await, 1);
        assert_eq!(count("actor=operator").await, 3, "the organisation, its bot and its key");
        assert_eq!(count("actor=nobody").await, 0);
        let (mut seen, mut cursor) = (0, String::new());
        loop {
            let page = world.get(&format!("audit?action=token.issued&limit=1&cursor={cursor}")).await.json();
            seen += page["items"].as_array().unwrap().len();
            world.issue("new@acme.example").await;
            let Some(next) = page["next_cursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(seen, 3, "what came meanwhile is on no later page");
    }

    async fn an_export_holds_everything_and_is_in_the_log_itself(setup) {
        let world = world(setup).await;
        let now = world.app.app.clock.now();
        for n in 0..1100 {
            let id = AuditId::mint(now, &*world.app.random);
            let row = NewAudit { id, at: now, actor: "=cmd|' /C calc'!A0".into(), action: "token.issued", subject: format!("s{n}"), detail: "{}".into(), under: None };
            world.app.app.store.audit().note(world.org, &row).await.unwrap();
        }
        let export = async |accept: &str| world.ask(Ask::get(&world.path("audit?action=token.issued")).header("accept", accept)).await;
        let csv = export("text/csv").await;
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"audit.csv\""));
        let text = csv.text();
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next(), Some("id,at,actor,action,subject,detail"));
        assert_eq!(lines.filter(|line| line.contains(",'=cmd|' /C calc'!A0,token.issued,s")).count(), 1100);
        let ndjson = export("application/x-ndjson").await;
        let rows: Vec<serde_json::Value> = ndjson.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((rows.len(), &rows[0]["actor"]), (1100, &"=cmd|' /C calc'!A0".into()));
        let noted = world.get("audit?action=audit.exported").await.json();
        assert_eq!(noted["items"].as_array().unwrap().len(), 2);
        assert_eq!(noted["items"][0]["detail"]["action"], "token.issued");
    }
}
