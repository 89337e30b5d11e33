//! Which of an organisation's tokens nobody uses.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{NewOrgToken, Seen, Store, on_both_engines};

const DAY: i64 = 24 * 3600;

/// A token that was made at [`NOW`].
async fn issue(store: &Store, org: OrgId, identifier: &str, expires_at: Option<Timestamp>) -> OrgTokenId {
    let new = new_token(identifier, expires_at);
    store.org_tokens().issue(org, &new, &audit("token.issued", 0), None).await.unwrap();
    new.id
}

fn new_token(identifier: &str, expires_at: Option<Timestamp>) -> NewOrgToken {
    let plain = PlainToken::mint(TokenKind::Organisation, &CHANCE);
    let identifier = UserIdentifier::parse(identifier).unwrap();
    NewOrgToken::of(OrgTokenId::mint(NOW, &CHANCE), &plain, identifier, "operator", expires_at)
}

async fn silent(store: &Store, org: OrgId, now: Timestamp) -> Vec<String> {
    let rows = store.org_tokens().silent(org, None, 100, now).await.unwrap();
    rows.iter().map(|row| row.identifier.to_string()).collect()
}

on_both_engines! {
    async fn a_token_is_silent_fourteen_days_after_its_last_use_or_its_making(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let used = issue(&store, acme, "used@example.com", None).await;
        issue(&store, acme, "never@example.com", None).await;
        store.org_tokens().touch_last_used(&[(used, later(DAY))]).await.unwrap();
        let seen = async |seconds| store.org_tokens().seen(acme, later(seconds)).await.unwrap();
        assert_eq!(seen(14 * DAY - 1).await, Seen { active: 2, silent: 0 });
        assert_eq!(seen(14 * DAY).await, Seen { active: 2, silent: 1 });
        assert_eq!(silent(&store, acme, later(14 * DAY)).await, ["never@example.com"]);
        assert_eq!(seen(15 * DAY - 1).await, Seen { active: 2, silent: 1 });
        assert_eq!(seen(15 * DAY).await, Seen { active: 2, silent: 2 });
        assert_eq!(silent(&store, acme, later(15 * DAY)).await, ["never@example.com", "used@example.com"]);
    }

    async fn tokens_that_do_not_count_or_were_replaced_are_not_silent(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "other").await);
        issue(&store, other, "other@example.com", None).await;
        issue(&store, acme, "ended@example.com", Some(later(5 * DAY))).await;
        let revoked = issue(&store, acme, "revoked@example.com", None).await;
        store.org_tokens().revoke(acme, revoked, &audit("token.revoked", 9)).await.unwrap().unwrap();
        let rotated = issue(&store, acme, "rotated@example.com", None).await;
        let (new, overlap) = (new_token("rotated@example.com", None), Some(later(100 * DAY)));
        let audit = audit("token.rotated", 13 * DAY);
        store.org_tokens().rotate(acme, rotated, &new, overlap, &audit, None).await.unwrap();
        assert_eq!(store.org_tokens().seen(acme, later(20 * DAY)).await.unwrap(), Seen { active: 1, silent: 0 });
        assert!(silent(&store, acme, later(20 * DAY)).await.is_empty());
        assert_eq!(silent(&store, acme, later(27 * DAY)).await, ["rotated@example.com"], "the new one");
    }

    async fn pages_of_silent_tokens_follow_each_other(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let mut expected = Vec::new();
        for name in ["bert", "anna", "bert", "carl", "Bert"] {
            issue(&store, acme, name, None).await;
            expected.push(name.to_owned());
        }
        expected.sort();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let rows = store.org_tokens().silent(acme, after.as_ref(), 2, later(20 * DAY)).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some((last.identifier.clone(), last.id));
            found.extend(rows.iter().map(|row| row.identifier.to_string()));
        }
        assert_eq!(found, expected);
    }
}
