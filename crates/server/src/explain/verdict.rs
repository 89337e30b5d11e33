//! What is decided about a release or a name and what it rests on, in words of either language.

use sekisho_core::advisory::Hit;
use sekisho_core::blocklist;
use sekisho_core::policy::{Effect, Entry, Owner, Reason, Refusal};
use sekisho_core::{PackageName, Timestamp};

use crate::app::App;
use crate::console::text::Say;
use crate::gate::{Guard, Knowledge};
use crate::refusal;

/// Everything that is known about a release, or about a name.
pub(crate) struct Found {
    /// The package.
    pub(crate) name: PackageName,
    /// The release; none: the whole name.
    pub(crate) version: Option<String>,
    /// It is refused.
    pub(crate) refusal: Option<Refusal>,
    /// The name is not refused whole, and some of its releases are.
    pub(crate) mixed: bool,
    /// What advisories say about the name.
    pub(crate) records: Vec<Record>,
    /// What the operator and the caller's organisation say about it.
    pub(crate) entries: Vec<Listed>,
    /// The caller's organisation has entries.
    pub(crate) organisation: bool,
    deciding: Option<(Owner, Entry)>,
    knowledge: Knowledge,
}

/// A record about the name.
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) since: Option<Timestamp>,
    /// What it hits, in words.
    pub(crate) versions: Vec<String>,
    /// The refusal rests on it.
    pub(crate) decides: bool,
}

/// An entry about the name.
pub(crate) struct Listed {
    pub(crate) owner: Owner,
    pub(crate) entry: Entry,
    /// It was there, and counts no more.
    pub(crate) ended: bool,
}

impl Found {
    /// What a guard knows.
    pub(crate) fn of(
        app: &App,
        guard: &Guard,
        name: &PackageName,
        version: Option<&str>,
        refusal: Option<Refusal>,
    ) -> Found {
        let now = app.gate.now();
        // A moment that is still to come is made up.
        let past = |at: Option<Timestamp>| at.filter(|at| *at <= now);
        let past_entry = |entry: &Entry| Entry { since: past(entry.since), ..entry.clone() };
        let decides = |id: &str| refusal.as_ref().is_some_and(|refusal| refusal.advisories.iter().any(|a| a == id));
        let records: Vec<Record> = guard.blocklist.rules(name).map_or_else(Vec::new, |rules| {
            let shown = |hits: &[Hit]| hits.iter().map(Hit::to_string).collect();
            let record = |of: blocklist::Record<'_>| Record {
                id: of.id.to_owned(),
                since: past(of.since),
                versions: shown(&of.hits),
                decides: decides(of.id),
            };
            rules.records().map(record).collect()
        });
        let entries: Vec<Listed> = (guard.policies().entries(name))
            .map(|(owner, entry)| Listed { owner, entry: past_entry(entry), ended: !entry.is_live(now) })
            .collect();
        let blocks = |listed: &Listed| !listed.ended && listed.entry.effect == Effect::Block;
        let deciding =
            app.gate.view(guard, name).deciding_entry(version).map(|(owner, entry)| (owner, past_entry(entry)));
        Found {
            name: name.clone(),
            version: version.map(str::to_owned),
            mixed: version.is_none() && (!records.is_empty() || entries.iter().any(blocks)),
            refusal,
            records,
            entries,
            organisation: guard.own.is_some(),
            deciding,
            knowledge: guard.knowledge,
        }
    }

    /// `npm evil-pkg 1.0.2`.
    pub(crate) fn subject(&self) -> String {
        refusal::subject(&self.name, self.version.as_deref())
    }

    /// The refusal has this reason.
    pub(crate) fn rests_on(&self, reason: Reason) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.reason == reason)
    }

    /// Since when there is what decides, where that is known: the entry, or the first of the records.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        match self.refusal.as_ref().map(|refusal| refusal.reason) {
            Some(Reason::Malware) => {
                self.records.iter().filter(|record| record.decides).filter_map(|record| record.since).min()
            }
            Some(Reason::Canary | Reason::UnreadableVersion | Reason::Contradiction) => None,
            None if self.mixed => None,
            Some(Reason::Policy | Reason::OrganisationPolicy) | None => {
                self.deciding.as_ref().and_then(|(_, entry)| entry.since)
            }
        }
    }

    /// Since when it is refused by what refuses it now.
    pub(crate) fn refused_since(&self) -> Option<Timestamp> {
        self.refusal.as_ref().and_then(|_| self.since())
    }

    /// What was decided and on what, in a few sentences. `reason` are the words for the refusal's reason.
    pub(crate) fn summary(&self, say: Say, reason: &str) -> String {
        let what = say.t(if self.version.is_some() { "why-this-release" } else { "why-every-release" });
        let decided = self.deciding.as_ref().map(|(owner, entry)| (*owner, entry.effect, entry.reason.as_str()));
        if self.refusal.is_some() {
            let refused = say.b("why-refused", ("what", what), ("reason", reason.to_owned()));
            let by_entry = self.rests_on(Reason::Policy) || self.rests_on(Reason::OrganisationPolicy);
            let since = self
                .since()
                .map(|at| say.a(if by_entry { "why-entry-since" } else { "why-record-since" }, "when", say.moment(at)));
            let block = decided.filter(|(_, effect, words)| by_entry && *effect == Effect::Block && !words.is_empty());
            let writes = block.map(|(owner, _, words)| match owner {
                Owner::Operator => say.a("why-operator-writes", "words", words),
                Owner::Organisation => say.a("why-organisation-writes", "words", words),
            });
            return [Some(refused), since, writes].into_iter().flatten().collect::<Vec<_>>().join(" ");
        }
        match decided {
            _ if self.mixed => say.t("why-mixed"),
            Some((Owner::Operator, Effect::Allow, _)) => say.a("why-allowed-by-operator", "what", what),
            Some((Owner::Organisation, Effect::Allow, _)) => say.a("why-allowed-by-organisation", "what", what),
            _ if self.knowledge == Knowledge::OwnEntriesOnly => {
                format!("{} {}", say.a("why-no-source", "what", what), say.t("why-not-looked-up"))
            }
            _ if self.organisation => {
                format!("{} {}", say.a("why-clear-of-both", "what", what), say.t("why-not-looked-up"))
            }
            // A name that was never asked for reads like one that everybody takes: to tell them apart would tell strangers
            // what is taken here, or have them send questions to the registry.
            _ => format!("{} {}", say.a("why-clear", "what", what), say.t("why-not-looked-up")),
        }
    }
}
