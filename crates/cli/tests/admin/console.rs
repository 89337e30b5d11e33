//! Signing people of the console out.

use std::time::Duration;

use sekisho_core::browser::BrowserSecret;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::SessionId;
use sekisho_store::{Linked, NewConsoleSession, Store, on_both_engines};

use crate::support::*;

const ISSUER: &str = "https://idp.example";

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

async fn begin(store: &Store, address: &str) {
    let end = NOW.plus(Duration::from_secs(3600));
    let session = NewConsoleSession {
        id: SessionId::mint(NOW, &CHANCE),
        hash: BrowserSecret::mint(&CHANCE).hash(),
        email: email(address),
        issuer: String::new(),
        agent: String::new(),
        network: String::new(),
        idle_at: end,
        expires_at: end,
    };
    store.sessions().begin(&session, NOW).await.unwrap();
}

async fn count(store: &Store, address: &str) -> usize {
    store.sessions().of(&email(address), NOW).await.unwrap().len()
}

async fn link(store: &Store, subject: &str) -> Linked {
    store.identities().link(ISSUER, subject, Some(&email("me@example.com")), NOW).await.unwrap()
}

on_both_engines! {
    async fn somebody_is_signed_out_everywhere_and_nobody_else_is(database) {
        let program = Program::over(database).await;
        with_store(database, async |store| {
            for address in ["me@example.com", "me@example.com", "you@example.com"] {
                begin(store, address).await;
            }
        }).await;
        let said = program.admin("sign-out Me@example.com");
        assert_eq!((said.code, said.err.as_str()), (0, "2 sessions of me@example.com ended.\n"));
        with_store(database, async |store| {
            assert_eq!((count(store, "me@example.com").await, count(store, "you@example.com").await), (0, 1));
        }).await;
        assert_eq!(program.admin("sign-out me@example.com").err, "0 sessions of me@example.com ended.\n");
        assert_eq!(program.admin("sign-out you@example.com").err, "1 session of you@example.com ended.\n");
        assert!(program.fails(2, "sign-out nobody").contains("nobody"));
    }

    async fn an_address_passes_to_another_person_only_once_its_identity_is_forgotten(database) {
        let program = Program::over(database).await;
        let to_me = Linked::To(email("me@example.com"));
        with_store(database, async |store| assert_eq!(link(store, "old").await, to_me)).await;
        assert_eq!(program.admin("sign-out me@example.com").code, 0);
        with_store(database, async |store| assert_eq!(link(store, "new").await, Linked::Taken)).await;
        assert_eq!(program.admin("sign-out me@example.com --forget-identity").code, 0);
        with_store(database, async |store| {
            assert_eq!(link(store, "new").await, to_me);
            assert_eq!(link(store, "old").await, Linked::Taken, "the one before is a stranger now");
        }).await;
    }
}
