//! People, tokens and rows of the ledger, put into a test's database.

use sekisho_core::browser::BrowserSecret;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, AuditId, EntryId, MessageId, OrgId, OrgTokenId, SessionId, TokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{Ecosystem, Language, Timestamp};
use sekisho_store::{
    Entry, Minted, NewAccount, NewAudit, NewConsoleSession, NewOrgToken, NewToken, Outcome, Store, Taker, Trace, Who,
};

use crate::support::*;

/// A person with a key.
pub(crate) async fn person(store: &Store, address: &str) -> (AccountId, TokenId, PlainToken) {
    let new = NewAccount {
        id: AccountId::mint(NOW, &CHANCE),
        email: EmailAddress::parse(address).unwrap(),
        language: Language::En,
        message: MessageId::mint(NOW, &CHANCE),
    };
    let plain = PlainToken::mint(TokenKind::Personal, &CHANCE);
    let token = NewToken::of(TokenId::mint(NOW, &CHANCE), &plain);
    let id = token.id;
    let Minted::Token(account) = store.keys().mint_for_new_account(&new, &token, NOW).await.unwrap() else { panic!() };
    (account, id, plain)
}

/// What the console holds about a person: a session, who he is at an identity provider, and his language.
pub(crate) async fn console(store: &Store, address: &str) {
    let email = EmailAddress::parse(address).unwrap();
    let (issuer, agent, network) = ("https://id.example".to_owned(), "Firefox".to_owned(), "192.0.2.1".to_owned());
    store.identities().link(&issuer, "person-1", Some(&email), NOW).await.unwrap();
    store.sessions().reads(&email, Language::Ja).await.unwrap();
    let (id, hash) = (SessionId::mint(NOW, &CHANCE), BrowserSecret::mint(&CHANCE).hash());
    let ends = Timestamp(NOW.0 + 3_600_000);
    let session = NewConsoleSession { id, hash, email, issuer, agent, network, idle_at: ends, expires_at: ends };
    store.sessions().begin(&session, NOW).await.unwrap();
}

/// A token that an organisation gave to somebody.
pub(crate) async fn org_token(store: &Store, org: OrgId, identifier: &str) -> (OrgTokenId, PlainToken) {
    let identifier = UserIdentifier::parse(identifier).unwrap();
    let plain = PlainToken::mint(TokenKind::Organisation, &CHANCE);
    let detail = serde_json::json!({"user_identifier": identifier.as_str()}).to_string();
    let new = NewOrgToken::of(OrgTokenId::mint(NOW, &CHANCE), &plain, identifier, "operator", None);
    let (id, actor, subject) = (AuditId::mint(NOW, &CHANCE), "operator".into(), new.id.to_string());
    let audit = NewAudit { id, at: NOW, actor, action: "token.issued", subject, detail, under: None };
    store.org_tokens().issue(org, &new, &audit, None).await.unwrap();
    (new.id, plain)
}

/// An answered request that is to be recorded.
pub(crate) fn entry(who: Who) -> (EntryId, Entry) {
    let id = EntryId::mint(NOW, &CHANCE);
    let (client_name, client_version, address) = ("npm".into(), "11".into(), "192.0.2.1".into());
    let (name, version, file) = ("left-pad".into(), "1.0.0".into(), "left-pad-1.0.0.tgz".into());
    let taker = Taker::Token(Trace { id, who, client_name, client_version, address });
    (id, Entry { at: NOW, ecosystem: Ecosystem::Npm, name, version, file, outcome: Outcome::Answered, taker })
}
