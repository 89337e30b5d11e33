//! What an organisation blocks, allows and warns of for its own people.

use sekisho_core::PackageUrl;
use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, RuleId};
use sekisho_core::policy::{Effect, Entry};
use sekisho_store::{MOST_RULES, OrgChanges, Rule};
use serde::Serialize;

use super::{ACTOR, OperateError, Operator};
use crate::rules::{self, Put};

/// An entry as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct RuleShown {
    /// Its id.
    pub id: String,
    /// `block`, `allow` or `warn`.
    pub effect: &'static str,
    /// The package URL.
    pub package: String,
    /// Why.
    pub reason: String,
    /// Its end; none: it has no end.
    pub expires_at: Option<String>,
    /// It has ended.
    pub ended: bool,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub created_at: String,
}

/// What came of adding an entry.
#[derive(Clone, Debug, Serialize)]
pub struct RulePut {
    /// The entry as it stands now.
    #[serde(flatten)]
    pub rule: RuleShown,
    /// It was so before.
    #[serde(skip)]
    pub unchanged: bool,
}

impl Operator {
    /// An organisation's entries, oldest first.
    pub async fn rules(&self, org: &str) -> Result<Vec<RuleShown>, OperateError> {
        let org = self.org(org).await?;
        Ok(self.store.rules().of_org(org.id).await?.iter().map(|rule| self.shown_rule(rule)).collect())
    }

    /// Adds an entry; one that says the same for another reason or until another moment goes.
    pub async fn add_rule(
        &self,
        org: &str,
        effect: Effect,
        target: PackageUrl,
        reason: &str,
        expires: Option<Timestamp>,
    ) -> Result<RulePut, OperateError> {
        if expires.is_some_and(|end| end <= self.now()) {
            return OperateError::refused("the entry would have ended before it began: --expires is not in the future");
        }
        let entry = Entry::of_organisation(effect, target, reason, expires);
        let entry = entry.map_err(|why| OperateError::Refused(why.to_string()))?;
        let (mut changes, org) = self.locked_org(org).await?;
        let new = self.new_rule(entry);
        let put = self.put_rule(&mut changes, (org.id, &org.name), &new).await?;
        changes.commit().await?;
        let (rule, unchanged) = match &put {
            Put::Unchanged(old) => (old, true),
            _ => (&new, false),
        };
        Ok(RulePut { rule: self.shown_rule(rule), unchanged })
    }

    /// Removes an entry.
    pub async fn remove_rule(&self, org: &str, id: RuleId) -> Result<(), OperateError> {
        let (mut changes, org) = self.locked_org(org).await?;
        let noting = |action, subject, detail| self.audit(action, subject, detail);
        if !rules::remove(&mut changes, org.id, id, noting).await? {
            let why = format!("{:?} has no entry {id}; `sekisho admin org rules list` shows them all", org.name);
            return OperateError::refused(why);
        }
        Ok(changes.commit().await?)
    }

    /// An entry that is not stored yet.
    pub(super) fn new_rule(&self, entry: Entry) -> Rule {
        let now = self.now();
        Rule { id: RuleId::mint(now, &*self.random), entry, made_by: ACTOR.to_owned(), created_at: now }
    }

    /// Puts an entry on a list that is locked.
    pub(super) async fn put_rule(
        &self,
        changes: &mut OrgChanges,
        (org, name): (OrgId, &str),
        new: &Rule,
    ) -> Result<Put, OperateError> {
        let put = rules::put(changes, org, new, |action, subject, detail| self.audit(action, subject, detail)).await?;
        match put {
            Put::Full => OperateError::refused(format!("{name:?} has {MOST_RULES} entries, and more are not taken")),
            Put::NoOrganisation => OperateError::refused(format!("{name:?} was removed meanwhile")),
            put => Ok(put),
        }
    }

    fn shown_rule(&self, rule: &Rule) -> RuleShown {
        let Rule { id, entry, made_by, created_at } = rule;
        RuleShown {
            id: id.to_string(),
            effect: entry.effect.as_str(),
            package: entry.target.to_string(),
            reason: entry.reason.clone(),
            expires_at: entry.expires.map(|end| end.to_string()),
            ended: !entry.is_live(self.now()),
            made_by: made_by.clone(),
            created_at: created_at.to_string(),
        }
    }
}
