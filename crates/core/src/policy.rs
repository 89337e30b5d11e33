//! The decision. [`decide`] is the only place in the program where a release is allowed or refused.

use std::collections::HashMap;

use crate::blocklist::{Blocklist, Rules};
use crate::{Ecosystem, PackageName, PackageUrl, Release, Timestamp};

/// The operator's own entries. They come before every feed and survive its reloads.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    entries: HashMap<PackageName, Vec<Entry>>,
}

/// One entry of the operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about: a release, or every release of a name.
    pub target: PackageUrl,
    /// What it says.
    pub effect: Effect,
    /// Why, in the operator's words. Shown on the page that explains, never in a refusal's text; a warning's is what
    /// people read.
    pub reason: String,
    /// When it ends; a blocking entry may have an end too.
    pub expires: Option<Timestamp>,
}

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Refuse, whatever the feeds say.
    Block,
    /// Allow, whatever the feeds say.
    Allow,
    /// Decide nothing, but tell people the reason where their client shows it.
    Warn,
}

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
    /// It is the canary, which is always refused.
    Canary,
    /// Its version can't be read, and its name has ranges that it might lie in.
    UnreadableVersion,
    /// The upstream's document contradicts itself about it (duplicate keys, another name or version, a shared file).
    Contradiction,
}

impl Reason {
    /// The stable text that the ledger and the JSON answers use.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Malware => "malware",
            Reason::Policy => "policy",
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

/// Everything that is known about one name, looked up once. [`decide`] for many versions of a name goes through it.
#[derive(Clone, Debug)]
pub struct NameView<'a> {
    canary: bool,
    own: &'a [Entry],
    rules: Option<Rules<'a>>,
    now: Timestamp,
}

/// May this release be taken? The one decision: metadata hides what this refuses, artifacts are refused by it.
pub fn decide(release: &Release, blocklist: &Blocklist, policy: &Policy, now: Timestamp) -> Verdict {
    NameView::new(&release.name, blocklist, policy, now).decide(Some(&release.version))
}

impl<'a> NameView<'a> {
    /// Looks a name up.
    pub fn new(name: &PackageName, blocklist: &'a Blocklist, policy: &'a Policy, now: Timestamp) -> NameView<'a> {
        NameView {
            canary: is_canary(name),
            own: policy.entries.get(name).map_or(&[], Vec::as_slice),
            rules: blocklist.rules(name),
            now,
        }
    }

    /// Nothing is known about this name: every release of it is allowed.
    pub fn is_clear(&self) -> bool {
        !self.canary && self.own.is_empty() && self.rules.is_none()
    }

    /// The verdict on one version, or (`None`) on the whole name: the name is refused if every version of it,
    /// known or not, is refused.
    pub fn decide(&self, version: Option<&str>) -> Verdict {
        if self.canary {
            return Verdict::Refuse(Refusal::of(Reason::Canary));
        }
        if version.is_none() && self.allows_some_release() {
            return Verdict::Allow;
        }
        match self.own_entry(version) {
            Some(Effect::Allow) => return Verdict::Allow,
            Some(Effect::Block) => return Verdict::Refuse(Refusal::of(Reason::Policy)),
            Some(Effect::Warn) | None => {}
        }
        match (&self.rules, version) {
            (None, _) => Verdict::Allow,
            (Some(rules), Some(version)) => rules.decide(version),
            (Some(rules), None) => rules.decide_every(),
        }
    }

    /// When this view's verdicts may change by themselves: the next end of one of the operator's entries.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.live().filter_map(|entry| entry.expires).min()
    }

    /// The operator's entry that decides: one for exactly this version before one for the name, and blocking before
    /// allowing where both stand at the same level.
    fn own_entry(&self, version: Option<&str>) -> Option<Effect> {
        let exact =
            |e: &&Entry| e.target.version.as_deref().is_some_and(|v| version.is_some_and(|w| same(&e.target, v, w)));
        let whole = |e: &&Entry| e.target.version.is_none();
        let strictest = |entries: Vec<&Entry>| {
            let blocks = entries.iter().any(|e| e.effect == Effect::Block);
            entries.first().map(|_| if blocks { Effect::Block } else { Effect::Allow })
        };
        strictest(self.deciding().filter(exact).collect())
            .or_else(|| strictest(self.deciding().filter(whole).collect()))
    }

    /// The operator allows a release, or all of them: then the name as a whole is not refused, whatever else is.
    fn allows_some_release(&self) -> bool {
        let mut allowing = self.deciding().filter(|e| e.effect == Effect::Allow);
        allowing.any(|e| self.own_entry(e.target.version.as_deref()) == Some(Effect::Allow))
    }

    /// Those that say yes or no.
    fn deciding(&self) -> impl Iterator<Item = &'a Entry> {
        self.live().filter(|e| e.effect != Effect::Warn)
    }

    fn live(&self) -> impl Iterator<Item = &'a Entry> {
        let now = self.now;
        self.own.iter().filter(move |e| e.expires.is_none_or(|end| now < end))
    }
}

/// Two version texts name the same release, by the ecosystem's equality.
fn same(target: &PackageUrl, a: &str, b: &str) -> bool {
    let key = |text| crate::Version::picked_key(target.name.ecosystem(), text);
    match (key(a), key(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

impl Policy {
    /// Takes the operator's entries.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Policy {
        let mut by_name: HashMap<PackageName, Vec<Entry>> = HashMap::new();
        for entry in entries {
            by_name.entry(entry.target.name.clone()).or_default().push(entry);
        }
        Policy { entries: by_name }
    }

    /// The entries about a name, ended ones too.
    pub fn entries(&self, name: &PackageName) -> &[Entry] {
        self.entries.get(name).map_or(&[], Vec::as_slice)
    }

    /// What the operator wants people to read about a release that they may take: an entry for exactly this version before
    /// one for the name.
    pub fn warning(&self, name: &PackageName, version: &str, now: Timestamp) -> Option<&Entry> {
        let live = |e: &&Entry| e.effect == Effect::Warn && e.expires.is_none_or(|end| now < end);
        let warnings = || self.entries(name).iter().filter(live);
        let exact = |e: &&Entry| e.target.version.as_deref().is_some_and(|v| same(&e.target, v, version));
        warnings().find(exact).or_else(|| warnings().find(|e| e.target.version.is_none()))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.values().map(Vec::len).sum()
    }

    /// There is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
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
