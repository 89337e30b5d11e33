//! Organisations' own lists.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::id::{AuditId, OrgId, RuleId};
use sekisho_core::policy::{Effect, Entry};
use sekisho_core::{PackageUrl, Timestamp};
use sekisho_store::{MOST_RULES, NewAudit, Organisation, Rule, RuleAdded, Store, on_both_engines};
use uuid::Uuid;

fn audit(action: &'static str, seconds: i64) -> NewAudit {
    let at = later(seconds);
    let id = AuditId::mint(at, &CHANCE);
    NewAudit { id, at, actor: "operator".into(), action, subject: "x".into(), detail: "{}".into(), under: None }
}

async fn org(store: &Store, name: &str) -> OrgId {
    let id = OrgId::mint(NOW, &CHANCE);
    let new = Organisation::new(id, name, NOW);
    assert!(store.organisations().create(&new, &audit("org.created", 0)).await.unwrap());
    id
}

fn rule(effect: Effect, purl: &str, expires: Option<Timestamp>) -> Rule {
    let entry = Entry::of_organisation(effect, PackageUrl::parse(purl).unwrap(), "理由 17", expires);
    let entry = entry.unwrap_or_else(|_| panic!("{effect:?} {purl}"));
    Rule { id: RuleId::mint(NOW, &CHANCE), entry, made_by: "ann@acme.example".into(), created_at: NOW }
}

async fn add(store: &Store, org: OrgId, rule: &Rule, seconds: i64) -> RuleAdded {
    let mut changes = store.organisations().begin().await.unwrap();
    let added = changes.add_rule(org, rule, &audit("rule.added", seconds)).await.unwrap();
    changes.commit().await.unwrap();
    added
}

async fn remove(store: &Store, org: OrgId, id: RuleId, seconds: i64) -> bool {
    let mut changes = store.organisations().begin().await.unwrap();
    let removed = changes.remove_rule(org, id, &audit("rule.removed", seconds)).await.unwrap();
    changes.commit().await.unwrap();
    removed
}

async fn actions(store: &Store, org: OrgId) -> Vec<String> {
    let rows = store.audit().page(org, &Default::default(), AuditId(Uuid::max()), 5000).await.unwrap();
    rows.into_iter().rev().map(|row| row.action).collect()
}

on_both_engines! {
    async fn an_entry_is_read_as_it_was_added_and_each_change_has_a_row_and_another_mark(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "other").await);
        assert_eq!(store.rules().marks().await.unwrap(), []);
        let one = rule(Effect::Block, "pkg:npm/@scope/x@1.0.0+b", Some(later(60)));
        let two = rule(Effect::Allow, "pkg:pypi/Flask_Login", None);
        assert_eq!(add(&store, acme, &one, 5).await, RuleAdded::Done);
        assert_eq!(store.rules().marks().await.unwrap(), [(acme, later(5))]);
        // By a clock that stands still or goes back, too.
        assert_eq!(add(&store, acme, &two, 4).await, RuleAdded::Done);
        assert_eq!(store.rules().marks().await.unwrap(), [(acme, Timestamp(later(5).0 + 1))]);
        assert_eq!(store.rules().of_org(acme).await.unwrap(), [one.clone(), two.clone()]);
        assert!(!remove(&store, other, one.id, 6).await, "another organisation's");
        assert!(remove(&store, acme, one.id, 6).await);
        assert!(!remove(&store, acme, one.id, 7).await);
        assert_eq!(store.rules().marks().await.unwrap(), [(acme, later(6))]);
        assert_eq!(store.rules().of_org(acme).await.unwrap(), [two]);
        assert_eq!(store.rules().of_org(other).await.unwrap(), []);
        assert_eq!(actions(&store, acme).await, ["org.created", "rule.added", "rule.added", "rule.removed"]);
    }

    async fn one_effect_is_said_once_of_a_package(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let old = rule(Effect::Block, "pkg:npm/x", None);
        assert_eq!(add(&store, acme, &old, 1).await, RuleAdded::Done);
        assert_eq!(add(&store, acme, &rule(Effect::Block, "pkg:npm/x", Some(later(9))), 2).await, RuleAdded::Exists(old));
        assert_eq!(add(&store, acme, &rule(Effect::Allow, "pkg:npm/x", None), 3).await, RuleAdded::Done);
        assert_eq!(add(&store, acme, &rule(Effect::Block, "pkg:npm/x@1.0.0", None), 4).await, RuleAdded::Done);
        let nobody = OrgId::mint(NOW, &CHANCE);
        assert_eq!(add(&store, nobody, &rule(Effect::Block, "pkg:npm/x", None), 5).await, RuleAdded::NoOrganisation);
        assert_eq!(actions(&store, acme).await.len(), 4);
    }

    async fn there_is_a_most_of_them(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let mut changes = store.organisations().begin().await.unwrap();
        for number in 0..MOST_RULES {
            let new = rule(Effect::Block, &format!("pkg:npm/x{number}"), None);
            assert_eq!(changes.add_rule(acme, &new, &audit("rule.added", 1)).await.unwrap(), RuleAdded::Done);
        }
        let more = rule(Effect::Block, "pkg:npm/more", None);
        assert_eq!(changes.add_rule(acme, &more, &audit("rule.added", 1)).await.unwrap(), RuleAdded::Full);
        changes.commit().await.unwrap();
        assert_eq!(store.rules().of_org(acme).await.unwrap().len(), MOST_RULES);
    }

    async fn they_go_with_their_organisation_and_their_maker_is_forgotten(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "other").await);
        for org in [acme, other] {
            assert_eq!(add(&store, org, &rule(Effect::Block, "pkg:npm/x", None), 1).await, RuleAdded::Done);
        }
        assert_eq!(store.people().rules_by("ann@acme.example").await.unwrap().len(), 2);
        let mut changes = store.organisations().begin().await.unwrap();
        assert!(changes.remove(acme, &audit("org.removed", 2)).await.unwrap());
        changes.commit().await.unwrap();
        assert_eq!(store.rules().of_org(acme).await.unwrap(), []);
        assert_eq!(store.rules().marks().await.unwrap(), [(other, later(1))]);
        store.people().forget(&email("ann@acme.example"), "erased-1", later(3), || audit("member.erased", 3)).await.unwrap();
        assert_eq!(store.rules().of_org(other).await.unwrap()[0].made_by, "erased-1");
        assert!(store.people().rules_by("ann@acme.example").await.unwrap().is_empty());
    }
}
