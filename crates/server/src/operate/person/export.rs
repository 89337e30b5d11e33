//! Everything that is held about a person, as JSON, a line each.

use std::collections::BTreeSet;

use sekisho_core::email::EmailAddress;
use sekisho_core::id::OrgId;
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_store::{LedgerRow, OrgTokenPage, PersonRows, Who};
use serde_json::{Value, json};

use super::super::{OperateError, Operator};
use super::Person;

/// Tokens that are read at once.
const PAGE: u32 = 500;

impl Operator {
    /// Hands everything that is held about a person to `line`, object by object; how many there are.
    pub async fn export_person(&self, person: &Person, line: &mut impl FnMut(Value)) -> Result<u64, OperateError> {
        let mut count = 0;
        let mut counted = |value| {
            count += 1;
            line(value);
        };
        self.note_export(person).await?;
        match person {
            Person::Address(email) => self.export_address(email, &mut counted).await?,
            Person::InOrganisation { org, identifier } => {
                let org = self.org(org).await?.id;
                self.export_tokens(org, identifier, &mut counted).await?;
                self.export_rows(&PersonRows::Identifier(org, identifier.clone()), &mut counted).await?;
                self.export_notes(identifier.as_str(), Some(org), &mut counted).await?;
            }
        }
        Ok(count)
    }

    /// Says in the audit log of each organisation that holds something about the person that it is shown. Written first, so
    /// that an export which is broken off is noted too; where nothing is held, the name does not come in by this.
    async fn note_export(&self, person: &Person) -> Result<(), OperateError> {
        let (people, mut holders) = (self.store.people(), BTreeSet::new());
        let (name, only) = match person {
            Person::Address(email) => {
                holders.extend(people.memberships(email).await?.iter().map(|held| held.org));
                (email.as_str(), None)
            }
            Person::InOrganisation { org, identifier } => (identifier.as_str(), Some(self.org(org).await?.id)),
        };
        holders.extend(people.orgs_of(name).await?);
        holders.extend(people.rules_by(name).await?.iter().map(|rule| rule.org));
        holders.extend(people.noted(name).await?.iter().map(|note| note.org));
        for org in holders.into_iter().filter(|org| only.is_none_or(|only| only == *org)) {
            // As the subject, where an erasure finds the name.
            self.store.audit().note(org, &self.audit("person.exported", name, json!({}))).await?;
        }
        Ok(())
    }

    async fn export_address(&self, email: &EmailAddress, line: &mut impl FnMut(Value)) -> Result<(), OperateError> {
        let people = self.store.people();
        let account = self.store.accounts().find_by_email(email).await?;
        if let Some(account) = &account {
            line(json!({
                "kind": "account", "id": account.id.0.to_string(), "email": email.as_str(),
                "language": account.language.as_str(), "created_at": account.created_at.to_string(),
                "used_at": account.used_at.map(|at| at.to_string()),
            }));
            for token in self.store.tokens().of_account(account.id).await? {
                line(json!({
                    "kind": "token", "id": token.id.0.to_string(), "prefix": token.hint,
                    "created_at": token.created_at.to_string(),
                    "last_used_at": token.last_used_at.map(|at| at.to_string()),
                    "revoked_at": token.revoked_at.map(|at| at.to_string()),
                }));
            }
        }
        for login in people.logins(email).await? {
            line(json!({
                "kind": "login", "network": login.network, "client_name": login.client.0,
                "client_version": login.client.1, "state": login.state, "created_at": login.created_at.to_string(),
            }));
        }
        for message in people.messages(email).await? {
            line(json!({
                "kind": "message", "about": message.kind, "language": message.language, "state": message.state,
                "created_at": message.created_at.to_string(),
            }));
        }
        for held in people.sessions(email).await? {
            line(json!({
                "kind": "console_session", "issuer": held.issuer, "browser": held.agent, "network": held.network,
                "created_at": held.created_at.to_string(), "seen_at": held.seen_at.to_string(),
            }));
        }
        for (issuer, subject, at) in people.identities(email).await? {
            line(json!({"kind": "identity", "issuer": issuer, "subject": subject, "created_at": at.to_string()}));
        }
        if let Some(language) = self.store.sessions().language_of(email).await? {
            line(json!({"kind": "console_language", "language": language.as_str()}));
        }
        for (network, at) in people.attempts(email).await? {
            line(json!({"kind": "code_attempt", "network": network, "at": at.to_string()}));
        }
        for held in people.memberships(email).await? {
            line(json!({
                "kind": "membership", "organisation": held.org.to_string(), "name": held.name,
                "role": held.role.as_str(), "created_at": held.created_at.to_string(),
            }));
        }
        if let Ok(identifier) = UserIdentifier::parse(email.as_str()) {
            for org in people.orgs_of(email.as_str()).await? {
                self.export_tokens(org, &identifier, line).await?;
                self.export_rows(&PersonRows::Identifier(org, identifier.clone()), line).await?;
            }
        }
        if let Some(account) = account {
            self.export_rows(&PersonRows::Account(account.id), line).await?;
        }
        self.export_notes(email.as_str(), None, line).await
    }

    async fn export_tokens(
        &self,
        org: OrgId,
        identifier: &UserIdentifier,
        line: &mut impl FnMut(Value),
    ) -> Result<(), OperateError> {
        // Of all identifiers that begin like this one, the one itself comes first.
        let prefix = IdentifierPrefix::parse(identifier.as_str()).unwrap_or_default();
        let mut page = OrgTokenPage { prefix, status: None, after: None, limit: PAGE };
        loop {
            let rows = self.store.org_tokens().page(org, &page, self.now()).await?;
            for token in rows.iter().take_while(|row| row.identifier == *identifier) {
                line(json!({
                    "kind": "organisation_token", "id": token.id.to_string(), "organisation": org.to_string(),
                    "user_identifier": identifier.as_str(), "prefix": token.hint,
                    "created_at": token.created_at.to_string(),
                    "expires_at": token.expires_at.map(|at| at.to_string()),
                    "last_used_at": token.last_used_at.map(|at| at.to_string()),
                    "revoked_at": token.revoked_at.map(|at| at.to_string()),
                }));
            }
            match rows.last() {
                Some(last) if last.identifier == *identifier => page.after = Some((identifier.clone(), last.id)),
                _ => return Ok(()),
            }
        }
    }

    async fn export_rows(&self, person: &PersonRows, line: &mut impl FnMut(Value)) -> Result<(), OperateError> {
        let mut before = None;
        loop {
            let rows = self.store.ledger().rows_of(person, before).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            before = Some(last.id);
            rows.iter().map(taken).for_each(&mut *line);
        }
    }

    async fn export_notes(
        &self,
        person: &str,
        of: Option<OrgId>,
        line: &mut impl FnMut(Value),
    ) -> Result<(), OperateError> {
        let made = self.store.people().rules_by(person).await?;
        for rule in made.into_iter().filter(|rule| of.is_none_or(|org| org == rule.org)) {
            line(json!({
                "kind": "rule", "organisation": rule.org.to_string(), "id": rule.id.to_string(), "effect": rule.effect,
                "package": rule.package, "reason": rule.reason, "created_at": rule.created_at.to_string(),
            }));
        }
        let notes = self.store.people().noted(person).await?;
        for note in notes.into_iter().filter(|note| of.is_none_or(|org| org == note.org)) {
            line(json!({
                "kind": "audit", "organisation": note.org.to_string(), "at": note.at.to_string(),
                "actor": note.actor, "action": note.action, "subject": note.subject, "detail": note.detail,
            }));
        }
        Ok(())
    }
}

fn taken(row: &LedgerRow) -> Value {
    let (organisation, token) = match &row.who {
        Who::Account { token, .. } => (None, token.0.to_string()),
        Who::Organisation { org, token, .. } => (Some(org.to_string()), token.to_string()),
        Who::Session { org, session, .. } => (Some(org.to_string()), session.0.to_string()),
    };
    json!({
        "kind": "taken", "at": row.at.to_string(), "ecosystem": row.ecosystem.as_str(), "package": row.name,
        "version": row.version, "file": row.file, "outcome": row.outcome, "reason": row.reason,
        "organisation": organisation, "token": token, "client_name": row.client_name,
        "client_version": row.client_version, "address": row.address,
    })
}
