//! What is held about a person besides accounts and tokens, and forgetting it.

use std::collections::BTreeSet;

use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, OrgId};
use sekisho_core::org::{Role, UserIdentifier};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, sql};
use crate::error::StoreError;
use crate::orgs::{MemberChange, OrgChanges};
use crate::{accounts, notes, rules, tokens};

statements! {
    LOGINS = "SELECT network, client_name, client_version, state, created_at FROM logins WHERE email = $1 \
              ORDER BY created_at, id";
    MESSAGES = "SELECT kind, language, state, created_at FROM outbox WHERE email = $1 ORDER BY created_at, id";
    ATTEMPTS = "SELECT network, at FROM attempts WHERE email = $1 ORDER BY at, id";
    MEMBERSHIPS = "SELECT o.id, o.name, m.role, m.created_at FROM members m JOIN organisations o ON o.id = m.org_id \
                   WHERE m.email = $1 ORDER BY o.id";
    ORGS_OF = "SELECT DISTINCT org_id FROM org_tokens WHERE identifier = $1";
    SESSIONS = "SELECT issuer, agent, network, created_at, seen_at FROM sessions WHERE email = $1 ORDER BY created_at, id";
    IDENTITIES = "SELECT issuer, subject, created_at FROM identities WHERE email = $1 ORDER BY issuer, subject";
    FORGET_LOGINS = "DELETE FROM logins WHERE email = $1";
    FORGET_MESSAGES = "DELETE FROM outbox WHERE email = $1";
    FORGET_ATTEMPTS = "DELETE FROM attempts WHERE email = $1";
    FORGET_SIGN_INS = "DELETE FROM sign_ins WHERE email = $1";
    FORGET_SESSIONS = "DELETE FROM sessions WHERE email = $1";
    FORGET_IDENTITIES = "DELETE FROM identities WHERE email = $1";
    FORGET_READER = "DELETE FROM readers WHERE email = $1";
    FORGET_IDENTIFIER = "UPDATE org_tokens SET identifier = $3, revoked_at = COALESCE(revoked_at, $4) \
                         WHERE org_id = $1 AND identifier = $2";
}

/// What goes with an address and rests on nothing else.
const FORGET: [&str; 7] = [
    FORGET_LOGINS,
    FORGET_MESSAGES,
    FORGET_ATTEMPTS,
    FORGET_SIGN_INS,
    FORGET_SESSIONS,
    FORGET_IDENTITIES,
    FORGET_READER,
];

/// A login that was started with an address.
#[derive(Clone, Debug)]
pub struct HeldLogin {
    /// The network it came from.
    pub network: String,
    /// The program's name and version.
    pub client: (String, String),
    /// How far it is.
    pub state: String,
    /// When it was started.
    pub created_at: Timestamp,
}

/// A session of the console.
#[derive(Clone, Debug)]
pub struct HeldSession {
    /// The identity provider that said who it is; empty for a mailed code.
    pub issuer: String,
    /// The browser.
    pub agent: String,
    /// The network it came from.
    pub network: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
}

/// A message to an address.
#[derive(Clone, Debug)]
pub struct HeldMessage {
    /// What it is about.
    pub kind: String,
    /// Its language.
    pub language: String,
    /// How far it is.
    pub state: String,
    /// When it was written.
    pub created_at: Timestamp,
}

/// A role in an organisation.
#[derive(Clone, Debug)]
pub struct HeldMembership {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}

/// What came of forgetting an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// It is forgotten; the account's id stays, if there was one. So many rows of audit logs named it.
    Done(Option<AccountId>, u64),
    /// It is the last owner of this organisation: nothing was changed.
    LastOwner(String),
}

/// What is held about people.
pub struct People<'a> {
    pub(crate) db: &'a Db,
}

impl People<'_> {
    /// Logins that were started with an address.
    pub async fn logins(&self, email: &EmailAddress) -> Result<Vec<HeldLogin>, StoreError> {
        let read = |row: &Row| {
            let client = (row.get(1)?, row.get(2)?);
            Ok(HeldLogin { network: row.get(0)?, client, state: row.get(3)?, created_at: row.time(4)? })
        };
        self.db.all(sql(LOGINS).bind(email)).await?.iter().map(read).collect()
    }

    /// Messages to an address, sent ones too as long as they are known.
    pub async fn messages(&self, email: &EmailAddress) -> Result<Vec<HeldMessage>, StoreError> {
        let read = |row: &Row| {
            let (kind, language) = (row.get(0)?, row.get(1)?);
            Ok(HeldMessage { kind, language, state: row.get(2)?, created_at: row.time(3)? })
        };
        self.db.all(sql(MESSAGES).bind(email)).await?.iter().map(read).collect()
    }

    /// Sessions of the console.
    pub async fn sessions(&self, email: &EmailAddress) -> Result<Vec<HeldSession>, StoreError> {
        let read = |row: &Row| {
            let (issuer, agent, network) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(HeldSession { issuer, agent, network, created_at: row.time(3)?, seen_at: row.time(4)? })
        };
        self.db.all(sql(SESSIONS).bind(email)).await?.iter().map(read).collect()
    }

    /// Who somebody is at identity providers: issuer, subject, and since when that is known.
    pub async fn identities(&self, email: &EmailAddress) -> Result<Vec<(String, String, Timestamp)>, StoreError> {
        let read = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.time(2)?));
        self.db.all(sql(IDENTITIES).bind(email)).await?.iter().map(read).collect()
    }

    /// Tries at one-time codes: from which network, and when.
    pub async fn attempts(&self, email: &EmailAddress) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let read = |row: &Row| Ok((row.get(0)?, row.time(1)?));
        self.db.all(sql(ATTEMPTS).bind(email)).await?.iter().map(read).collect()
    }

    /// Roles in organisations.
    pub async fn memberships(&self, email: &EmailAddress) -> Result<Vec<HeldMembership>, StoreError> {
        self.db.all(sql(MEMBERSHIPS).bind(email)).await?.iter().map(read_membership).collect()
    }

    /// Organisations that gave tokens to exactly this identifier.
    pub async fn orgs_of(&self, identifier: &str) -> Result<Vec<OrgId>, StoreError> {
        let rows = self.db.all(sql(ORGS_OF).bind(identifier)).await?;
        rows.iter().map(|row| row.get(0).map(OrgId)).collect()
    }

    /// Forgets an address: its account's tokens are revoked, its logins, messages, tries and roles removed, and `pseudonym`
    /// stands for it in audit logs and as the maker of entries. `audit` makes the row for each organisation that loses a member or whose log named it.
    /// All of it or nothing.
    pub async fn forget(
        &self,
        email: &EmailAddress,
        pseudonym: &str,
        now: Timestamp,
        audit: impl Fn() -> NewAudit,
    ) -> Result<Forgotten, StoreError> {
        let mut changes = OrgChanges { tx: self.db.begin().await? };
        let account = accounts::lock_by_email(&mut changes.tx, email).await?.map(|locked| locked.account.id);
        if let Some(account) = account {
            tokens::revoke_all(&mut changes.tx, account, now).await?;
            accounts::erase_in(&mut changes.tx, account).await?;
        }
        for statement in FORGET {
            changes.tx.run(sql(statement).bind(email)).await?;
        }
        let mut noted = BTreeSet::new();
        for row in changes.tx.all(sql(MEMBERSHIPS).bind(email)).await? {
            let held = read_membership(&row)?;
            if changes.remove_member(held.org, email, &audit()).await? == MemberChange::LastOwner {
                return Ok(Forgotten::LastOwner(held.name));
            }
            noted.insert(held.org);
        }
        rules::rename_maker(&mut changes.tx, email.as_str(), pseudonym, None).await?;
        let named = notes::rename(&mut changes.tx, email.as_str(), pseudonym, None).await?;
        for org in named.iter().copied().filter(|org| noted.insert(*org)) {
            audit::insert(&mut changes.tx, org, &audit()).await?;
        }
        changes.commit().await?;
        Ok(Forgotten::Done(account, named.len() as u64))
    }

    /// Puts another identifier in the place of one, in an organisation's tokens, which are revoked, and in its audit log; how
    /// many tokens and rows there are.
    pub async fn forget_identifier(
        &self,
        org: OrgId,
        old: &UserIdentifier,
        new: &UserIdentifier,
        audit: &NewAudit,
    ) -> Result<(u64, u64), StoreError> {
        let mut tx = self.db.begin().await?;
        let forget = sql(FORGET_IDENTIFIER).bind(org).bind(old.as_str()).bind(new.as_str()).bind(audit.at);
        let changed = tx.run(forget).await?;
        rules::rename_maker(&mut tx, old.as_str(), new.as_str(), Some(org)).await?;
        let named = notes::rename(&mut tx, old.as_str(), new.as_str(), Some(org)).await?;
        audit::insert(&mut tx, org, audit).await?;
        tx.commit().await?;
        Ok((changed, named.len() as u64))
    }
}

fn read_membership(row: &Row) -> Result<HeldMembership, StoreError> {
    let (org, name) = (OrgId(row.get(0)?), row.get(1)?);
    Ok(HeldMembership { org, name, role: row.role(2)?, created_at: row.time(3)? })
}
