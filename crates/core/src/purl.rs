//! Releases and package URLs (`pkg:npm/%40scope/name@1.0.0`, by the purl specification).

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::name::NameError;
use crate::{Ecosystem, PackageName};

/// One release: a name and the version's text as the upstream's document spells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    /// The package.
    pub name: PackageName,
    /// The version's text; it may be one that can't be parsed.
    pub version: Box<str>,
}

/// A package URL: a name, with or without a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackageUrl {
    /// The package.
    pub name: PackageName,
    /// The version, if one is given.
    pub version: Option<Box<str>>,
}

/// Why a text is not a package URL of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurlError {
    /// It does not start with `pkg:`.
    #[error("a package URL starts with pkg:npm/ or pkg:pypi/")]
    Scheme,
    /// Its type is neither `npm` nor `pypi`.
    #[error("the package URL's type {0:?} is neither npm nor pypi")]
    Type(String),
    /// It has qualifiers or a subpath, which name no release.
    #[error("a package URL here has no qualifiers and no subpath")]
    Qualifiers,
    /// Its version is empty or not UTF-8.
    #[error("the package URL's version is not readable")]
    Version,
    /// Its name is none.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// What stays as it is in a purl's segments; everything else is percent-encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');

impl Release {
    /// A release of `name` at `version`.
    pub fn new(name: PackageName, version: &str) -> Release {
        Release { name, version: version.into() }
    }

    /// This release's package URL.
    pub fn purl(&self) -> PackageUrl {
        PackageUrl { name: self.name.clone(), version: Some(self.version.clone()) }
    }
}

impl PackageUrl {
    /// Reads `pkg:npm/name@1.0.0`, `pkg:npm/%40scope/name`, `pkg:npm/@scope/name@1`, `pkg:pypi/name@1.0`.
    pub fn parse(text: &str) -> Result<PackageUrl, PurlError> {
        let rest = text.strip_prefix("pkg:").ok_or(PurlError::Scheme)?.trim_start_matches('/');
        if rest.contains(['?', '#']) {
            return Err(PurlError::Qualifiers);
        }
        let (kind, rest) = rest.split_once('/').ok_or(PurlError::Scheme)?;
        let ecosystem = Ecosystem::parse(&kind.to_ascii_lowercase())
            .ok_or_else(|| PurlError::Type(kind.chars().take(20).collect()))?;
        let (name, version) = match rest.rfind('@') {
            Some(at) if at > 0 => (&rest[..at], Some(&rest[at + 1..])),
            _ => (rest, None),
        };
        let decode = |part: &str| percent_decode_str(part).decode_utf8().map(|t| t.into_owned()).ok();
        let name = decode(name).ok_or(NameError::Character)?;
        let version = match version.map(|v| decode(v).filter(|v| !v.is_empty())) {
            Some(None) => return Err(PurlError::Version),
            Some(Some(v)) => Some(v.into()),
            None => None,
        };
        Ok(PackageUrl { name: PackageName::parse(ecosystem, &name)?, version })
    }
}

impl fmt::Display for PackageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}", self.name.ecosystem())?;
        for segment in self.name.as_str().split('/') {
            write!(f, "/{}", utf8_percent_encode(segment, SEGMENT))?;
        }
        match &self.version {
            Some(version) => write!(f, "@{}", utf8_percent_encode(version, SEGMENT)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_are_read_and_written() {
        for (text, shown) in [
            ("pkg:npm/left-pad@1.3.0", "pkg:npm/left-pad@1.3.0"),
            ("pkg:npm/@types/node@20.1.0", "pkg:npm/%40types/node@20.1.0"),
            ("pkg:npm/%40types/node", "pkg:npm/%40types/node"),
            ("pkg:npm/@types/node", "pkg:npm/%40types/node"),
            ("pkg:pypi/Flask_Login@1.0%2Blocal", "pkg:pypi/flask-login@1.0%2Blocal"),
            ("pkg:pypi/x@1!2.0", "pkg:pypi/x@1%212.0"),
        ] {
            assert_eq!(PackageUrl::parse(text).map(|p| p.to_string()).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn purls_of_other_shapes_are_refused() {
        for bad in ["npm/left-pad", "pkg:gem/rails@1", "pkg:npm/a@", "pkg:npm/a@1?x=y", "pkg:npm/", "pkg:npm/../x"] {
            assert!(PackageUrl::parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}
