//! Members of organisations: added, listed, given another role, removed.

use sekisho_core::email::EmailAddress;
use sekisho_core::org::Role;
use sekisho_store::{Member, MemberChange};
use serde::Serialize;
use serde_json::json;

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
        let before = changes.members(org.id).await?;
        if let Some(member) = before.iter().find(|member| member.email == *email && member.role != role) {
            return OperateError::refused(format!(
                "{email} is a member already, as {}; `sekisho admin member role` gives another role",
                member.role
            ));
        }
        let audit = self.audit("member.added", email, json!({"role": role.as_str()}));
        let change = changes.put_member(org.id, email, role, &audit).await?;
        changes.commit().await?;
        Ok(change == MemberChange::Done)
    }

    /// Gives a member another role; `false` if he has it already.
    pub async fn set_member_role(&self, org: &str, email: &EmailAddress, role: Role) -> Result<bool, OperateError> {
        let (mut changes, org) = self.locked_org(org).await?;
        let before = changes.members(org.id).await?;
        let Some(before) = before.iter().find(|member| member.email == *email) else {
            return OperateError::refused(no_member(email, &org.name));
        };
        let detail = json!({"from": before.role.as_str(), "to": role.as_str()});
        let change = changes.put_member(org.id, email, role, &self.audit("member.role_changed", email, detail)).await?;
        if change == MemberChange::LastOwner {
            return OperateError::refused(last_owner(email, &org.name));
        }
        changes.commit().await?;
        Ok(change == MemberChange::Done)
    }

    /// Removes a member.
    pub async fn remove_member(&self, org: &str, email: &EmailAddress) -> Result<(), OperateError> {
        let (mut changes, org) = self.locked_org(org).await?;
        match changes.remove_member(org.id, email, &self.audit("member.removed", email, json!({}))).await? {
            MemberChange::LastOwner => OperateError::refused(last_owner(email, &org.name)),
            MemberChange::Absent => OperateError::refused(no_member(email, &org.name)),
            MemberChange::Done | MemberChange::Unchanged => Ok(changes.commit().await?),
        }
    }
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
