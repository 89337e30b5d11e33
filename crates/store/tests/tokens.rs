//! Accounts and tokens.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::token::TokenHash;
use sekisho_store::{LastUse, on_both_engines};

on_both_engines! {
    async fn a_token_is_found_by_its_hash(database) {
        let store = database.open().await;
        let made = register(&store, "a@example.com", 1).await;
        let row = store.tokens().find_by_hash(&made.plain.hash()).await.unwrap().expect("stored");
        assert_eq!((row.id, row.account), (made.token.id, made.account));
        assert_eq!(row.email, Some(email("a@example.com")));
        assert_eq!(row.hint, made.plain.hint());
        assert_eq!((row.created_at, row.last_used_at, row.revoked_at), (later(1), None, None));
        assert_eq!(store.tokens().find_by_hash(&TokenHash([7; 32])).await.unwrap(), None);
    }

    async fn the_plain_token_is_nowhere_in_the_database(database) {
        let store = database.open().await;
        let made = register(&store, "a@example.com", 1).await;
        store.close().await;
        let Some(dir) = database.dir() else { return };
        for file in std::fs::read_dir(dir).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let secret = &made.plain.expose().as_bytes()[12..];
            assert!(!bytes.windows(secret.len()).any(|w| w == secret));
        }
    }

    async fn uses_are_written_down_and_never_go_back_in_time(database) {
        let store = database.open().await;
        let (a, b) = (register(&store, "a@example.com", 0).await, register(&store, "b@example.com", 0).await);
        let used = |who: &Person, seconds| LastUse { token: who.token.id, account: who.account, at: later(seconds) };
        store.tokens().touch_last_used(&[used(&b, 7), used(&a, 9), used(&a, 5)]).await.unwrap();
        store.tokens().touch_last_used(&[used(&a, 3)]).await.unwrap();
        store.tokens().touch_last_used(&[]).await.unwrap();
        let last = async |who: &Person| store.tokens().find_by_hash(&who.plain.hash()).await.unwrap().unwrap().last_used_at;
        assert_eq!((last(&a).await, last(&b).await), (Some(later(9)), Some(later(7))));
        let first = store.accounts().find(a.account).await.unwrap().unwrap().used_at;
        assert_eq!(first, Some(later(5)), "the first use stays");
    }

    async fn a_use_of_a_token_that_has_gone_is_no_error(database) {
        let store = database.open().await;
        let (_, gone) = new_token();
        let account = new_account("a@example.com").id;
        let uses = [LastUse { token: gone.id, account, at: NOW }];
        store.tokens().touch_last_used(&uses).await.unwrap();
    }

    async fn uses_and_erasures_at_once_never_wait_in_a_circle(database) {
        let store = database.open().await;
        let (a, b) = (register(&store, "a@example.com", 0).await, register(&store, "b@example.com", 0).await);
        let tasks: Vec<_> = (0..40).map(|round| {
            let store = store.clone();
            let mut uses = vec![
                LastUse { token: a.token.id, account: a.account, at: later(round) },
                LastUse { token: b.token.id, account: b.account, at: later(round) },
            ];
            if round % 2 == 0 { uses.reverse() }
            let account = if round % 4 < 2 { a.account } else { b.account };
            tokio::spawn(async move {
                store.tokens().touch_last_used(&uses).await.unwrap();
                if round == 20 {
                    store.accounts().erase(account, later(round)).await.unwrap();
                }
            })
        }).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    async fn revocations_are_listed_by_time(database) {
        let store = database.open().await;
        let (a, b) = (register(&store, "a@example.com", 0).await, register(&store, "b@example.com", 0).await);
        let since = async |seconds| store.revocations().since(later(seconds)).await.unwrap();
        assert_eq!(since(0).await, []);
        store.keys().revoke(a.token.id, &notice(), later(10)).await.unwrap().expect("live");
        store.keys().revoke(b.token.id, &notice(), later(20)).await.unwrap().expect("live");
        assert_eq!(since(10).await.len(), 2);
        assert_eq!(since(11).await, [(b.plain.hash(), later(20))]);
        assert_eq!(since(21).await, []);
    }

    async fn a_revoked_hash_still_answers_that_it_is_revoked(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        store.keys().revoke(a.token.id, &notice(), later(10)).await.unwrap().expect("live");
        let row = store.tokens().find_by_hash(&a.plain.hash()).await.unwrap().expect("still there");
        assert_eq!((row.revoked_at, row.email), (Some(later(10)), None));
    }

    async fn an_erased_account_keeps_its_id_and_nothing_else(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let revoked = store.accounts().erase(a.account, later(5)).await.unwrap().expect("there");
        assert_eq!(revoked.iter().map(|r| r.hash).collect::<Vec<_>>(), [a.plain.hash()]);
        assert_eq!(store.accounts().find(a.account).await.unwrap().expect("kept").email, None);
        assert_eq!(store.accounts().find_by_email(&email("a@example.com")).await.unwrap(), None);
        assert!(!counts(&store, &a.plain).await);
        let again = register(&store, "a@example.com", 6).await;
        assert_ne!(again.account, a.account);
        assert_eq!(store.accounts().erase(new_account("b@example.com").id, NOW).await.unwrap(), None);
    }

    async fn an_account_lists_its_tokens_oldest_first(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let (_, second) = new_token();
        store.keys().regenerate(a.token.id, &second, &notice(), later(5)).await.unwrap().expect("live");
        let ids: Vec<_> = store.tokens().of_account(a.account).await.unwrap().iter().map(|t| t.id).collect();
        assert_eq!(ids, [a.token.id, second.id]);
    }
}
