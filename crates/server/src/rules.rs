//! Changes to an organisation's own list, with the rows that the audit log has of them. Whoever may make them says so in
//! the rows: they are made by what holds the right.

use sekisho_core::id::{OrgId, RuleId};
use sekisho_core::policy::Entry;
use sekisho_store::{NewAudit, OrgChanges, Rule, RuleAdded, StoreError};
use serde_json::{Value, json};

/// Makes a row of the audit log: what was done, to what, and more about it.
pub trait Noting: FnMut(&'static str, String, Value) -> NewAudit + Send {}
impl<F: FnMut(&'static str, String, Value) -> NewAudit + Send> Noting for F {}

/// What came of putting an entry on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Added,
    /// It took the place of this one, which said the same for another reason or until another moment.
    Replaced(Rule),
    /// It stood there before, as this one.
    Unchanged(Rule),
    /// The list is full.
    Full,
    /// There is no such organisation.
    NoOrganisation,
}

/// Puts an entry on an organisation's list. One that says the same for another reason or until another moment goes.
pub async fn put(changes: &mut OrgChanges, org: OrgId, new: &Rule, mut noting: impl Noting) -> Result<Put, StoreError> {
    if changes.lock(org).await?.is_none() {
        return Ok(Put::NoOrganisation);
    }
    let old = changes.rule_like(org, &new.entry).await?;
    match &old {
        Some(old) if old.entry == new.entry => return Ok(Put::Unchanged(old.clone())),
        Some(old) => {
            let removed = noting("rule.removed", old.id.to_string(), detail(&old.entry));
            changes.remove_rule(org, old.id, &removed).await?;
        }
        None => {}
    }
    let added = noting("rule.added", new.id.to_string(), detail(&new.entry));
    Ok(match changes.add_rule(org, new, &added).await? {
        RuleAdded::Done => old.map_or(Put::Added, Put::Replaced),
        RuleAdded::Exists(other) => Put::Unchanged(other),
        RuleAdded::Full => Put::Full,
        RuleAdded::NoOrganisation => Put::NoOrganisation,
    })
}

/// Takes an entry off an organisation's list; `false` if it has none of this id. One that can't be read can be taken off too.
pub async fn remove(
    changes: &mut OrgChanges,
    org: OrgId,
    id: RuleId,
    mut noting: impl Noting,
) -> Result<bool, StoreError> {
    let known = changes.rules(org).await.unwrap_or_default();
    let detail = known.iter().find(|rule| rule.id == id).map_or_else(|| json!({}), |rule| detail(&rule.entry));
    changes.remove_rule(org, id, &noting("rule.removed", id.to_string(), detail)).await
}

fn detail(entry: &Entry) -> Value {
    json!({
        "effect": entry.effect.as_str(), "package": entry.target.to_string(), "reason": entry.reason,
        "expires_at": entry.expires.map(|end| end.to_string()),
    })
}
