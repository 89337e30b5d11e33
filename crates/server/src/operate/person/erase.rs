//! Forgets a person. Rows of the ledger stay, because others rely on them: by an account's id, or under a pseudonym.

use std::time::Duration;

use sekisho_core::base::{BASE62, random_text};
use sekisho_core::email::EmailAddress;
use sekisho_core::org::UserIdentifier;
use sekisho_store::Forgotten;
use serde_json::json;

use super::super::{OperateError, Operator, members};
use super::Person;

/// A running server follows within a second; what it recorded until then is renamed too.
const SERVERS_FOLLOW: Duration = Duration::from_secs(2);

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// The address is gone; organisations that gave tokens to this identifier, by name or id.
    Address {
        /// What stands in its place in audit logs.
        pseudonym: String,
        /// How many rows of audit logs.
        notes: u64,
        /// The account's id stays, if there was one.
        account: Option<String>,
        /// Organisations that know this address as an identifier.
        left_in: Vec<String>,
    },
    /// The identifier is gone from tokens and from the ledger.
    Identifier {
        /// What stands in its place.
        pseudonym: String,
        /// How many tokens.
        tokens: u64,
        /// How many rows of the audit log.
        notes: u64,
        /// How many rows of the ledger.
        rows: u64,
    },
}

impl Operator {
    /// Forgets a person.
    pub async fn erase_person(&self, person: &Person) -> Result<Erased, OperateError> {
        match person {
            Person::Address(email) => self.erase_address(email).await,
            Person::InOrganisation { org, identifier } => self.erase_identifier(org, identifier).await,
        }
    }

    async fn erase_address(&self, email: &EmailAddress) -> Result<Erased, OperateError> {
        let people = self.store.people();
        let pseudonym = self.pseudonym();
        // The audit log says that somebody was erased, and not who.
        let audit = || self.audit("member.erased", &pseudonym, json!({}));
        let (account, notes) = match people.forget(email, &pseudonym, self.now(), audit).await? {
            Forgotten::Done(account, notes) => (account, notes),
            Forgotten::LastOwner(org) => return OperateError::refused(members::last_owner(email, &org)),
        };
        if let Some(account) = account {
            tokio::time::sleep(SERVERS_FOLLOW).await;
            self.store.ledger().forget_addresses(account).await?;
        }
        let account = account.map(|id| id.0.to_string());
        let mut left_in = Vec::new();
        for org in people.orgs_of(email.as_str()).await? {
            if let Some(org) = self.store.organisations().find(org).await? {
                left_in.push(org.name);
            }
        }
        Ok(Erased::Address { pseudonym, notes, account, left_in })
    }

    async fn erase_identifier(&self, org: &str, old: &UserIdentifier) -> Result<Erased, OperateError> {
        let org = self.org(org).await?;
        let pseudonym = self.pseudonym();
        let new = UserIdentifier::parse(&pseudonym).map_err(|error| OperateError::Refused(error.to_string()))?;
        let audit = self.audit("person.erased", &pseudonym, json!({}));
        let (tokens, notes) = self.store.people().forget_identifier(org.id, old, &new, &audit).await?;
        if tokens > 0 {
            tokio::time::sleep(SERVERS_FOLLOW).await;
        }
        let rows = self.store.ledger().rename(org.id, old, &new).await?;
        Ok(Erased::Identifier { pseudonym, tokens, notes, rows })
    }

    fn pseudonym(&self) -> String {
        format!("erased-{}", random_text(BASE62, 16, &*self.random))
    }
}
