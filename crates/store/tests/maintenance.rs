//! What is thrown away, and what stays.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::*;
use sekisho_core::Language;
use sekisho_core::code::CodeMac;
use sekisho_core::id::{AttemptId, CodeId};
use sekisho_store::{LastUse, NewCode, Swept, on_both_engines};

const DAY: i64 = 24 * 3600;

on_both_engines! {
    async fn registrations_whose_key_was_never_used_go_after_thirty_days(database) {
        let store = database.open().await;
        let unused = register(&store, "unused@example.com", 0).await;
        let used = register(&store, "used@example.com", 0).await;
        let young = register(&store, "young@example.com", 60).await;
        store.tokens().touch_last_used(&[LastUse { token: used.token.id, account: used.account, at: later(9) }]).await.unwrap();
        assert!(store.maintenance().sweep(later(30 * DAY - 1), 100).await.unwrap().is_empty());
        let swept = store.maintenance().sweep(later(30 * DAY), 100).await.unwrap();
        assert_eq!(swept, Swept { accounts: 1, ..Swept::default() });
        assert_eq!(store.accounts().find(unused.account).await.unwrap(), None);
        assert_eq!(store.tokens().find_by_hash(&unused.plain.hash()).await.unwrap(), None);
        assert!(counts(&store, &used.plain).await && counts(&store, &young.plain).await);
    }

    async fn an_unused_account_with_a_fresh_code_or_key_stays(database) {
        let store = database.open().await;
        let asked = register(&store, "asked@example.com", 0).await;
        let replaced = register(&store, "replaced@example.com", 0).await;
        let now = later(30 * DAY);
        let code = NewCode {
            id: CodeId::mint(now, &CHANCE), account: asked.account, mac: CodeMac([3; 32]), language: Language::En,
        };
        assert!(store.codes().add(&code, now).await.unwrap());
        let (_, token) = new_token();
        store.keys().regenerate(replaced.token.id, &token, &notice(), now).await.unwrap().expect("live");
        assert_eq!(store.maintenance().sweep(now, 100).await.unwrap().accounts, 0);
        assert_eq!(store.maintenance().sweep(later(30 * DAY + 3601), 100).await.unwrap().accounts, 1, "the code ended");
    }

    async fn revoked_tokens_are_known_for_thirty_days(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        store.tokens().touch_last_used(&[LastUse { token: a.token.id, account: a.account, at: later(9) }]).await.unwrap();
        store.keys().revoke(a.token.id, &notice(), later(10)).await.unwrap().expect("live");
        assert_eq!(store.maintenance().sweep(later(30 * DAY + 9), 100).await.unwrap().tokens, 0);
        assert_eq!(store.maintenance().sweep(later(30 * DAY + 10), 100).await.unwrap().tokens, 1);
        assert!(store.accounts().find(a.account).await.unwrap().is_some(), "the ledger's rows carry its id");
    }

    async fn old_codes_tries_and_messages_go_and_waiting_messages_stay(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        store.tokens().touch_last_used(&[LastUse { token: a.token.id, account: a.account, at: later(9) }]).await.unwrap();
        let code = NewCode {
            id: CodeId::mint(NOW, &CHANCE), account: a.account, mac: CodeMac([3; 32]), language: Language::En,
        };
        store.codes().add(&code, NOW).await.unwrap();
        store.attempts().begin(AttemptId::mint(NOW, &CHANCE), &email("a@example.com"), "192.0.2.1", NOW).await.unwrap();
        store.outbox().enqueue(&registration("a@example.com"), NOW).await.unwrap();
        let message = store.outbox().claim(NOW, Duration::from_secs(60), 1).await.unwrap().remove(0);
        store.outbox().sent(&message, NOW).await.unwrap();
        store.outbox().enqueue(&registration("b@example.com"), NOW).await.unwrap();
        let swept = store.maintenance().sweep(later(2 * DAY), 100).await.unwrap();
        assert_eq!(swept, Swept { codes: 1, attempts: 1, messages: 1, ..Swept::default() });
        assert_eq!(store.outbox().backlog().await.unwrap().waiting, 1);
        assert!(store.maintenance().sweep(later(2 * DAY), 100).await.unwrap().is_empty());
    }

    async fn a_sweep_keeps_to_its_batch(database) {
        let store = database.open().await;
        for n in 0..5 {
            register(&store, &format!("person{n}@example.com"), 0).await;
        }
        let mut batches = Vec::new();
        for _ in 0..4 {
            batches.push(store.maintenance().sweep(later(31 * DAY), 2).await.unwrap().accounts);
        }
        assert_eq!(batches, [2, 2, 1, 0]);
    }
}
