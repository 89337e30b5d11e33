//! The package ecosystems that the checkpoint speaks for.

use std::fmt;

/// A package ecosystem. Its text is what paths, package URLs and the ledger use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ecosystem {
    /// The npm registry's packages.
    Npm,
    /// Python packages of a simple index.
    Pypi,
}

impl Ecosystem {
    /// Every ecosystem, in the order in which they are shown.
    pub const ALL: [Ecosystem; 2] = [Ecosystem::Npm, Ecosystem::Pypi];

    /// The package URL type: `npm` or `pypi`.
    pub fn as_str(self) -> &'static str {
        match self {
            Ecosystem::Npm => "npm",
            Ecosystem::Pypi => "pypi",
        }
    }

    /// The name as people write it: `npm` or `PyPI`. Also OSV's `affected[].package.ecosystem`.
    pub fn label(self) -> &'static str {
        match self {
            Ecosystem::Npm => "npm",
            Ecosystem::Pypi => "PyPI",
        }
    }

    /// Reads the package URL type.
    pub fn parse(text: &str) -> Option<Ecosystem> {
        Self::ALL.into_iter().find(|e| e.as_str() == text)
    }

    /// Reads OSV's ecosystem name (`npm`, `PyPI`; a suffix after `:` is a sub-registry and not ours).
    pub fn from_osv(text: &str) -> Option<Ecosystem> {
        Self::ALL.into_iter().find(|e| e.label() == text)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
