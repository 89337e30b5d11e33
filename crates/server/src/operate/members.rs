//! Members of organisations: added, listed, given another role, removed.

use sekisho_core::email::EmailAddress;
use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_store::{Member, MemberChange, NewAudit, OrgChanges, StoreError};
use serde::Serialize;
use serde_json::{Value, json};

use super::{OperateError, Operator};

/// A member as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct MemberShown {
    /// The address.
    pub email: String,
    /// The role.
    pub role: &'static str,
    /// Since when.
    pub created_at: String,
}

impl Operator {
    /// An organisation's members, by address.
    pub async fn members(&self, org: &str) -> Result<Vec<MemberShown>, OperateError> {
        let org = self.org(org).await?;
        Ok(self.store.organisations().members(org.id).await?.iter().map(shown).collect())
    }

    /// Adds a member; `false` if he is one with this role already.
    pub async fn add_member(&self, org: &str, email: &EmailAddress, role: Role) -> Result<bool, OperateError> {
        let (mut changes, org) = self.locked_org(org).await?;
        let audit = |action, detail| self.audit(action, email, detail);
        let change = add(&mut changes, org.id, email, role, audit).await?;
        match change {
            Added::OtherRole(role) => OperateError::refused(format!(
                "{email} is a member already, as {role}; `sekisho admin member role` gives another role"
            )),
            Added::Done(change) => {
                changes.commit().await?;
                Ok(change == MemberChange::Done)
            }
        }
    }

    /// Gives a member another role; `false` if he has it already.
    pub async fn set_member_role(&self, org: &str, email: &EmailAddress, role: Role) -> Result<bool, OperateError> {
        let (mut changes, org) = self.locked_org(org).await?;
        let audit = |action, detail| self.audit(action, email, detail);
        match give(&mut changes, org.id, email, role, audit).await? {
            MemberChange::Absent => OperateError::refused(no_member(email, &org.name)),
            MemberChange::LastOwner => OperateError::refused(last_owner(email, &org.name)),
            change @ (MemberChange::Done | MemberChange::Unchanged) => {
                changes.commit().await?;
                Ok(change == MemberChange::Done)
            }
        }
    }

    /// Removes a member.
    pub async fn remove_member(&self, org: &str, email: &EmailAddress) -> Result<(), OperateError> {
        let (mut changes, org) = self.locked_org(org).await?;
        let audit = |action, detail| self.audit(action, email, detail);
        match remove(&mut changes, org.id, email, audit).await? {
            MemberChange::LastOwner => OperateError::refused(last_owner(email, &org.name)),
            MemberChange::Absent => OperateError::refused(no_member(email, &org.name)),
            MemberChange::Done | MemberChange::Unchanged => Ok(changes.commit().await?),
        }
    }
}

/// What came of adding somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// He is a member with this role, now or since before.
    Done(MemberChange),
    /// He is one with another role, which stays.
    OtherRole(Role),
}

/// Adds a member. `audit` makes the row of the audit log.
pub(crate) async fn add(
    changes: &mut OrgChanges,
    org: OrgId,
    email: &EmailAddress,
    role: Role,
    audit: impl FnOnce(&'static str, Value) -> NewAudit,
) -> Result<Added, StoreError> {
    match changes.member(org, email).await? {
        Some(member) if member.role != role => Ok(Added::OtherRole(member.role)),
        _ => {
            let audit = audit("member.added", json!({"role": role.as_str()}));
            changes.put_member(org, email, role, &audit).await.map(Added::Done)
        }
    }
}

/// Gives a member another role.
pub(crate) async fn give(
    changes: &mut OrgChanges,
    org: OrgId,
    email: &EmailAddress,
    role: Role,
    audit: impl FnOnce(&'static str, Value) -> NewAudit,
) -> Result<MemberChange, StoreError> {
    let Some(before) = changes.member(org, email).await? else { return Ok(MemberChange::Absent) };
    let audit = audit("member.role_changed", json!({"from": before.role.as_str(), "to": role.as_str()}));
    changes.put_member(org, email, role, &audit).await
}

/// Removes a member.
pub(crate) async fn remove(
    changes: &mut OrgChanges,
    org: OrgId,
    email: &EmailAddress,
    audit: impl FnOnce(&'static str, Value) -> NewAudit,
) -> Result<MemberChange, StoreError> {
    changes.remove_member(org, email, &audit("member.removed", json!({}))).await
}

pub(super) fn last_owner(email: &EmailAddress, org: &str) -> String {
    format!("{email} is the last owner of {org:?}: make somebody else an owner first, with `sekisho admin member`")
}

fn no_member(email: &EmailAddress, org: &str) -> String {
    format!("{email} is no member of {org:?}; `sekisho admin member list` shows them all")
}

fn shown(member: &Member) -> MemberShown {
    let (email, created_at) = (member.email.to_string(), member.created_at.to_string());
    MemberShown { email, role: member.role.as_str(), created_at }
}
