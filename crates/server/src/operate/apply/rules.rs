//! What a file says of organisations' own lists.

use sekisho_core::policy::{Effect, Entry};
use sekisho_store::Organisation;

use super::file::Wanted;
use super::{Action, Applying};
use crate::operate::OperateError;
use crate::rules::{self, Put};

impl Applying<'_> {
    /// Makes an organisation's list what the file says. An entry that has ended stays as long as the file has it.
    pub(super) async fn rules(&mut self, org: &Organisation, wanted: &Wanted, prune: bool) -> Result<(), OperateError> {
        let entries = entries(org, wanted)?;
        let before = self.changes.rules(org.id).await?;
        // What goes makes room for what comes.
        let unnamed = |old: &&sekisho_store::Rule| !entries.iter().any(|new| is_same(new, &old.entry));
        for old in before.iter().filter(unnamed).filter(|_| prune) {
            let operator = self.operator;
            let noting = |action, subject, detail| operator.audit(action, subject, detail);
            rules::remove(&mut self.changes, org.id, old.id, noting).await?;
            self.note(Action::Remove, "entry", &org.name, &old.entry.target.to_string(), words(&old.entry));
        }
        for entry in entries.into_iter().filter(|new| !before.iter().any(|old| old.entry == *new)) {
            let (package, words) = (entry.target.to_string(), words(&entry));
            let new = self.operator.new_rule(entry);
            let put = self.operator.put_rule(&mut self.changes, (org.id, &org.name), &new).await?;
            let action = match put {
                Put::Replaced(_) => Action::Change,
                _ => Action::Add,
            };
            self.note(action, "entry", &org.name, &package, words);
        }
        Ok(())
    }
}

/// The file's entries. One effect is said once of a package, or nobody could tell which counts.
fn entries(org: &Organisation, wanted: &Wanted) -> Result<Vec<Entry>, OperateError> {
    let lists = [(Effect::Block, &wanted.block), (Effect::Allow, &wanted.allow), (Effect::Warn, &wanted.warn)];
    let mut entries: Vec<Entry> = Vec::new();
    for (effect, list) in lists {
        for rule in list {
            let place = || format!("organisations.{}.{}: {}", org.name, effect.as_str(), rule.package.0);
            let expires = rule.expires.map(|end| end.0);
            let entry = Entry::of_organisation(effect, rule.package.0.clone(), &rule.reason, expires);
            let entry = entry.map_err(|why| OperateError::Refused(format!("{}: {why}", place())))?;
            if entries.iter().any(|other| is_same(other, &entry)) {
                return OperateError::refused(format!("{} stands there twice", place()));
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn is_same(one: &Entry, other: &Entry) -> bool {
    one.effect == other.effect && one.target == other.target
}

fn words(entry: &Entry) -> String {
    let until = entry.expires.map(|end| format!(" until {end}")).unwrap_or_default();
    format!("{}{until}: {}", entry.effect.as_str(), entry.reason)
}
