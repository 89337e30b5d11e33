//! `sekisho admin apply`: makes the database what a file says, in one transaction. What the file does not name stays,
//! unless it is to be pruned. A trial does the same and takes it back.

mod file;
mod pipelines;
mod rules;

use std::fmt;

use sekisho_core::email::EmailAddress;
use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_store::{Member, MemberChange, NewAudit, OrgChanges, Organisation};
use serde::Serialize;
use serde_json::json;

pub use file::File;
use file::Wanted;

use super::orgs::{OrgEdit, difference};
use super::{OperateError, Operator, members};
use crate::config::Settings;

/// How a file is applied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Nothing stays changed.
    pub trial: bool,
    /// Organisations, members, bots, conditions and entries that the file does not name are removed.
    pub prune: bool,
}

/// Something that the file made different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Added, changed or removed.
    pub action: Action,
    /// `organisation`, `member`, `bot`, `trust` or `entry`.
    pub what: &'static str,
    /// In which organisation.
    pub organisation: String,
    /// Which member, bot or package, or whose conditions; empty for the organisation itself.
    pub name: String,
    /// What is different, in words.
    pub detail: String,
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there before.
    Add,
    /// It is different.
    Change,
    /// It is not there any more.
    Remove,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.action {
            Action::Add => '+',
            Action::Change => '~',
            Action::Remove => '-',
        };
        write!(f, "{sign} {} {}", self.what, self.organisation)?;
        if !self.name.is_empty() {
            write!(f, " / {}", self.name)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

/// One file's work.
struct Applying<'a> {
    operator: &'a Operator,
    settings: &'a Settings,
    changes: OrgChanges,
    done: Vec<Change>,
}

impl Operator {
    /// Makes the database what the file says; what was different.
    pub async fn apply(&self, settings: &Settings, file: &File, manner: Manner) -> Result<Vec<Change>, OperateError> {
        pipelines::same_audiences(settings, file)?;
        let changes = self.store.organisations().begin().await?;
        let mut applying = Applying { operator: self, settings, changes, done: Vec::new() };
        for (name, wanted) in &file.organisations {
            applying.organisation(&name.0, wanted, manner.prune).await?;
        }
        if manner.prune {
            applying.prune_organisations(file).await?;
        }
        let Applying { changes, done, .. } = applying;
        if !manner.trial {
            changes.commit().await?;
        }
        Ok(done)
    }
}

impl Applying<'_> {
    async fn organisation(&mut self, name: &str, wanted: &Wanted, prune: bool) -> Result<(), OperateError> {
        let org = match self.changes.lock_by_name(name).await? {
            Some(before) => self.edit(before, wanted).await?,
            None => self.create(name, wanted).await?,
        };
        self.members(&org, wanted, prune).await?;
        self.bots(&org, wanted, prune).await?;
        self.rules(&org, wanted, prune).await
    }

    async fn create(&mut self, name: &str, wanted: &Wanted) -> Result<Organisation, OperateError> {
        let (id, now) = (OrgId::mint(self.operator.now(), &*self.operator.random), self.operator.now());
        let new = Organisation {
            guard: wanted.guard.unwrap_or(true),
            max_token_seconds: wanted.max_token_lifetime.flatten(),
            retention_days: wanted.retention.flatten(),
            ..Organisation::new(id, name, now)
        };
        let audit = self.audit("org.created", id, json!({"name": name, "guard": new.guard}));
        if !self.changes.create(&new, &audit).await? {
            return OperateError::refused(format!("somebody else made {name:?} meanwhile; apply the file again"));
        }
        self.note(Action::Add, "organisation", name, "", String::new());
        Ok(new)
    }

    async fn edit(&mut self, before: Organisation, wanted: &Wanted) -> Result<Organisation, OperateError> {
        let edit = OrgEdit {
            name: None,
            guard: wanted.guard,
            max_token_seconds: wanted.max_token_lifetime,
            retention_days: wanted.retention,
        };
        let new = edit.applied_to(&before);
        if new != before {
            let different = difference(&before, &new);
            self.changes.change(&new, &self.audit("org.changed", new.id, different.clone())).await?;
            let words = different.as_object().into_iter().flatten();
            let words: Vec<_> = words.map(|(key, d)| format!("{key} {} -> {}", d["from"], d["to"])).collect();
            self.note(Action::Change, "organisation", &new.name, "", words.join(", "));
        }
        Ok(new)
    }

    /// Owners come first and leave last, so that there is one at each moment.
    async fn members(&mut self, org: &Organisation, wanted: &Wanted, prune: bool) -> Result<(), OperateError> {
        let before = self.changes.members(org.id).await?;
        let mut named = Vec::new();
        for (address, role) in &wanted.members {
            named.push((address.parsed().map_err(OperateError::Refused)?, role.0));
        }
        named.sort_by_key(|(_, role)| *role != Role::Owner);
        for (email, role) in &named {
            self.member(org, &before, email, *role).await?;
        }
        let unnamed = |member: &&Member| !named.iter().any(|(email, _)| *email == member.email);
        for member in before.iter().filter(unnamed).filter(|_| prune) {
            let audit = self.audit("member.removed", &member.email, json!({}));
            let removed = self.changes.remove_member(org.id, &member.email, &audit).await?;
            refuse_last_owner(removed, &member.email, org)?;
            self.note(Action::Remove, "member", &org.name, member.email.as_str(), member.role.to_string());
        }
        Ok(())
    }

    async fn member(
        &mut self,
        org: &Organisation,
        before: &[Member],
        email: &EmailAddress,
        role: Role,
    ) -> Result<(), OperateError> {
        let old = before.iter().find(|member| member.email == *email).map(|member| member.role);
        let (action, what, detail, words) = match old {
            Some(old) if old == role => return Ok(()),
            Some(old) => {
                let detail = json!({"from": old.as_str(), "to": role.as_str()});
                (Action::Change, "member.role_changed", detail, format!("{old} -> {role}"))
            }
            None => (Action::Add, "member.added", json!({"role": role.as_str()}), role.to_string()),
        };
        let put = self.changes.put_member(org.id, email, role, &self.audit(what, email, detail)).await?;
        refuse_last_owner(put, email, org)?;
        self.note(action, "member", &org.name, email.as_str(), words);
        Ok(())
    }

    async fn bots(&mut self, org: &Organisation, wanted: &Wanted, prune: bool) -> Result<(), OperateError> {
        let before = self.changes.bots(org.id).await?;
        for (name, bot) in &wanted.bots {
            let (name, role) = (name.0.as_str(), bot.role.0);
            let old = before.iter().find(|b| b.name == name);
            let mut id = old.map(|old| old.id);
            match old {
                Some(old) if old.role == role => {}
                Some(old) => {
                    let detail = json!({"from": old.role.as_str(), "to": role.as_str()});
                    let audit = self.audit("bot.role_changed", old.id, detail);
                    self.changes.set_bot_role(org.id, old.id, role, &audit).await?;
                    self.note(Action::Change, "bot", &org.name, name, format!("{} -> {role}", old.role));
                }
                None => {
                    let new = self.operator.new_bot(org, name, role);
                    let audit = self.audit("bot.created", new.id, json!({"name": name, "role": role.as_str()}));
                    self.changes.create_bot(&new, &audit).await?;
                    self.note(Action::Add, "bot", &org.name, name, role.to_string());
                    id = Some(new.id);
                }
            }
            if let Some(id) = id {
                self.trusts(org, (id, name), &bot.trust, prune).await?;
            }
        }
        for bot in before.iter().filter(|bot| prune && !wanted.bots.keys().any(|name| name.0 == bot.name)) {
            let audit = self.audit("bot.removed", bot.id, json!({"name": bot.name}));
            self.changes.remove_bot(org.id, bot.id, &audit).await?;
            self.note(Action::Remove, "bot", &org.name, &bot.name, String::new());
        }
        Ok(())
    }

    async fn prune_organisations(&mut self, file: &File) -> Result<(), OperateError> {
        for org in self.changes.all().await? {
            if !file.organisations.keys().any(|name| name.0 == org.name) {
                let audit = self.audit("org.removed", org.id, json!({"name": org.name}));
                self.changes.remove(org.id, &audit).await?;
                self.note(Action::Remove, "organisation", &org.name, "", String::new());
            }
        }
        Ok(())
    }

    fn audit(&self, action: &'static str, subject: impl ToString, detail: serde_json::Value) -> NewAudit {
        self.operator.audit(action, subject, detail)
    }

    fn note(&mut self, action: Action, what: &'static str, organisation: &str, name: &str, detail: String) {
        let (organisation, name) = (organisation.to_owned(), name.to_owned());
        self.done.push(Change { action, what, organisation, name, detail });
    }
}

fn refuse_last_owner(change: MemberChange, email: &EmailAddress, org: &Organisation) -> Result<(), OperateError> {
    match change {
        MemberChange::LastOwner => {
            OperateError::refused(format!("{}; nothing of the file was applied", members::last_owner(email, &org.name)))
        }
        _ => Ok(()),
    }
}
