//! What happens to keys, alone and at once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::*;
use sekisho_core::code::{CodeMac, PlainCode};
use sekisho_core::id::CodeId;
use sekisho_core::secret::ServerSecret;
use sekisho_core::{Language, Timestamp};
use sekisho_store::{InvalidCode, LastUse, Message, MessageKind, Minted, NewCode, Store, on_both_engines};

/// Every message that waits.
async fn messages(store: &Store) -> Vec<Message> {
    store.outbox().claim(later(100_000), Duration::ZERO, 100).await.unwrap()
}

/// A code for the account, as it is mailed.
async fn code_for(store: &Store, who: &Person, address: &str, language: Language, now: Timestamp) -> CodeMac {
    let mac = PlainCode::mint(&CHANCE).mac(&email(address), &ServerSecret::new([1; 32]));
    let code = NewCode { id: CodeId::mint(now, &CHANCE), account: who.account, mac, language };
    assert!(store.codes().add(&code, now).await.unwrap());
    mac
}

on_both_engines! {
    async fn an_address_that_has_an_account_gets_no_second_one(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let (plain, token) = new_token();
        let minted = store.keys().mint_for_new_account(&new_account("a@example.com"), &token, later(1)).await.unwrap();
        let Minted::AlreadyKnown(known) = minted else { panic!("a second account") };
        assert_eq!(known.id, a.account);
        assert_eq!(store.tokens().find_by_hash(&plain.hash()).await.unwrap(), None);
    }

    async fn two_registrations_of_one_address_at_once_make_one_account(database) {
        let store = database.open().await;
        let tasks: Vec<_> = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let (_, token) = new_token();
                store.keys().mint_for_new_account(&new_account("a@example.com"), &token, NOW).await.unwrap()
            })
        }).collect();
        let mut made = 0;
        for task in tasks {
            made += i32::from(matches!(task.await.unwrap(), Minted::Token(_)));
        }
        assert_eq!(made, 1);
    }

    async fn a_retry_of_a_mail_whose_outcome_is_unknown_keeps_what_may_have_arrived(database) {
        let store = database.open().await;
        let new = new_account("a@example.com");
        let ((first, one), (second, two)) = (new_token(), new_token());
        let Minted::Token(account) = store.keys().mint_for_new_account(&new, &one, NOW).await.unwrap() else { panic!() };
        let Minted::Token(again) = store.keys().mint_for_new_account(&new, &two, later(60)).await.unwrap() else { panic!() };
        assert_eq!(account, again);
        assert!(counts(&store, &first).await && counts(&store, &second).await);
        // It had arrived: the retry learns that the address is known.
        store.tokens().touch_last_used(&[LastUse { token: one.id, account, at: later(70) }]).await.unwrap();
        let (_, three) = new_token();
        let third = store.keys().mint_for_new_account(&new, &three, later(80)).await.unwrap();
        assert!(matches!(third, Minted::AlreadyKnown(_)));
    }

    async fn a_refused_mail_leaves_no_key_and_no_account(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        assert!(store.keys().drop_unsent_token(a.token.id).await.unwrap());
        assert!(!store.keys().drop_unsent_token(a.token.id).await.unwrap());
        assert_eq!(store.accounts().find(a.account).await.unwrap(), None);
        register(&store, "a@example.com", 1).await;
    }

    async fn a_refused_retry_keeps_the_account_of_the_first_try(database) {
        let store = database.open().await;
        let new = new_account("a@example.com");
        let ((first, one), (_, two)) = (new_token(), new_token());
        store.keys().mint_for_new_account(&new, &one, NOW).await.unwrap();
        store.keys().mint_for_new_account(&new, &two, later(60)).await.unwrap();
        assert!(store.keys().drop_unsent_token(two.id).await.unwrap());
        assert!(counts(&store, &first).await);
        assert!(store.accounts().find(new.id).await.unwrap().is_some());
    }

    async fn a_regenerated_key_replaces_the_presented_one_and_tells_the_owner(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let (plain, token) = new_token();
        let changed = store.keys().regenerate(a.token.id, &token, &notice(), later(5)).await.unwrap().expect("live");
        assert_eq!(changed.revoked.iter().map(|r| r.hash).collect::<Vec<_>>(), [a.plain.hash()]);
        assert!(!counts(&store, &a.plain).await && counts(&store, &plain).await);
        let messages = messages(&store).await;
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].kind, &messages[0].email), (MessageKind::Regenerated, &email("a@example.com")));
        assert_eq!(messages[0].payload, notice().payload);
        assert_eq!(messages[0].base_url, "https://gate.example");
    }

    async fn of_two_regenerations_at_once_exactly_one_wins(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let tasks: Vec<_> = (0..8).map(|_| {
            let (store, presented) = (store.clone(), a.token.id);
            tokio::spawn(async move {
                let (_, token) = new_token();
                store.keys().regenerate(presented, &token, &notice(), later(5)).await.unwrap().is_some()
            })
        }).collect();
        let mut won = 0;
        for task in tasks {
            won += i32::from(task.await.unwrap());
        }
        assert_eq!(won, 1);
        assert_eq!(messages(&store).await.len(), 1, "one message");
        let live = store.tokens().of_account(a.account).await.unwrap();
        assert_eq!(live.iter().filter(|t| t.revoked_at.is_none()).count(), 1);
    }

    async fn with_the_last_key_the_address_goes_and_can_register_anew(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let mac = code_for(&store, &a, "a@example.com", Language::En, NOW).await;
        store.keys().revoke(a.token.id, &notice(), later(5)).await.unwrap().expect("live");
        assert_eq!(store.accounts().find(a.account).await.unwrap().expect("kept").email, None);
        let sent = messages(&store).await;
        assert_eq!((sent[0].kind, &sent[0].email), (MessageKind::Revoked, &email("a@example.com")));
        let again = register(&store, "a@example.com", 6).await;
        assert_ne!(again.account, a.account);
        let (_, token) = new_token();
        let reset = store.keys().reset(&email("a@example.com"), &mac, &token, &notice(), later(7)).await.unwrap();
        assert_eq!(reset, Err(InvalidCode), "a code of the old account opens nothing of the new one");
        assert_eq!(store.keys().revoke(a.token.id, &notice(), later(8)).await.unwrap(), None, "twice");
    }

    async fn while_another_key_lives_the_address_stays(database) {
        let store = database.open().await;
        let new = new_account("a@example.com");
        let ((_, one), (second, two)) = (new_token(), new_token());
        store.keys().mint_for_new_account(&new, &one, NOW).await.unwrap();
        store.keys().mint_for_new_account(&new, &two, NOW).await.unwrap();
        store.keys().revoke(one.id, &notice(), later(5)).await.unwrap().expect("live");
        assert_eq!(store.accounts().find(new.id).await.unwrap().unwrap().email, Some(email("a@example.com")));
        assert!(counts(&store, &second).await);
    }

    async fn a_reset_ends_every_key_and_code_and_takes_over_the_language(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let b = register(&store, "b@example.com", 0).await;
        let address = email("a@example.com");
        let early = code_for(&store, &a, "a@example.com", Language::En, later(1)).await;
        let late = code_for(&store, &a, "a@example.com", Language::Ja, later(2)).await;
        let (plain, token) = new_token();
        let changed = store.keys().reset(&address, &late, &token, &notice(), later(3)).await.unwrap().expect("a good code");
        assert_eq!(changed.revoked.iter().map(|r| r.hash).collect::<Vec<_>>(), [a.plain.hash()]);
        assert!(counts(&store, &plain).await && !counts(&store, &a.plain).await);
        assert!(counts(&store, &b.plain).await, "somebody else's key");
        assert_eq!(store.accounts().find(a.account).await.unwrap().unwrap().language, Language::Ja);
        let sent = messages(&store).await;
        assert_eq!((sent[0].kind, sent[0].language), (MessageKind::Reset, Language::Ja));
        for code in [early, late] {
            let (_, token) = new_token();
            let again = store.keys().reset(&address, &code, &token, &notice(), later(4)).await.unwrap();
            assert_eq!(again, Err(InvalidCode), "one code used ends all");
        }
    }

    async fn an_earlier_code_works_until_one_is_used_and_for_one_hour(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let address = email("a@example.com");
        let early = code_for(&store, &a, "a@example.com", Language::En, later(1)).await;
        let _late = code_for(&store, &a, "a@example.com", Language::En, later(2)).await;
        let (_, token) = new_token();
        let end = store.keys().reset(&address, &early, &token, &notice(), later(3601)).await.unwrap();
        assert_eq!(end, Err(InvalidCode), "after its hour");
        assert!(store.keys().reset(&address, &early, &token, &notice(), later(3600)).await.unwrap().is_ok());
    }

    async fn wrong_codes_and_unknown_addresses_are_told_apart_by_nobody(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let b = register(&store, "b@example.com", 0).await;
        let of_b = code_for(&store, &b, "b@example.com", Language::En, later(1)).await;
        for (address, mac) in [("a@example.com", CodeMac([9; 32])), ("a@example.com", of_b), ("c@example.com", of_b)] {
            let (plain, token) = new_token();
            let reset = store.keys().reset(&email(address), &mac, &token, &notice(), later(2)).await.unwrap();
            assert_eq!(reset, Err(InvalidCode));
            assert!(!counts(&store, &plain).await);
        }
        assert!(counts(&store, &a.plain).await && counts(&store, &b.plain).await);
        assert!(messages(&store).await.is_empty());
    }

    async fn of_two_resets_with_one_code_exactly_one_wins(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let mac = code_for(&store, &a, "a@example.com", Language::En, later(1)).await;
        let tasks: Vec<_> = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let (_, token) = new_token();
                store.keys().reset(&email("a@example.com"), &mac, &token, &notice(), later(2)).await.unwrap().is_ok()
            })
        }).collect();
        let mut won = 0;
        for task in tasks {
            won += i32::from(task.await.unwrap());
        }
        assert_eq!(won, 1);
    }

    async fn a_reset_that_races_a_revocation_never_leaves_a_key_without_an_address(database) {
        let store = database.open().await;
        for round in 0..12 {
            let address = format!("person{round}@example.com");
            let a = register(&store, &address, 0).await;
            let mac = code_for(&store, &a, &address, Language::En, later(1)).await;
            let (plain, token) = new_token();
            let resetting = tokio::spawn({
                let (store, address) = (store.clone(), email(&address));
                async move { store.keys().reset(&address, &mac, &token, &notice(), later(2)).await.unwrap().is_ok() }
            });
            let revoking = tokio::spawn({
                let (store, old) = (store.clone(), a.token.id);
                async move { store.keys().revoke(old, &notice(), later(2)).await.unwrap().is_some() }
            });
            let (reset, revoked) = (resetting.await.unwrap(), revoking.await.unwrap());
            assert!(reset != revoked, "either came first, and the other found nothing to do");
            assert!(!counts(&store, &a.plain).await);
            assert_eq!(counts(&store, &plain).await, reset);
            let kept = store.accounts().find(a.account).await.unwrap().unwrap().email.is_some();
            assert_eq!(kept, reset, "the address stays exactly if a key does");
        }
    }

    async fn a_code_for_an_erased_account_is_not_stored(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        store.accounts().erase(a.account, later(1)).await.unwrap();
        let code = NewCode {
            id: CodeId::mint(NOW, &CHANCE), account: a.account, mac: CodeMac([3; 32]), language: Language::En,
        };
        assert!(!store.codes().add(&code, later(2)).await.unwrap());
    }
}
