//! Signing in to the console: what comes twice at once counts once, and sessions end.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::browser::BrowserSecret;
use sekisho_core::code::CodeMac;
use sekisho_core::id::{CodeId, MessageId, OrgId, SessionId, SignInId};
use sekisho_core::{Language, Timestamp};
use sekisho_store::{
    Confirmed, FirstOwner, Linked, MessageKind, NewConsoleSession, NewMessage, NewSignIn, OWNER_CODE_LIFETIME,
    SIGN_IN_LIFETIME, Store, on_both_engines,
};

const RIGHT: CodeMac = CodeMac([1; 32]);
const WRONG: CodeMac = CodeMac([2; 32]);

/// A session that ends after an hour of nothing, and after a day.
fn session(address: &str) -> (BrowserSecret, NewConsoleSession) {
    let secret = BrowserSecret::mint(&CHANCE);
    let session = NewConsoleSession {
        id: SessionId::mint(NOW, &CHANCE),
        hash: secret.hash(),
        email: email(address),
        issuer: String::new(),
        agent: "Firefox, Linux".to_owned(),
        network: "192.0.2.1".to_owned(),
        idle_at: later(3600),
        expires_at: later(86_400),
    };
    (secret, session)
}

/// A sign-in whose code is on its way.
async fn asked(store: &Store, address: &str) -> SignInId {
    let (id, browser) = (SignInId::mint(NOW, &CHANCE), BrowserSecret::mint(&CHANCE).hash());
    let new = NewSignIn { id, browser, email: email(address), language: Language::En };
    let message = MessageId::mint(NOW, &CHANCE);
    let message = NewMessage { id: message, kind: MessageKind::SignInCode, ..registration(address) };
    store.sign_ins().begin(&new, &message, NOW).await.unwrap();
    assert!(store.sign_ins().add_code(CodeId::mint(NOW, &CHANCE), id, &email(address), &RIGHT, NOW).await.unwrap());
    id
}

async fn sessions(store: &Store, address: &str, at: Timestamp) -> usize {
    store.sessions().of(&email(address), at).await.unwrap().len()
}

on_both_engines! {
    async fn a_right_code_that_comes_twice_at_once_makes_one_session(database) {
        let store = database.open().await;
        for round in 0..10 {
            let address = format!("me{round}@example.com");
            let id = asked(&store, &address).await;
            let ((_, one), (_, two)) = (session(&address), session(&address));
            let sign_ins = store.sign_ins();
            let both = tokio::join!(sign_ins.confirm(id, Some(&RIGHT), &one, NOW), sign_ins.confirm(id, Some(&RIGHT), &two, NOW));
            let mut both = [both.0.unwrap(), both.1.unwrap()];
            both.sort_by_key(|confirmed| *confirmed != Confirmed::SignedIn);
            assert_eq!(both, [Confirmed::SignedIn, Confirmed::Over]);
            assert_eq!(sessions(&store, &address, NOW).await, 1);
        }
    }

    async fn of_guesses_that_come_at_once_no_more_than_five_are_looked_at(database) {
        let store = database.open().await;
        let id = asked(&store, "me@example.com").await;
        let guesses: Vec<_> = (0..12).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store.sign_ins().confirm(id, Some(&WRONG), &session("me@example.com").1, NOW).await.unwrap()
            })
        }).collect();
        let mut left = Vec::new();
        for guess in guesses {
            if let Confirmed::Wrong(tries) = guess.await.unwrap() {
                left.push(tries);
            }
        }
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 3, 4]);
        let late = store.sign_ins().confirm(id, Some(&RIGHT), &session("me@example.com").1, NOW).await.unwrap();
        assert_eq!((late, sessions(&store, "me@example.com", NOW).await), (Confirmed::Over, 0));
    }

    async fn a_sign_in_is_over_after_its_time(database) {
        let store = database.open().await;
        let id = asked(&store, "me@example.com").await;
        let confirm = async |at| store.sign_ins().confirm(id, Some(&RIGHT), &session("me@example.com").1, at).await.unwrap();
        assert_eq!(confirm(NOW.plus(SIGN_IN_LIFETIME)).await, Confirmed::Over);
        assert_eq!(confirm(Timestamp(NOW.plus(SIGN_IN_LIFETIME).0 - 1)).await, Confirmed::SignedIn);
    }

    async fn an_owner_s_code_that_comes_twice_at_once_counts_once(database) {
        let store = database.open().await;
        for round in 0..10_u8 {
            let mac = CodeMac([round; 32]);
            store.owner_codes().add(CodeId::mint(NOW, &CHANCE), &mac, NOW).await.unwrap();
            let org = |name: &str| new_org(OrgId::mint(NOW, &CHANCE), &format!("{name} {round}"));
            let (one, two) = (org("one"), org("two"));
            let use_up = async |org| {
                let (made, added) = (audit("org.created", 0), audit("member.added", 0));
                store.owner_codes().use_up(&mac, org, &session("me@example.com").1, &made, &added).await.unwrap()
            };
            let (first, second) = tokio::join!(use_up(&one), use_up(&two));
            let mut both = [first, second];
            both.sort_by_key(|came| *came != FirstOwner::Made);
            assert_eq!(both, [FirstOwner::Made, FirstOwner::WrongCode]);
            let there = usize::from(round) + 1;
            assert_eq!(store.organisations().all().await.unwrap().len(), there);
            assert_eq!(sessions(&store, "me@example.com", NOW).await, there);
        }
    }

    async fn an_owner_s_code_counts_to_its_last_moment(database) {
        let store = database.open().await;
        store.owner_codes().add(CodeId::mint(NOW, &CHANCE), &RIGHT, NOW).await.unwrap();
        let end = NOW.plus(OWNER_CODE_LIFETIME);
        assert!(store.owner_codes().counts(&RIGHT, Timestamp(end.0 - 1)).await.unwrap());
        assert!(!store.owner_codes().counts(&RIGHT, end).await.unwrap());
        assert!(!store.owner_codes().counts(&WRONG, NOW).await.unwrap());
    }

    async fn of_two_persons_who_come_with_one_address_at_once_one_gets_it(database) {
        let store = database.open().await;
        for round in 0..10 {
            let address = email(&format!("me{round}@example.com"));
            let subjects = [format!("a{round}"), format!("b{round}")];
            let link = async |subject: &str| {
                store.identities().link("https://idp.example", subject, Some(&address), NOW).await.unwrap()
            };
            let (one, two) = tokio::join!(link(&subjects[0]), link(&subjects[1]));
            let winner = usize::from(one == Linked::Taken);
            assert_eq!([&one, &two][winner], &Linked::To(address.clone()));
            assert_eq!([&one, &two][1 - winner], &Linked::Taken);
            assert_eq!(link(&subjects[winner]).await, Linked::To(address.clone()), "the same one again");
            assert_eq!(link(&subjects[1 - winner]).await, Linked::Taken);
        }
    }

    async fn a_session_ends_when_it_idles_and_in_any_case_at_its_end(database) {
        let store = database.open().await;
        let (secret, new) = session("me@example.com");
        store.sessions().begin(&new, NOW).await.unwrap();
        let there = async |at| store.sessions().find(&secret.hash(), at).await.unwrap().is_some();
        assert!(there(later(3599)).await && !there(later(3600)).await, "it idled");
        assert_eq!((sessions(&store, "me@example.com", later(3599)).await, sessions(&store, "me@example.com", later(3600)).await), (1, 0));
        store.sessions().touch(new.id, later(3000), later(100_000)).await.unwrap();
        assert!(there(later(3600)).await, "it was used");
        store.sessions().touch(new.id, later(2000), later(2001)).await.unwrap();
        assert!(there(later(3600)).await, "an earlier use that is written later ends nothing");
        assert!(there(later(86_399)).await && !there(later(86_400)).await, "its day is over, used or not");
    }
}
