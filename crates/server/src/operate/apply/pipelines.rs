//! What a file says of pipelines: the conditions under which bots trust them, and the audience that their tokens name.

use std::collections::BTreeSet;

use sekisho_core::id::BotId;
use sekisho_oidc::Conditions;
use sekisho_store::Organisation;
use serde_json::{Value, json};

use super::{Action, Applying, File};
use crate::config::Settings;
use crate::operate::OperateError;
use crate::operate::trust::{self, MOST};

/// Audiences are a setting of the server's, which a file for the database can't change: it says what its pipelines send, and
/// a server that takes something else would refuse them all.
pub(super) fn same_audiences(settings: &Settings, file: &File) -> Result<(), OperateError> {
    let Some(wanted) = &file.audiences else { return Ok(()) };
    let (wanted, set) = (wanted.iter().collect::<BTreeSet<_>>(), trust::audiences(settings));
    if wanted == set.iter().collect() {
        return Ok(());
    }
    OperateError::refused(format!(
        "the file's audiences are {wanted:?}, and the server's are {set:?}: change the file, or the setting bots.audiences (without \
         it: the first of public_urls); nothing of the file was applied"
    ))
}

impl Applying<'_> {
    /// Makes a bot's conditions what the file says. The same conditions in another order are the same.
    pub(super) async fn trusts(
        &mut self,
        org: &Organisation,
        (bot, name): (BotId, &str),
        wanted: &[Conditions],
        prune: bool,
    ) -> Result<(), OperateError> {
        let mut missing = Vec::new();
        for conditions in wanted {
            trust::allowed(self.settings, conditions)?;
            let shown = in_order(serde_json::to_value(conditions).unwrap_or_default());
            if !missing.iter().any(|(_, other)| *other == shown) {
                missing.push((conditions, shown));
            }
        }
        let mut count = 0;
        for old in self.changes.trusts(org.id, bot).await? {
            let read: Option<Conditions> = serde_json::from_str(&old.conditions).ok();
            let shown = in_order(read.and_then(|c| serde_json::to_value(c).ok()).unwrap_or(json!(old.conditions)));
            let named = missing.iter().position(|(_, other)| *other == shown);
            if let Some(there) = named {
                missing.remove(there);
            } else if prune {
                let detail = json!({"trust_id": old.id.0.to_string(), "conditions": shown});
                let audit = self.audit("trust.removed", bot, detail);
                self.changes.remove_trust(org.id, bot, old.id, &audit).await?;
                self.note(Action::Remove, "trust", &org.name, name, shown.to_string());
                continue;
            }
            count += 1;
        }
        if count + missing.len() > MOST {
            return OperateError::refused(format!(
                "a bot has at most {MOST} sets of conditions, and {name:?} of {:?} would have {}; nothing of the file was applied",
                org.name,
                count + missing.len()
            ));
        }
        for (conditions, shown) in missing {
            let (new, detail) = self.operator.new_trust(conditions)?;
            let audit = self.audit("trust.added", bot, detail);
            self.changes.add_trust(org.id, bot, &new, &audit).await?;
            self.note(Action::Add, "trust", &org.name, name, shown.to_string());
        }
        Ok(())
    }
}

/// Lists in one order: of a condition's values one has to hold, whichever comes first.
fn in_order(value: Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(in_order).collect();
            values.sort_by_key(Value::to_string);
            values.dedup();
            Value::Array(values)
        }
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, in_order(value))).collect(),
        other => other,
    }
}
