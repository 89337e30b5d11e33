//! The decision. [`decide`] is the only place in the program where a release is allowed or refused.

mod entries;
mod view;

use crate::blocklist::Blocklist;
use crate::{Ecosystem, PackageName, Release, Timestamp};

pub use entries::{Effect, Entry, EntryError, MAX_REASON, Owner, Policies, Policy, is_tellable};
pub use view::NameView;

/// What was decided about a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be taken.
    Allow,
    /// It may not, and why.
    Refuse(Refusal),
}

/// Why a release is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason it is.
    pub reason: Reason,
    /// The records that it rests on, for [`Reason::Malware`]; ids in printable ASCII.
    pub advisories: Vec<String>,
}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// An advisory says that it is malicious.
    Malware,
    /// The operator blocks it.
    Policy,
    /// The caller's organisation blocks it.
    OrganisationPolicy,
    /// It is the canary, which is always refused.
    Canary,
    /// Its version can't be read, and its name has ranges that it might lie in.
    UnreadableVersion,
    /// The upstream's document contradicts itself about it (duplicate keys, another name or version, a shared file).
    Contradiction,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 6] = [
        Reason::Malware,
        Reason::Policy,
        Reason::OrganisationPolicy,
        Reason::Canary,
        Reason::UnreadableVersion,
        Reason::Contradiction,
    ];

    /// The stable text that the ledger and the JSON answers use.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Malware => "malware",
            Reason::Policy => "policy",
            Reason::OrganisationPolicy => "organisation_policy",
            Reason::Canary => "canary",
            Reason::UnreadableVersion => "unreadable_version",
            Reason::Contradiction => "contradiction",
        }
    }
}

impl Refusal {
    /// A refusal that rests on no record.
    pub fn of(reason: Reason) -> Refusal {
        Refusal { reason, advisories: Vec::new() }
    }

    /// The reason in a few words of printable ASCII: `malware (MAL-2026-1234)`, `the operator's policy`.
    pub fn words(&self) -> String {
        match self.reason {
            Reason::Malware => format!("malware ({})", self.shown_ids()),
            Reason::Policy => "the operator's policy".to_owned(),
            Reason::OrganisationPolicy => "the organisation's policy".to_owned(),
            Reason::Canary => "it is the canary, which is always refused".to_owned(),
            Reason::UnreadableVersion => "its version can't be read and the package has malicious ranges".to_owned(),
            Reason::Contradiction => "the registry's document contradicts itself about it".to_owned(),
        }
    }

    /// At most three ids: these texts travel in headers.
    fn shown_ids(&self) -> String {
        let shown = self.advisories.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.advisories.len().saturating_sub(3) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }
}

/// May this release be taken? The one decision: metadata hides what this refuses, artifacts are refused by it.
pub fn decide<'a>(
    release: &Release,
    blocklist: &'a Blocklist,
    policies: impl Into<Policies<'a>>,
    now: Timestamp,
) -> Verdict {
    NameView::new(&release.name, blocklist, policies, now).decide(Some(&release.version))
}

/// The canary's name: always refused, needs no upstream, shows people what a refusal looks like.
pub fn canary(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Npm => "@sekisho/canary",
        Ecosystem::Pypi => "sekisho-canary",
    }
}

/// The version of the canary's one release.
pub const CANARY_VERSION: &str = "1.0.0";

/// This name is a canary.
pub fn is_canary(name: &PackageName) -> bool {
    name.as_str() == canary(name.ecosystem())
}
