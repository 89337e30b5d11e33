//! What people do on their own pages: it counts while their session does, and only for what is theirs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::Language;
use sekisho_core::browser::BrowserSecret;
use sekisho_core::id::{AccountId, AuditId, OrgId, OrgTokenId, SessionId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{
    Added, Authority, MOST_KEYS, MessageKind, NewAudit, NewConsoleSession, NewOrgToken, NewRepeat, NoLonger, OneMore,
    Organisation, Rotated, Store, StoreError, on_both_engines,
};

/// A session of this address.
async fn session(store: &Store, address: &str) -> SessionId {
    let new = NewConsoleSession {
        id: SessionId::mint(NOW, &CHANCE),
        hash: BrowserSecret::mint(&CHANCE).hash(),
        email: email(address),
        issuer: String::new(),
        agent: "Firefox, Linux".into(),
        network: "192.0.2.1".into(),
        idle_at: later(3600),
        expires_at: later(7200),
    };
    store.sessions().begin(&new, NOW).await.unwrap();
    new.id
}

fn audit(action: &'static str, under: Option<Authority>) -> NewAudit {
    let id = AuditId::mint(NOW, &CHANCE);
    NewAudit {
        id,
        at: later(9),
        actor: "me@acme.example".into(),
        action,
        subject: "x".into(),
        detail: "{}".into(),
        under,
    }
}

/// An organisation with one token of this identifier.
async fn token(store: &Store, org: OrgId, identifier: &str) -> OrgTokenId {
    let (_, new) = org_token(identifier);
    store.org_tokens().issue(org, &new, &audit("token.issued", None), None).await.unwrap();
    new.id
}

fn org_token(identifier: &str) -> (PlainToken, NewOrgToken) {
    let plain = PlainToken::mint(TokenKind::Organisation, &CHANCE);
    let identifier = UserIdentifier::parse(identifier).unwrap();
    let new = NewOrgToken::of(OrgTokenId::mint(NOW, &CHANCE), &plain, identifier, "operator", None);
    (plain, new)
}

async fn org(store: &Store, name: &str, self_rotate: bool) -> OrgId {
    let id = OrgId::mint(NOW, &CHANCE);
    let new = Organisation { self_rotate, ..Organisation::new(id, name, NOW) };
    assert!(store.organisations().create(&new, &audit("org.created", None)).await.unwrap());
    id
}

fn once(number: u8) -> NewRepeat {
    NewRepeat { scope: [number; 32], request: [number; 32], sealed: Vec::new() }
}

fn no_longer(error: &StoreError) -> NoLonger {
    match error {
        StoreError::NoLonger(why) => *why,
        other => panic!("{other:?}"),
    }
}

/// One more key by a form with this mark.
async fn add(
    store: &Store,
    session: SessionId,
    address: &str,
    may_register: bool,
    mark: u8,
) -> Result<Added, StoreError> {
    let (_, token) = new_token();
    let (email, notice, once) = (email(address), notice(), once(mark));
    let account = may_register.then(|| AccountId::mint(NOW, &CHANCE));
    let new = OneMore {
        session,
        email: &email,
        account,
        language: Language::Ja,
        token: &token,
        notice: &notice,
        once: &once,
    };
    store.keys().add(&new, later(5)).await
}

on_both_engines! {
    async fn a_key_is_changed_in_a_session_of_its_owner_s_that_runs_and_in_no_other(database) {
        let store = database.open().await;
        let me = register(&store, "me@example.com", 0).await;
        register(&store, "you@example.com", 0).await;
        let (mine, theirs) = (session(&store, "me@example.com").await, session(&store, "you@example.com").await);
        let ended = session(&store, "me@example.com").await;
        assert!(store.sessions().end(&email("me@example.com"), ended).await.unwrap());
        let (_, new) = new_token();
        for wrong in [theirs, ended] {
            let error = store.keys().regenerate_in(wrong, me.token.id, &new, &notice(), later(5)).await.unwrap_err();
            assert_eq!(no_longer(&error), NoLonger::Credential);
            let error = store.keys().revoke_in(wrong, me.token.id, &notice(), later(5)).await.unwrap_err();
            assert_eq!(no_longer(&error), NoLonger::Credential);
            let error = add(&store, wrong, "me@example.com", true, 1).await.unwrap_err();
            assert_eq!(no_longer(&error), NoLonger::Credential);
        }
        assert_eq!(store.tokens().find_by_hash(&me.plain.hash()).await.unwrap().unwrap().revoked_at, None);
        let changed = store.keys().regenerate_in(mine, me.token.id, &new, &notice(), later(5)).await.unwrap().unwrap();
        assert_eq!(changed.revoked[0].hash, me.plain.hash());
        assert_eq!(store.keys().regenerate_in(mine, me.token.id, &new, &notice(), later(6)).await.unwrap(), None, "twice");
        assert!(store.keys().revoke_in(mine, new.id, &notice(), later(7)).await.unwrap().is_some());
        assert_eq!(store.accounts().find_by_email(&email("me@example.com")).await.unwrap(), None, "it was the last one");
    }

    async fn one_more_key_is_made_once_for_a_form_and_an_account_only_where_it_may_be(database) {
        let store = database.open().await;
        let me = session(&store, "me@example.com").await;
        assert_eq!(add(&store, me, "me@example.com", false, 1).await.unwrap(), Added::Closed);
        assert_eq!(store.accounts().find_by_email(&email("me@example.com")).await.unwrap(), None);
        assert_eq!(add(&store, me, "me@example.com", true, 1).await.unwrap(), Added::Token);
        assert_eq!(add(&store, me, "me@example.com", true, 1).await.unwrap(), Added::Repeated);
        let account = store.accounts().find_by_email(&email("me@example.com")).await.unwrap().unwrap();
        assert_eq!(account.language, Language::Ja);
        assert_eq!(add(&store, me, "me@example.com", false, 2).await.unwrap(), Added::Token, "the account is there");
        assert_eq!(store.tokens().of_account(account.id).await.unwrap().len(), 2);
        let mails = store.outbox().claim(later(100), std::time::Duration::ZERO, 100).await.unwrap();
        assert_eq!(mails.iter().map(|mail| mail.kind).collect::<Vec<_>>(), [MessageKind::Added; 2]);
        for mark in 3..=MOST_KEYS {
            assert_eq!(add(&store, me, "me@example.com", false, u8::try_from(mark).unwrap()).await.unwrap(), Added::Token);
        }
        assert_eq!(add(&store, me, "me@example.com", false, 255).await.unwrap(), Added::Enough);
    }

    async fn of_two_equal_forms_at_once_one_makes_a_key(database) {
        let store = database.open().await;
        let me = session(&store, "me@example.com").await;
        let tasks: Vec<_> = (0..6).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { add(&store, me, "me@example.com", true, 1).await.unwrap() })
        }).collect();
        let mut made = 0;
        for task in tasks {
            made += i32::from(task.await.unwrap() == Added::Token);
        }
        assert_eq!(made, 1);
    }

    async fn tokens_that_carry_an_address_are_found_in_every_organisation_and_by_every_letter(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme", true).await, org(&store, "other", false).await);
        let (one, two) = (token(&store, acme, "me@acme.example").await, token(&store, other, "me@acme.example").await);
        for not_mine in ["Me@acme.example", "me@acme.example.evil", "me@acme.exampl", "you@acme.example"] {
            token(&store, acme, not_mine).await;
        }
        let dead = token(&store, acme, "me@acme.example").await;
        store.org_tokens().revoke(acme, dead, &audit("token.revoked", None)).await.unwrap().unwrap();
        let found = store.org_tokens().carrying("me@acme.example", None, 100).await.unwrap();
        let mut found: Vec<_> = found.iter().map(|t| (t.row.id, t.org_name.as_str(), t.self_rotate)).collect();
        found.sort_by_key(|(_, name, _)| *name);
        assert_eq!(found, [(one, "acme", true), (two, "other", false)]);
    }

    async fn who_is_signed_in_may_end_and_where_it_is_allowed_rotate_what_carries_his_address(database) {
        let store = database.open().await;
        let (acme, strict) = (org(&store, "acme", true).await, org(&store, "strict", false).await);
        let me = session(&store, "me@acme.example").await;
        let you = session(&store, "you@acme.example").await;
        let (mine, spelled) = (token(&store, acme, "me@acme.example").await, token(&store, acme, "Me@acme.example").await);
        let own = |session, token, rotates| Some(Authority::Bearer { session, token, rotates });
        let revoke = async |org, token, under| {
            store.org_tokens().revoke(org, token, &audit("token.revoked", under)).await
        };
        let rotate = async |org, token, under| {
            let (_, new) = org_token("me@acme.example");
            store.org_tokens().rotate(org, token, &new, None, &audit("token.rotated", under), None).await
        };
        for (org, token, under) in [
            (acme, mine, own(you, mine, false)),
            (acme, spelled, own(me, spelled, false)),
            (strict, mine, own(me, mine, false)),
        ] {
            assert_eq!(no_longer(&revoke(org, token, under).await.unwrap_err()), NoLonger::Credential);
        }
        let fixed = token(&store, strict, "me@acme.example").await;
        assert_eq!(no_longer(&rotate(strict, fixed, own(me, fixed, true)).await.unwrap_err()), NoLonger::SelfRotation);
        assert!(revoke(strict, fixed, own(me, fixed, false)).await.unwrap().is_some(), "ended by oneself all the same");

        assert!(matches!(rotate(acme, mine, own(me, mine, true)).await.unwrap(), Rotated::Done { .. }));
        let fresh = store.org_tokens().carrying("me@acme.example", None, 100).await.unwrap()[0].row.id;
        let mut changes = store.organisations().begin().await.unwrap();
        let mut off = changes.lock(acme).await.unwrap().unwrap();
        off.guard = false;
        assert!(changes.change(&off, &audit("org.changed", None)).await.unwrap());
        changes.commit().await.unwrap();
        assert_eq!(no_longer(&rotate(acme, fresh, own(me, fresh, true)).await.unwrap_err()), NoLonger::Guard);
        assert!(store.sessions().end(&email("me@acme.example"), me).await.unwrap());
        assert_eq!(no_longer(&revoke(acme, fresh, own(me, fresh, false)).await.unwrap_err()), NoLonger::Credential);
        assert_eq!(store.org_tokens().find(acme, fresh).await.unwrap().unwrap().revoked_at, None);
    }

    async fn the_language_somebody_reads_is_also_that_of_mails_about_his_keys(database) {
        let store = database.open().await;
        let me = register(&store, "me@example.com", 0).await;
        store.sessions().reads(&email("me@example.com"), Language::Ja).await.unwrap();
        assert_eq!(store.accounts().find(me.account).await.unwrap().unwrap().language, Language::Ja);
        assert_eq!(store.sessions().language_of(&email("me@example.com")).await.unwrap(), Some(Language::Ja));
    }
}
