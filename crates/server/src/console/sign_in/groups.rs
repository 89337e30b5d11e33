//! Roles by the groups of an identity provider: given and taken at each sign-in, for the organisations that the settings
//! name. A role that somebody gave by hand is not touched.

use std::collections::BTreeMap;

use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::org::Role;
use sekisho_oidc::Claims;
use sekisho_store::{MemberChange, NewAudit, StoreError};
use serde_json::{Value, json};

use crate::app::App;
use crate::config::Provider;

/// Makes somebody's roles what his groups say.
pub(super) async fn give(
    app: &App,
    provider: &Provider,
    email: &EmailAddress,
    claims: &Claims,
) -> Result<(), StoreError> {
    if provider.roles.is_empty() {
        return Ok(());
    }
    let groups = groups(claims, &provider.groups_claim);
    for (org, role) in roles(provider, &groups) {
        let now = app.clock.now();
        let audit = NewAudit {
            id: AuditId::mint(now, &*app.random),
            at: now,
            actor: email.to_string(),
            action: if role.is_some() { "member.role_granted" } else { "member.role_withdrawn" },
            subject: email.to_string(),
            detail: json!({"role": role.map(Role::as_str), "issuer": claims.issuer()}).to_string(),
            under: None,
        };
        let mut changes = app.store.organisations().begin().await?;
        match changes.grant(org, email, role, claims.issuer(), &audit).await? {
            MemberChange::Done => changes.commit().await?,
            MemberChange::Unchanged => {}
            MemberChange::LastOwner => tracing::warn!("{org}: its last owner keeps the role, though no group gives it"),
            MemberChange::Absent => tracing::warn!("{org}: console.oidc.roles names it, and there is no such one"),
        }
    }
    Ok(())
}

/// The highest role in each organisation that the settings name; none where no group gives one.
fn roles(provider: &Provider, groups: &[&str]) -> BTreeMap<OrgId, Option<Role>> {
    let mut all: BTreeMap<OrgId, Option<Role>> = BTreeMap::new();
    for grant in &provider.roles {
        let role = groups.contains(&grant.group.as_str()).then_some(grant.role);
        let highest = all.entry(grant.org).or_default();
        // Roles are ordered from the highest down.
        *highest = [*highest, role].into_iter().flatten().min();
    }
    all
}

/// A list of texts, or one text.
fn groups<'a>(claims: &'a Claims, name: &str) -> Vec<&'a str> {
    match claims.all().get(name) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_groups_the_highest_role_counts_and_none_takes_the_role() {
        let org = "OR01K6NBQK6XFVQ8ZZR024H36H2N";
        let other = "OR01K6NBQK6XFVQ8ZZR024H36H2P";
        let texts = [format!("guard_viewer@{org}=all"), format!("owner@{org}=chiefs"), format!("owner@{other}=x=y")];
        let roles_of = |groups: &[&str]| {
            let granted = texts.iter().map(|text| text.clone().try_into().unwrap()).collect();
            let all = roles(&Provider { roles: granted, ..Provider::default() }, groups);
            (all[&OrgId::parse(org).unwrap()], all[&OrgId::parse(other).unwrap()])
        };
        assert_eq!(roles_of(&["all", "chiefs"]), (Some(Role::Owner), None));
        assert_eq!(roles_of(&["all", "x=y"]), (Some(Role::GuardViewer), Some(Role::Owner)));
        assert_eq!(roles_of(&[]), (None, None));
    }
}
