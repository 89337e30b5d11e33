//! Organisations of a test, their tokens and their bots, made as the command line makes them.

use sekisho_core::Random;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AuditId, BotId, BotKeyId, OrgId, OrgTokenId, RuleId};
use sekisho_core::org::{Role, UserIdentifier};
use sekisho_core::policy::{Effect, Entry};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{Clock, PackageUrl, Timestamp};
use sekisho_server::console::OwnerCode;
use sekisho_store::{
    AuditFilter, AuditRow, Bot, MemberChange, NewAudit, NewBotKey, NewOrgToken, Organisation, Rule, RuleAdded,
};

use crate::TestApp;

/// A bot with a key.
#[derive(Clone, Debug)]
pub struct TestBot {
    /// Its id.
    pub id: BotId,
    /// The key's id.
    pub key_id: BotKeyId,
    /// What it sends: `<key>:<bot id>`.
    pub credential: String,
}

/// A token of an organisation's.
#[derive(Clone, Debug)]
pub struct OrgToken {
    /// Its id.
    pub id: OrgTokenId,
    /// The token itself.
    pub key: String,
}

impl TestApp {
    /// Makes an organisation for which Guard is enabled.
    pub async fn organisation(&self, name: &str) -> OrgId {
        let id = OrgId::mint(self.clock.now(), &*self.random);
        self.organisation_with_id(id, name).await;
        id
    }

    /// The same with an id that a test's settings name.
    pub async fn organisation_with_id(&self, id: OrgId, name: &str) {
        let new = Organisation::new(id, name, self.clock.now());
        assert!(self.app.store.organisations().create(&new, &self.operated("org.created")).await.unwrap());
    }

    /// Changes an organisation.
    pub async fn change_organisation(&self, id: OrgId, change: impl FnOnce(&mut Organisation)) {
        let mut changes = self.app.store.organisations().begin().await.unwrap();
        let mut organisation = changes.lock(id).await.unwrap().expect("an organisation of the test");
        change(&mut organisation);
        assert!(changes.change(&organisation, &self.operated("org.changed")).await.unwrap());
        changes.commit().await.unwrap();
    }

    /// Gives a person a role.
    pub async fn member(&self, org: OrgId, email: &str, role: Role) {
        let (email, audit) = (EmailAddress::parse(email).unwrap(), self.operated("member.put"));
        let change = self.app.store.organisations().put_member(org, &email, role, &audit).await.unwrap();
        assert_eq!(change, MemberChange::Done);
    }

    /// A code for a first owner, as the server prints it at its start.
    pub async fn owner_code(&self) -> String {
        let code = OwnerCode::mint(self.clock.now(), &*self.random, &self.app.secret);
        code.store(&self.app.store, self.clock.now()).await.unwrap();
        code.code.expose().to_owned()
    }

    /// Makes a bot with a key.
    pub async fn bot(&self, org: OrgId, role: Role) -> TestBot {
        let id = BotId::mint(self.clock.now(), &*self.random);
        let bot = Bot { id, org, name: format!("{role}-{id}"), role, created_at: self.clock.now() };
        assert!(self.app.store.bots().create(&bot, &self.operated("bot.created")).await.unwrap());
        let key = PlainToken::mint(TokenKind::BotKey, &*self.random);
        let key_id = BotKeyId::mint(self.clock.now(), &*self.random);
        let row = NewBotKey::of(key_id, &key);
        assert!(self.app.store.bots().add_key(org, id, &row, &self.operated("bot_key.added"), None).await.unwrap());
        TestBot { id, key_id, credential: format!("{}:{id}", key.expose()) }
    }

    /// Issues a token without asking the API.
    pub async fn org_token(&self, org: OrgId, identifier: &str, expires_at: Option<Timestamp>) -> OrgToken {
        let plain = PlainToken::mint(TokenKind::Organisation, &*self.random);
        let id = OrgTokenId::mint(self.clock.now(), &*self.random);
        let identifier = UserIdentifier::parse(identifier).unwrap();
        let row = NewOrgToken::of(id, &plain, identifier, "operator", expires_at);
        self.app.store.org_tokens().issue(org, &row, &self.operated("token.issued"), None).await.unwrap();
        OrgToken { id, key: plain.expose().to_owned() }
    }

    /// Puts an entry on an organisation's list; the nodes hear of it when they look.
    pub async fn rule(&self, org: OrgId, effect: Effect, purl: &str, expires: Option<Timestamp>) -> RuleId {
        let target = PackageUrl::parse(purl).unwrap();
        let entry = Entry::of_organisation(effect, target, "because of ticket 18", expires).unwrap();
        let (id, now) = (RuleId::mint(self.clock.now(), &*self.random), self.clock.now());
        let rule = Rule { id, entry, made_by: "operator".to_owned(), created_at: now };
        let mut changes = self.app.store.organisations().begin().await.unwrap();
        assert_eq!(changes.add_rule(org, &rule, &self.operated("rule.added")).await.unwrap(), RuleAdded::Done);
        changes.commit().await.unwrap();
        id
    }

    /// Takes it off.
    pub async fn remove_rule(&self, org: OrgId, id: RuleId) {
        let mut changes = self.app.store.organisations().begin().await.unwrap();
        assert!(changes.remove_rule(org, id, &self.operated("rule.removed")).await.unwrap());
        changes.commit().await.unwrap();
    }

    /// An organisation's audit log, newest first.
    pub async fn audit(&self, org: OrgId) -> Vec<AuditRow> {
        let newest = AuditId(uuid::Uuid::max());
        self.app.store.audit().page(org, &AuditFilter::default(), newest, 1000).await.unwrap()
    }

    /// A row of the audit log about something that the operator did.
    pub fn operated(&self, action: &'static str) -> NewAudit {
        NewAudit {
            id: AuditId::mint(self.clock.now(), &*self.random as &dyn Random),
            at: self.clock.now(),
            actor: "operator".to_owned(),
            action,
            subject: "test".to_owned(),
            detail: "{}".to_owned(),
            under: None,
        }
    }
}
