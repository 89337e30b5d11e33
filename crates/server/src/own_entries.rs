//! Keeps organisations' own entries in force: what the database has is looked for again and again, and read where it
//! changed, by whichever node or command.

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_core::Timestamp;
use sekisho_core::id::OrgId;
use sekisho_core::policy::{Entry, Policy};
use sekisho_store::{Rule, StoreError};
use tokio::sync::Mutex;

use crate::app::App;
use crate::gate::Entries;

/// What was read, and the mark under which it was; nothing before the first look.
#[derive(Default)]
pub struct OwnEntries {
    held: Mutex<Option<HashMap<OrgId, Held>>>,
}

#[derive(Clone)]
struct Held {
    /// None: it has to be read again, whatever the mark is.
    mark: Option<Timestamp>,
    entries: Entries,
}

fn dated(rule: Rule) -> Entry {
    Entry { since: Some(rule.created_at), ..rule.entry }
}

impl App {
    /// Looks which organisations' entries changed since the last look, and puts them in force here. Whoever changed some
    /// calls it, so that they count on this node from the next request on.
    ///
    /// Where the database does not answer, what was known stays. Entries that were never read, or can't be, let nothing
    /// through.
    pub async fn follow_entries(&self) -> Result<(), StoreError> {
        let mut held = self.own_entries.held.lock().await;
        let marks = self.store.rules().marks().await?;
        // An organisation that was removed keeps its entries here: its tokens may be known for a moment more.
        let mut next = held.clone().unwrap_or_default();
        let (mut changed, mut failed) = (held.is_none(), Ok(()));
        for (org, mark) in marks {
            let before = next.get(&org);
            if before.is_some_and(|before| before.mark == Some(mark)) {
                continue;
            }
            let read = match self.store.rules().of_org(org).await {
                Ok(rules) => {
                    let policy = Policy::new(rules.into_iter().map(dated));
                    Held { mark: Some(mark), entries: Entries::Read(Arc::new(policy)) }
                }
                Err(error) if error.is_unavailable() && before.is_some() => {
                    failed = Err(error);
                    continue;
                }
                Err(error) => {
                    if before.is_some_and(|before| matches!(before.entries, Entries::Unread)) {
                        continue;
                    }
                    tracing::error!(%org, "an organisation's own entries can't be read, and it gets no packages: {error}");
                    Held { mark: None, entries: Entries::Unread }
                }
            };
            changed = true;
            next.insert(org, read);
        }
        // Nothing is waited for from here on: a caller who goes away leaves both as they were, or both changed.
        if changed {
            self.gate.set_entries(next.iter().map(|(org, held)| (*org, &held.entries)));
        }
        *held = Some(next);
        failed
    }
}
