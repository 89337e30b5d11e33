//! Organisations: made, shown, changed, removed.

use sekisho_core::email::EmailAddress;
use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_store::{MemberChange, Organisation};
use serde::Serialize;
use serde_json::json;

use super::bots::BotShown;
use super::members::MemberShown;
use super::{OperateError, Operator};

/// An organisation as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct OrgShown {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Guard is enabled.
    pub guard: bool,
    /// The longest life of a token, in seconds; none: for ever.
    pub max_token_seconds: Option<i64>,
    /// How many days its rows of the ledger are kept; none: the server's default.
    pub retention_days: Option<i64>,
    /// When it was made.
    pub created_at: String,
}

/// An organisation with who is in it.
#[derive(Clone, Debug, Serialize)]
pub struct OrgWhole {
    /// The organisation.
    #[serde(flatten)]
    pub org: OrgShown,
    /// Its members.
    pub members: Vec<MemberShown>,
    /// Its bots.
    pub bots: Vec<BotShown>,
}

/// What is to change. A field that is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OrgEdit {
    /// Another name.
    pub name: Option<String>,
    /// Guard enabled or disabled.
    pub guard: Option<bool>,
    /// Another longest life of a token; inside, none: for ever.
    pub max_token_seconds: Option<Option<i64>>,
    /// Another retention; inside, none: the server's default.
    pub retention_days: Option<Option<i64>>,
}

impl OrgEdit {
    /// The organisation with the changes made.
    pub(super) fn applied_to(&self, old: &Organisation) -> Organisation {
        Organisation {
            name: self.name.clone().unwrap_or_else(|| old.name.clone()),
            guard: self.guard.unwrap_or(old.guard),
            max_token_seconds: self.max_token_seconds.unwrap_or(old.max_token_seconds),
            retention_days: self.retention_days.unwrap_or(old.retention_days),
            ..old.clone()
        }
    }
}

/// What differs, as the audit log tells it.
pub(crate) fn difference(old: &Organisation, new: &Organisation) -> serde_json::Value {
    let mut changed = serde_json::Map::new();
    let mut note = |key: &str, old: serde_json::Value, new: serde_json::Value| {
        if old != new {
            changed.insert(key.to_owned(), json!({"from": old, "to": new}));
        }
    };
    note("name", json!(old.name), json!(new.name));
    note("guard", json!(old.guard), json!(new.guard));
    note("max_token_seconds", json!(old.max_token_seconds), json!(new.max_token_seconds));
    note("retention_days", json!(old.retention_days), json!(new.retention_days));
    note("default_token_seconds", json!(old.default_token_seconds), json!(new.default_token_seconds));
    note("self_rotate", json!(old.self_rotate), json!(new.self_rotate));
    note("language", json!(old.language.as_str()), json!(new.language.as_str()));
    changed.into()
}

impl Operator {
    /// Makes an organisation, with its first owner if one is named.
    pub async fn create_org(
        &self,
        name: &str,
        guard: bool,
        owner: Option<&EmailAddress>,
    ) -> Result<OrgShown, OperateError> {
        let id = OrgId::mint(self.now(), &*self.random);
        let new = Organisation { guard, ..Organisation::new(id, name, self.now()) };
        let mut changes = self.store.organisations().begin().await?;
        if !changes.create(&new, &self.audit("org.created", id, json!({"name": new.name, "guard": guard}))).await? {
            return OperateError::refused(name_taken(&new.name));
        }
        if let Some(owner) = owner {
            let audit = self.audit("member.added", owner, json!({"role": Role::Owner.as_str()}));
            let put = changes.put_member(id, owner, Role::Owner, &audit).await?;
            debug_assert_eq!(put, MemberChange::Done);
        }
        changes.commit().await?;
        Ok(shown(&new))
    }

    /// Every organisation, by name.
    pub async fn orgs(&self) -> Result<Vec<OrgShown>, OperateError> {
        Ok(self.store.organisations().all().await?.iter().map(shown).collect())
    }

    /// An organisation with its members and bots.
    pub async fn show_org(&self, org: &str) -> Result<OrgWhole, OperateError> {
        let found = self.org(org).await?;
        let (members, bots) = (self.members(org).await?, self.bots(org).await?);
        Ok(OrgWhole { org: shown(&found), members, bots })
    }

    /// Changes an organisation; `false` if it was so before.
    pub async fn edit_org(&self, org: &str, edit: &OrgEdit) -> Result<bool, OperateError> {
        let (mut changes, old) = self.locked_org(org).await?;
        let new = edit.applied_to(&old);
        if new == old {
            return Ok(false);
        }
        if !changes.change(&new, &self.audit("org.changed", old.id, difference(&old, &new))).await? {
            return OperateError::refused(name_taken(&new.name));
        }
        changes.commit().await?;
        Ok(true)
    }

    /// Removes an organisation, its members and bots, and revokes its tokens.
    pub async fn remove_org(&self, org: &str) -> Result<OrgShown, OperateError> {
        let (mut changes, old) = self.locked_org(org).await?;
        changes.remove(old.id, &self.audit("org.removed", old.id, json!({"name": old.name}))).await?;
        changes.commit().await?;
        Ok(shown(&old))
    }
}

pub(super) fn name_taken(name: &str) -> String {
    format!("there is an organisation {name:?} already; `sekisho admin org show` tells more of it")
}

fn shown(org: &Organisation) -> OrgShown {
    OrgShown {
        id: org.id.to_string(),
        name: org.name.clone(),
        guard: org.guard,
        max_token_seconds: org.max_token_seconds,
        retention_days: org.retention_days,
        created_at: org.created_at.to_string(),
    }
}
