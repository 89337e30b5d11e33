//! Pipelines: what bots trust, sessions and the memory of their ID tokens, and the keys that sign.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::id::{AuditId, BotId, CiSessionId, OrgId, TrustId};
use sekisho_core::org::Role;
use sekisho_core::token::TokenHash;
use sekisho_store::{
    AuditFilter, Bot, Exchanged, NewSession, Organisation, SessionRow, SigningKeyRow, Store, Trust, on_both_engines,
};

async fn bot(store: &Store, org: OrgId, name: &str) -> BotId {
    let id = BotId::mint(NOW, &CHANCE);
    let bot = Bot { id, org, name: name.into(), role: Role::GuardViewer, created_at: NOW };
    assert!(store.bots().create(&bot, &audit("bot.created", 0)).await.unwrap());
    id
}

fn session(bot: BotId, id_token: u8, seconds: i64) -> NewSession {
    NewSession {
        id: CiSessionId::mint(later(seconds), &CHANCE),
        bot,
        id_token: TokenHash([id_token; 32]),
        client: "192.0.2.1".into(),
        attribution: "{}".into(),
        issued_at: later(seconds),
        expires_at: later(seconds + 1800),
        id_token_ends: later(600),
    }
}

async fn made(store: &Store, new: &NewSession) -> Option<SessionRow> {
    match store.ci_sessions().exchange(new).await.unwrap() {
        Exchanged::Session(row) => Some(row),
        Exchanged::Refused => None,
    }
}

async fn set_guard(store: &Store, id: OrgId, guard: bool) {
    let mut changes = store.organisations().begin().await.unwrap();
    let org = changes.lock(id).await.unwrap().unwrap();
    assert!(changes.change(&Organisation { guard, ..org }, &audit("org.changed", 0)).await.unwrap());
    changes.commit().await.unwrap();
}

fn trust(conditions: &str) -> Trust {
    // Ordered by the moment at which they were made.
    Trust {
        id: TrustId::mint(later(conditions.parse().unwrap()), &CHANCE),
        conditions: conditions.into(),
        created_at: NOW,
    }
}

on_both_engines! {
    async fn an_id_token_is_exchanged_once_and_the_same_request_is_answered_again_for_a_minute(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let (ci, other) = (bot(&store, acme, "ci").await, bot(&store, acme, "other").await);
        let first = made(&store, &session(ci, 1, 0)).await.unwrap();
        assert_eq!((first.org, first.bot, first.expires_at), (acme, ci, later(1800)));
        assert_eq!(made(&store, &session(ci, 1, 60)).await, Some(first.clone()));
        assert_eq!(made(&store, &session(ci, 1, 61)).await, None, "after a minute");
        let elsewhere = NewSession { client: "198.51.100.1".into(), ..session(ci, 1, 1) };
        assert_eq!(made(&store, &elsewhere).await, None, "from another network");
        assert_eq!(made(&store, &session(other, 1, 1)).await, None, "for another bot");
        let longer = NewSession { expires_at: later(3600), ..session(ci, 1, 0) };
        assert_eq!(made(&store, &longer).await, None, "another request");
        assert_ne!(made(&store, &session(ci, 2, 1)).await.map(|row| row.id), Some(first.id), "another ID token");
        assert_eq!(store.ci_sessions().find(first.id).await.unwrap(), Some(first));
    }

    async fn of_many_exchanges_at_once_one_makes_the_session(database) {
        let store = database.open().await;
        let ci = bot(&store, org(&store, "acme").await, "ci").await;
        let tasks: Vec<_> = (0..16).map(|_| {
            let (store, new) = (store.clone(), session(ci, 1, 0));
            tokio::spawn(async move { made(&store, &new).await.unwrap().id })
        }).collect();
        let mut ids = Vec::new();
        for task in tasks {
            ids.push(task.await.unwrap());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
    }

    async fn a_session_ends_by_itself_with_its_bot_and_with_guard(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let ci = bot(&store, acme, "ci").await;
        let one = made(&store, &session(ci, 1, 0)).await.unwrap();
        let two = made(&store, &session(ci, 2, 1)).await.unwrap();
        let sessions = store.ci_sessions();
        assert_eq!(sessions.running(acme, ci, later(2), 10).await.unwrap(), [two.clone(), one.clone()]);
        let changed = store.organisations().changed_since(NOW).await.unwrap();
        let elsewhere = org(&store, "umbrella").await;
        assert_eq!(sessions.end(elsewhere, ci, Some(one.id), &audit("session.ended", 2)).await.unwrap(), 0);
        assert_eq!(sessions.end(acme, ci, Some(one.id), &audit("session.ended", 0)).await.unwrap(), 1);
        assert_eq!(sessions.end(acme, ci, Some(one.id), &audit("session.ended", 2)).await.unwrap(), 0);
        assert_eq!(sessions.find(one.id).await.unwrap(), None);
        assert_eq!(made(&store, &session(ci, 1, 3)).await, None, "an ended session is not given out again");
        let now_changed = store.organisations().changed_since(NOW).await.unwrap();
        assert!(now_changed.iter().any(|change| change.0 == acme && !changed.contains(change)), "{now_changed:?}");

        set_guard(&store, acme, false).await;
        assert!(!sessions.find(two.id).await.unwrap().unwrap().guard);
        assert_eq!(made(&store, &session(ci, 2, 3)).await, None);
        assert_eq!(made(&store, &session(ci, 3, 3)).await, None);
        set_guard(&store, acme, true).await;
        assert_eq!(sessions.end(acme, ci, None, &audit("session.ended", 4)).await.unwrap(), 1);
        let three = made(&store, &session(ci, 4, 5)).await.unwrap();
        assert!(store.bots().remove(acme, ci, &audit("bot.removed", 6)).await.unwrap());
        assert_eq!(sessions.find(three.id).await.unwrap(), None);
        assert_eq!(made(&store, &session(ci, 5, 7)).await, None);
        let changed_again = store.organisations().changed_since(NOW).await.unwrap();
        assert!(changed_again.iter().any(|change| change.0 == acme && !now_changed.contains(change)));
    }

    async fn sessions_and_what_is_remembered_of_id_tokens_are_erased_when_both_are_over(database) {
        let store = database.open().await;
        let ci = bot(&store, org(&store, "acme").await, "ci").await;
        let short = NewSession { expires_at: later(10), ..session(ci, 1, 0) };
        let row = made(&store, &short).await.unwrap();
        made(&store, &session(ci, 2, 0)).await.unwrap();
        let swept = async |seconds| store.maintenance().sweep(later(seconds), 100).await.unwrap().sessions;
        assert_eq!(swept(599).await, 0, "the ID token still counts elsewhere");
        assert!(store.ci_sessions().find(row.id).await.unwrap().is_some());
        assert_eq!(swept(600).await, 1);
        assert_eq!(swept(1799).await, 0);
        assert_eq!(swept(1800).await, 1);
    }

    async fn a_bot_s_conditions_count_while_it_does(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "umbrella").await);
        let ci = bot(&store, acme, "ci").await;
        let trusts = store.trusts();
        let (one, two) = (trust("1"), trust("2"));
        assert!(trusts.add(acme, ci, &one, &audit("trust.added", 0)).await.unwrap());
        assert!(trusts.add(acme, ci, &two, &audit("trust.added", 0)).await.unwrap());
        assert!(!trusts.add(other, ci, &trust("3"), &audit("trust.added", 0)).await.unwrap());
        assert_eq!(trusts.of_bot(acme, ci).await.unwrap(), [one.clone(), two]);
        assert_eq!(trusts.of_bot(other, ci).await.unwrap(), []);
        assert!(!trusts.remove(other, ci, one.id, &audit("trust.removed", 0)).await.unwrap());
        assert!(trusts.remove(acme, ci, one.id, &audit("trust.removed", 0)).await.unwrap());
        assert!(!trusts.remove(acme, ci, one.id, &audit("trust.removed", 0)).await.unwrap());
        assert_eq!(trusts.trusted_by(ci).await.unwrap(), ["2"]);
        set_guard(&store, acme, false).await;
        assert!(trusts.trusted_by(ci).await.unwrap().is_empty());
        set_guard(&store, acme, true).await;
        assert!(store.bots().remove(acme, ci, &audit("bot.removed", 0)).await.unwrap());
        assert!(trusts.trusted_by(ci).await.unwrap().is_empty());
        let audited = store.audit().page(acme, &AuditFilter::default(), AuditId(uuid::Uuid::max()), 100).await.unwrap();
        assert_eq!(audited.iter().filter(|row| row.action.starts_with("trust.")).count(), 3);
    }

    async fn of_two_signing_keys_with_one_number_the_first_counts_and_older_ones_get_an_end(database) {
        let store = database.open().await;
        let key = |number: i64, byte: u8| SigningKeyRow {
            number, public_key: [byte; 32], sealed: vec![byte; 60], signs_from: later(number), until: None,
        };
        let keys = store.signing_keys();
        assert!(keys.add(&key(1, 1), later(100)).await.unwrap());
        assert!(!keys.add(&key(1, 2), later(100)).await.unwrap());
        assert!(keys.add(&key(2, 3), later(100)).await.unwrap());
        assert!(keys.add(&key(3, 4), later(200)).await.unwrap());
        let ends = |rows: &[SigningKeyRow]| rows.iter().map(|row| (row.public_key[0], row.until)).collect::<Vec<_>>();
        let all = keys.all().await.unwrap();
        assert_eq!(ends(&all), [(1, Some(later(100))), (3, Some(later(200))), (4, None)]);
        assert_eq!(all[0].sealed, vec![1; 60]);
        assert_eq!(store.maintenance().sweep(later(150), 100).await.unwrap().signing_keys, 1);
        assert_eq!(ends(&keys.all().await.unwrap()), [(3, Some(later(200))), (4, None)]);
    }
}
