//! A row of the log, as pages show it.

use sekisho_core::policy::Reason;
use sekisho_core::{PackageName, Timestamp};
use sekisho_store::{LedgerRow, Who};

use crate::api::orgs::installs::item;
use crate::console::text::Say;
use crate::refusal;

/// What a page shows of it.
pub(in crate::console) struct Row {
    pub(in crate::console) at: Timestamp,
    pub(in crate::console) ecosystem: &'static str,
    pub(in crate::console) name: String,
    pub(in crate::console) version: String,
    /// The page about the release; none for a name that no package may have: it was cut, or comes from a time with other rules.
    pub(in crate::console) release: Option<String>,
    /// The user identifier, or the pipeline's repository.
    pub(in crate::console) who: String,
    /// Workflow and run of a pipeline.
    pub(in crate::console) pipeline: Vec<String>,
    pub(in crate::console) client: String,
    pub(in crate::console) refused: bool,
    /// Why it was refused.
    pub(in crate::console) reason: String,
    pub(in crate::console) advisories: Vec<String>,
}

impl Row {
    pub(in crate::console) fn of(row: &LedgerRow, say: Say) -> Row {
        let version = (!row.version.is_empty()).then_some(row.version.as_str());
        let name = PackageName::parse(row.ecosystem, &row.name).ok();
        let (who, pipeline) = who(&row.who);
        Row {
            at: row.at,
            ecosystem: row.ecosystem.label(),
            name: row.name.clone(),
            version: row.version.clone(),
            release: name.map(|name| refusal::why_path(&name, version)),
            who,
            pipeline,
            client: item::client(row),
            refused: row.outcome == "refused",
            reason: reason(say, &row.reason),
            advisories: row.advisories.clone(),
        }
    }
}

fn who(who: &Who) -> (String, Vec<String>) {
    match who {
        Who::Account { account, .. } => (account.0.to_string(), Vec::new()),
        Who::Organisation { identifier, .. } => (identifier.to_string(), Vec::new()),
        Who::Session { bot, pipeline, .. } => {
            let parts = [&pipeline.workflow, &pipeline.run].into_iter().filter(|part| !part.is_empty());
            let repository = if pipeline.repository.is_empty() { bot.to_string() } else { pipeline.repository.clone() };
            (repository, parts.cloned().collect())
        }
    }
}

/// A reason as the ledger has it, in words; one of another time as it stands there.
fn reason(say: Say, stored: &str) -> String {
    let known = Reason::ALL.into_iter().find(|reason| reason.as_str() == stored);
    known.map_or_else(|| stored.to_owned(), |reason| say.t(reason_text(reason)))
}

/// The message that names a reason in few words.
pub(in crate::console) fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::Malware => "reason-malware",
        Reason::Policy => "reason-policy",
        Reason::OrganisationPolicy => "reason-organisation-policy",
        Reason::Canary => "reason-canary",
        Reason::UnreadableVersion => "reason-unreadable-version",
        Reason::Contradiction => "reason-contradiction",
    }
}
