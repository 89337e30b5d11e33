//! What the tests of this crate share: seeded chance, and people with keys.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::atomic::{AtomicU64, Ordering};

use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, AuditId, MessageId, OrgId, TokenId};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{Language, Random, Timestamp};
use sekisho_store::{MessageKind, Minted, NewAccount, NewAudit, NewMessage, NewToken, Notice, Organisation, Store};

/// When the tests happen.
pub(crate) const NOW: Timestamp = Timestamp(1_795_424_400_000);

/// Different bytes at each call, the same in each run.
pub(crate) struct Seeded(AtomicU64);

pub(crate) static CHANCE: Seeded = Seeded(AtomicU64::new(1));

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let bytes = (x ^ (x >> 31)).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

/// The moment so many seconds after [`NOW`].
pub(crate) fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

/// A person with a key.
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) plain: PlainToken,
    pub(crate) token: NewToken,
}

pub(crate) fn new_token() -> (PlainToken, NewToken) {
    let plain = PlainToken::mint(TokenKind::Personal, &CHANCE);
    let token = NewToken::of(TokenId::mint(NOW, &CHANCE), &plain);
    (plain, token)
}

pub(crate) fn new_account(address: &str) -> NewAccount {
    NewAccount {
        id: AccountId::mint(NOW, &CHANCE),
        email: email(address),
        language: Language::En,
        message: MessageId::mint(NOW, &CHANCE),
    }
}

pub(crate) fn notice() -> Notice {
    Notice {
        id: MessageId::mint(NOW, &CHANCE),
        base_url: "https://gate.example".to_owned(),
        payload: r#"{"hint":"tg_anon_Ab3d…"}"#.to_owned(),
    }
}

pub(crate) fn registration(address: &str) -> NewMessage {
    NewMessage {
        id: MessageId::mint(NOW, &CHANCE),
        kind: MessageKind::Registration,
        email: email(address),
        language: Language::En,
        base_url: "https://gate.example".to_owned(),
        payload: "{}".to_owned(),
    }
}

/// An account with its first key, made so many seconds after [`NOW`].
pub(crate) async fn register(store: &Store, address: &str, seconds: i64) -> Person {
    let (plain, token) = new_token();
    let minted = store.keys().mint_for_new_account(&new_account(address), &token, later(seconds)).await.unwrap();
    let Minted::Token(account) = minted else { panic!("{address} had an account") };
    Person { account, plain, token }
}

/// Whether a token counts.
pub(crate) async fn counts(store: &Store, token: &PlainToken) -> bool {
    let row = store.tokens().find_by_hash(&token.hash()).await.unwrap();
    row.is_some_and(|row| row.revoked_at.is_none())
}

pub(crate) fn audit(action: &'static str, seconds: i64) -> NewAudit {
    let at = later(seconds);
    let id = AuditId::mint(at, &CHANCE);
    NewAudit { id, at, actor: "operator".into(), action, subject: "x".into(), detail: "{}".into(), under: None }
}

pub(crate) fn new_org(id: OrgId, name: &str) -> Organisation {
    Organisation::new(id, name, NOW)
}

/// An organisation with Guard enabled.
pub(crate) async fn org(store: &Store, name: &str) -> OrgId {
    let id = OrgId::mint(NOW, &CHANCE);
    assert!(store.organisations().create(&new_org(id, name), &audit("org.created", 0)).await.unwrap());
    id
}
