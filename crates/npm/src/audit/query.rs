//! Names and versions that an audit asks about.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use sekisho_core::{Ecosystem, PackageName, Version};

use super::{AuditError, MAX_NAMES, MAX_VERSION, MAX_VERSIONS};

/// What an audit asks about: each name with its versions, as the client spells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    packages: BTreeMap<PackageName, BTreeSet<Box<str>>>,
    versions: usize,
}

impl Query {
    /// Reads the body of npm's bulk request, `{"name": ["1.0.0", …], …}`. What can't be a registry's name or version
    /// (workspaces, links) is left out.
    pub fn parse(body: &[u8]) -> Result<Query, AuditError> {
        let asked: BTreeMap<String, Vec<String>> = serde_json::from_slice(body)?;
        let mut query = Query::default();
        for (name, versions) in &asked {
            versions.iter().try_for_each(|version| query.add(name, version))?;
        }
        Ok(query)
    }

    /// Adds one release. A version that can't be read is kept, as the decision may refuse it; see [`Query::forwarded`].
    pub(super) fn add(&mut self, name: &str, version: &str) -> Result<(), AuditError> {
        let (name, version) = release(name, version);
        let Ok(name) = PackageName::parse(Ecosystem::Npm, name) else { return Ok(()) };
        if version.is_empty() || version.len() > MAX_VERSION {
            return Ok(());
        }
        let full = self.packages.len() >= MAX_NAMES;
        let versions = match self.packages.entry(name) {
            Entry::Vacant(_) if full => return Err(AuditError::Names),
            entry => entry.or_default(),
        };
        self.versions += usize::from(versions.insert(version.into()));
        if self.versions > MAX_VERSIONS { Err(AuditError::Versions) } else { Ok(()) }
    }

    /// Every name with its versions, by name.
    pub fn packages(&self) -> impl Iterator<Item = (&PackageName, impl Iterator<Item = &str>)> {
        self.packages.iter().map(|(name, versions)| (name, versions.iter().map(|version| &**version)))
    }

    /// The release is asked about.
    pub(super) fn asks(&self, name: &PackageName, version: &str) -> bool {
        self.packages.get(name).is_some_and(|versions| versions.contains(version))
    }

    /// The name is asked about.
    pub fn has(&self, name: &PackageName) -> bool {
        self.packages.contains_key(name)
    }

    /// What of it another registry may be asked: the names that `keep` keeps, with the versions that are versions.
    /// Anything else (`git+ssh://…`, `file:…`) is a project's own and may say what nobody else should know; so may what
    /// stands behind a version's `+`, and it makes no difference to any range.
    pub fn forwarded(&self, keep: impl Fn(&PackageName) -> bool) -> Query {
        let is_version = |text: &str| Version::parse(Ecosystem::Npm, text).is_ok();
        let public = |versions: &BTreeSet<Box<str>>| {
            let versions = versions.iter().filter(|text| is_version(text));
            versions.map(|text| text.split('+').next().unwrap_or_default().into()).collect()
        };
        let kept = self.packages.iter().filter(|(name, _)| keep(name));
        let kept = kept.map(|(name, versions)| (name.clone(), public(versions)));
        let packages: BTreeMap<_, BTreeSet<_>> =
            kept.filter(|(_, versions): &(_, BTreeSet<_>)| !versions.is_empty()).collect();
        let versions = packages.values().map(BTreeSet::len).sum();
        Query { packages, versions }
    }

    /// Nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// The body that asks a registry the same; equal questions have equal bodies.
    pub fn render(&self) -> Vec<u8> {
        let body: serde_json::Map<String, serde_json::Value> = self
            .packages
            .iter()
            .map(|(name, versions)| (name.as_str().to_owned(), versions.iter().map(|v| v.as_ref()).collect()))
            .collect();
        serde_json::Value::Object(body).to_string().into_bytes()
    }
}

/// The release that a client means: for an alias, `npm:<name>@<version>`, the one behind it.
pub(super) fn release<'a>(name: &'a str, version: &'a str) -> (&'a str, &'a str) {
    let alias = version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'));
    alias.filter(|(name, _)| PackageName::parse(Ecosystem::Npm, name).is_ok()).unwrap_or((name, version))
}
