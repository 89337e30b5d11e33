//! Which upstream a name belongs to. A name that belongs to a private upstream is never asked from another one, whatever
//! that upstream answers: otherwise whoever registers the name in public would be installed instead (dependency
//! confusion).

use std::fmt;
use std::sync::Arc;

use sekisho_core::{Ecosystem, PackageName};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::{FetchError, Unavailable};
use crate::source::{SourceState, Upstream};

/// The names of a private upstream: `@acme/*`, `acme-*` or one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Lower case, and for Python normalised, so that no spelling of a private name slips by to a public registry.
    text: String,
    /// The text is the beginning of the names.
    open: bool,
}

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing before the `*`.
    #[error("a pattern that holds every name: name the scope or the beginning, such as \"@acme/*\" or \"acme-*\"")]
    Everything,
    /// Something that no package is called.
    #[error("not a package name, and not a name's beginning followed by one \"*\"")]
    NotAName,
}

impl Pattern {
    /// Reads a pattern; `*` may stand at the end only.
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Result<Pattern, PatternError> {
        let (text, open) = match text.strip_suffix('*') {
            Some(beginning) => (beginning, true),
            None => (text, false),
        };
        if text.is_empty() || text == "@" {
            return Err(PatternError::Everything);
        }
        if text.contains('*') {
            return Err(PatternError::NotAName);
        }
        // A letter stands for the rest of a name, so that the same rules hold for its beginning.
        let whole = if open { format!("{text}x") } else { text.to_owned() };
        let name = PackageName::parse(ecosystem, &whole).map_err(|_| PatternError::NotAName)?;
        let name = name.as_str().to_ascii_lowercase();
        let text = if open { name[..name.len() - 1].to_owned() } else { name };
        Ok(Pattern { text, open })
    }

    fn holds(&self, name: &str) -> bool {
        if self.open { name.starts_with(&self.text) } else { name == self.text }
    }

    /// One name goes before a beginning, and a longer beginning before a shorter one.
    fn weight(&self) -> (bool, usize) {
        (!self.open, self.text.len())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.text, if self.open { "*" } else { "" })
    }
}

/// A private upstream and the names that are its own.
#[derive(Clone, Debug)]
pub struct Private {
    /// What the operator calls it.
    pub label: Arc<str>,
    /// Its names.
    pub patterns: Vec<Pattern>,
    /// Where it is.
    pub upstream: Arc<Upstream>,
}

/// The upstreams of one ecosystem.
#[derive(Clone, Debug)]
pub struct Routes {
    common: watch::Receiver<SourceState>,
    private: Arc<[Private]>,
}

impl Routes {
    /// Private upstreams, and the one that every other name belongs to.
    pub fn new(common: watch::Receiver<SourceState>, private: Vec<Private>) -> Routes {
        Routes { common, private: private.into() }
    }

    /// The private upstream that a name belongs to.
    pub fn private(&self, name: &PackageName) -> Option<&Private> {
        if self.private.is_empty() {
            return None;
        }
        let name = name.as_str().to_ascii_lowercase();
        let holding = |private: &&Private| weight_for(private, &name).is_some();
        self.private.iter().filter(holding).max_by_key(|private| weight_for(private, &name))
    }

    /// There is at least one private upstream.
    pub fn has_private(&self) -> bool {
        !self.private.is_empty()
    }

    /// What is known of the upstream that a name belongs to.
    pub fn state(&self, name: &PackageName) -> SourceState {
        match self.private(name) {
            Some(private) => SourceState::Ready(private.upstream.clone()),
            None => self.common(),
        }
    }

    /// What is known of the upstream that every other name belongs to.
    pub fn common(&self) -> SourceState {
        self.common.borrow().clone()
    }

    /// A name's upstream, once it is known; waits until `until`.
    pub async fn known(&self, name: &PackageName, until: Instant) -> Result<Arc<Upstream>, FetchError> {
        if let Some(private) = self.private(name) {
            return Ok(private.upstream.clone());
        }
        let mut source = self.common.clone();
        let known = source.wait_for(|state| !matches!(state, SourceState::Discovering));
        match tokio::time::timeout_at(until, known).await {
            Ok(Ok(state)) => match &*state {
                SourceState::Ready(upstream) => Ok(Arc::clone(upstream)),
                SourceState::Off(message) => Err(FetchError::Off(message.clone())),
                SourceState::Discovering => Err(FetchError::Unavailable(Unavailable::Discovering)),
            },
            Ok(Err(_)) | Err(_) => Err(FetchError::Unavailable(Unavailable::Discovering)),
        }
    }
}

/// How closely an upstream's patterns describe a name; `None` if it is not one of its names.
fn weight_for(private: &Private, name: &str) -> Option<(bool, usize)> {
    private.patterns.iter().filter(|pattern| pattern.holds(name)).map(Pattern::weight).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ecosystem::{Npm, Pypi};

    fn private(ecosystem: Ecosystem, label: &str, patterns: &[&str]) -> Private {
        let patterns = patterns.iter().map(|text| Pattern::parse(ecosystem, text).unwrap()).collect();
        let upstream = Upstream::new(ecosystem, &format!("https://{label}.example/")).unwrap();
        Private { label: label.into(), patterns, upstream: Arc::new(upstream) }
    }

    fn owner(routes: &Routes, ecosystem: Ecosystem, name: &str) -> Option<String> {
        let name = PackageName::parse(ecosystem, name).unwrap();
        routes.private(&name).map(|private| private.label.to_string())
    }

    fn routes(private: Vec<Private>) -> Routes {
        Routes::new(watch::channel(SourceState::Discovering).1, private)
    }

    #[test]
    fn the_closest_pattern_owns_a_name() {
        let npm = routes(vec![
            private(Npm, "acme", &["@acme/*", "acme-*"]),
            private(Npm, "core", &["@acme/core", "acme-core-*"]),
        ]);
        let owner = |name: &str| owner(&npm, Npm, name);
        assert_eq!(owner("@acme/tools").as_deref(), Some("acme"));
        assert_eq!(owner("@acme/core").as_deref(), Some("core"));
        assert_eq!(owner("acme-core-x").as_deref(), Some("core"));
        assert_eq!(owner("acme-corex").as_deref(), Some("acme"));
        for public in ["express", "acme", "@acmex/tools", "@other/acme-x"] {
            assert_eq!(owner(public), None, "{public}");
        }
    }

    #[test]
    fn no_spelling_of_a_private_name_slips_by() {
        let npm = routes(vec![private(Npm, "acme", &["@Acme/*"])]);
        assert!(owner(&npm, Npm, "@acme/x").is_some());
        assert!(owner(&npm, Npm, "@ACME/x").is_some());
        let pypi = routes(vec![private(Pypi, "acme", &["Acme_*", "corp.tools"])]);
        for name in ["acme-x", "ACME__x", "acme.x", "Corp-Tools", "corp_tools"] {
            assert!(owner(&pypi, Pypi, name).is_some(), "{name}");
        }
        assert!(owner(&pypi, Pypi, "acmex").is_none());
    }

    #[test]
    fn a_pattern_for_everything_is_refused() {
        for text in ["*", "@*", ""] {
            assert_eq!(Pattern::parse(Npm, text), Err(PatternError::Everything), "{text}");
        }
        for text in ["a*b", "@acme", "a b", "../x", "@acme/*/*"] {
            assert_eq!(Pattern::parse(Npm, text), Err(PatternError::NotAName), "{text}");
        }
    }
}
