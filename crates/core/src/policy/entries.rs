//! Entries: what the operator, or an organisation for its own people, says about releases.

use std::collections::HashMap;

use crate::{PackageName, PackageUrl, Timestamp, Version};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about: a release, or every release of a name.
    pub target: PackageUrl,
    /// What it says.
    pub effect: Effect,
    /// Why, in the words of whoever made it. Shown on the page that explains, never in a refusal's text; a warning's is
    /// what people read.
    pub reason: String,
    /// When it ends; a blocking entry may have an end too.
    pub expires: Option<Timestamp>,
    /// Since when it stands, where that is known. It is shown, and decides nothing.
    pub since: Option<Timestamp>,
}

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Refuse, whatever the feeds say.
    Block,
    /// Allow, whatever the feeds say.
    Allow,
    /// Decide nothing, but tell people the reason where their client shows it.
    Warn,
}

/// Whose entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The operator's, for everybody.
    Operator,
    /// The caller's organisation's, for its own people and pipelines.
    Organisation,
}

/// One list of entries, by name: the operator's, or an organisation's. They survive reloads of the feeds.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    entries: HashMap<PackageName, Vec<Entry>>,
}

/// The lists that count for a caller.
#[derive(Clone, Copy, Debug)]
pub struct Policies<'a> {
    /// The operator's.
    pub operator: &'a Policy,
    /// That of the caller's organisation, if it has one.
    pub organisation: Option<&'a Policy>,
}

/// Why something can't be an organisation's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The reason is missing, too long, or no line of text.
    #[error(
        "a reason has 1 to 300 characters, without line breaks, control characters and characters that turn the direction of writing"
    )]
    Reason,
    /// A warning's reason is not what every client can print.
    #[error("a warning's reason has 1 to 200 characters of printable ASCII, because clients print it")]
    Warning,
    /// The package URL's version is too long.
    #[error("a package URL's version has at most 256 characters")]
    Version,
}

/// Longest reason of an organisation's entry, in characters.
pub const MAX_REASON: usize = 300;
/// Longest reason of a warning, in characters.
const MAX_WARNING: usize = 200;
/// Longest version, in bytes.
const MAX_VERSION: usize = 256;

impl Effect {
    /// Every effect, in the order in which they are shown.
    pub const ALL: [Effect; 3] = [Effect::Block, Effect::Allow, Effect::Warn];

    /// As lists, answers and the command line write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Block => "block",
            Effect::Allow => "allow",
            Effect::Warn => "warn",
        }
    }

    /// Reads what [`Effect::as_str`] writes.
    pub fn parse(text: &str) -> Option<Effect> {
        Self::ALL.into_iter().find(|effect| effect.as_str() == text)
    }
}

impl Entry {
    /// An entry of an organisation's. Its texts are shown to others in many places, so they are bounded. Since when it
    /// stands is known once it is stored.
    pub fn of_organisation(
        effect: Effect,
        target: PackageUrl,
        reason: &str,
        expires: Option<Timestamp>,
    ) -> Result<Entry, EntryError> {
        if target.version.as_deref().is_some_and(|version| version.len() > MAX_VERSION) {
            return Err(EntryError::Version);
        }
        let reason = reason.trim();
        match effect {
            Effect::Warn if !is_tellable(reason) => Err(EntryError::Warning),
            _ if !is_line(reason) => Err(EntryError::Reason),
            _ => Ok(Entry { target, effect, reason: reason.to_owned(), expires, since: None }),
        }
    }

    /// It counts at this moment.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    /// It is about exactly this version.
    pub(super) fn is_about(&self, version: &str) -> bool {
        self.target.version.as_deref().is_some_and(|own| same(&self.target.name, own, version))
    }
}

/// A warning's reason travels in a header and ends on terminals.
pub fn is_tellable(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_WARNING && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_REASON && !text.chars().any(|c| c.is_control() || turns(c))
}

/// Separators of lines, and what has the text behind it read in another direction than it stands in.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Two version texts name the same release, by the ecosystem's equality.
fn same(name: &PackageName, a: &str, b: &str) -> bool {
    let key = |text| Version::picked_key(name.ecosystem(), text);
    match (key(a), key(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

impl Policy {
    /// Takes the entries.
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

    /// What people are to read about a release that they may take: an entry for exactly this version before one for the
    /// name.
    pub fn warning(&self, name: &PackageName, version: &str, now: Timestamp) -> Option<&Entry> {
        let warnings = || self.entries(name).iter().filter(|e| e.effect == Effect::Warn && e.is_live(now));
        let exact = warnings().find(|e| e.is_about(version));
        exact.or_else(|| warnings().find(|e| e.target.version.is_none()))
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

impl<'a> Policies<'a> {
    /// The entries about a name, ended ones too, and whose each is.
    pub fn entries(self, name: &PackageName) -> impl Iterator<Item = (Owner, &'a Entry)> {
        let operators = self.operator.entries(name).iter().map(|entry| (Owner::Operator, entry));
        operators.chain(self.own(name).iter().map(|entry| (Owner::Organisation, entry)))
    }

    /// What people are to read about a release that they may take; the operator's warning before the organisation's.
    pub fn warning(self, name: &PackageName, version: &str, now: Timestamp) -> Option<&'a Entry> {
        let own = || self.organisation.and_then(|policy| policy.warning(name, version, now));
        self.operator.warning(name, version, now).or_else(own)
    }

    /// The organisation's entries about a name.
    pub(super) fn own(self, name: &PackageName) -> &'a [Entry] {
        self.organisation.map_or(&[], |policy| policy.entries(name))
    }
}

impl<'a> From<&'a Policy> for Policies<'a> {
    /// Those of a caller who belongs to no organisation.
    fn from(operator: &'a Policy) -> Policies<'a> {
        Policies { operator, organisation: None }
    }
}
