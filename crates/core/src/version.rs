//! Versions and their order. The only module that knows the crates behind it.
//!
//! Order is semver precedence for npm and PEP 440 for Python: OSV's events are compared by it. No range *syntax* lives
//! here: npm's `satisfies` and Python's specifiers leave pre-releases out, which would let something through.

mod loose;

use std::cmp::Ordering;

use crate::Ecosystem;

/// A version that could be parsed. Two versions of different ecosystems have no meaningful order.
#[derive(Clone, Debug)]
pub enum Version {
    /// Semantic versioning as npm reads it (strict, a leading `v` allowed, build metadata ignored).
    Npm(semver::Version),
    /// PEP 440, local versions included.
    Pypi(pep440_rs::Version),
}

/// The text is not a version of its ecosystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a version of its ecosystem")]
pub struct NotAVersion;

/// npm's `MAX_LENGTH`; PyPI has no longer ones either.
const MAX_VERSION: usize = 256;
/// npm's `Number.MAX_SAFE_INTEGER`: larger numbers make a version invalid.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl Version {
    /// Reads a version.
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Result<Version, NotAVersion> {
        if text.len() > MAX_VERSION {
            return Err(NotAVersion);
        }
        match ecosystem {
            Ecosystem::Npm => npm(text).map(Version::Npm),
            Ecosystem::Pypi => pypi(text).map(Version::Pypi),
        }
    }

    /// A release that a range like `^1` or `>=1` would not pick by default.
    pub fn is_prerelease(&self) -> bool {
        match self {
            Version::Npm(v) => !v.pre.is_empty(),
            Version::Pypi(v) => v.any_prerelease(),
        }
    }

    /// The canonical text: two versions are equal exactly if their keys are.
    pub fn key(&self) -> String {
        match self {
            Version::Npm(v) => semver::Version { build: semver::BuildMetadata::EMPTY, ..v.clone() }.to_string(),
            Version::Pypi(v) => v.clone().without_trailing_zeros(),
        }
    }

    /// The key of what clients take a text for when they pick a release: spaces around it count for nothing, and npm reads
    /// loosely (`v1.0.2`, `01.0.2`, `1.0.2beta`). For equality only: `None` where even so it is no version.
    pub fn picked_key(ecosystem: Ecosystem, text: &str) -> Option<String> {
        match ecosystem {
            Ecosystem::Npm => loose::key(text),
            Ecosystem::Pypi => Version::parse(ecosystem, text.trim()).ok().map(|version| version.key()),
        }
    }

    /// npm: the major number. PyPI: the first number of the release.
    pub fn major(&self) -> u64 {
        match self {
            Version::Npm(v) => v.major,
            Version::Pypi(v) => v.release().first().copied().unwrap_or(0),
        }
    }

    /// npm: the pre-release's channel, its first identifier that is not a number (`beta` of `1.0.0-beta.2`).
    pub fn channel(&self) -> Option<&str> {
        match self {
            Version::Npm(v) => {
                v.pre.split('.').find(|part| !part.is_empty() && !part.bytes().all(|b| b.is_ascii_digit()))
            }
            Version::Pypi(_) => None,
        }
    }
}

fn npm(text: &str) -> Result<semver::Version, NotAVersion> {
    let version = semver::Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|_| NotAVersion)?;
    let numbers = [version.major, version.minor, version.patch];
    if numbers.into_iter().any(|n| n > MAX_SAFE_INTEGER) || version.pre.split('.').any(is_unsafe_integer) {
        return Err(NotAVersion);
    }
    Ok(version)
}

/// npm takes such numbers in a pre-release and compares them as floats: several versions are one to it.
fn is_unsafe_integer(identifier: &str) -> bool {
    identifier.bytes().all(|b| b.is_ascii_digit())
        && !identifier.is_empty()
        && identifier.parse::<u64>().map_or(true, |n| n > MAX_SAFE_INTEGER)
}

fn pypi(text: &str) -> Result<pep440_rs::Version, NotAVersion> {
    let version: pep440_rs::Version = text.parse().map_err(|_| NotAVersion)?;
    // A number too large for 64 bits is an error everywhere but in a local version, where it is read as a word, and
    // words stand below numbers.
    let is_number = |segment: &pep440_rs::LocalSegment| match segment {
        pep440_rs::LocalSegment::String(word) => word.bytes().all(|b| b.is_ascii_digit()),
        pep440_rs::LocalSegment::Number(_) => false,
    };
    if version.local().iter().any(is_number) { Err(NotAVersion) } else { Ok(version) }
}

/// PEP 440 equality ignores zeros at the end of the release: `1.0` is `1`.
trait WithoutTrailingZeros {
    fn without_trailing_zeros(self) -> String;
}

impl WithoutTrailingZeros for pep440_rs::Version {
    fn without_trailing_zeros(self) -> String {
        let release = self.release();
        let kept = release.iter().rposition(|n| *n != 0).map_or(1, |last| last + 1);
        let short: Vec<u64> = release.iter().take(kept).copied().collect();
        self.with_release(short).to_string()
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        match (self, other) {
            (Version::Npm(a), Version::Npm(b)) => a.cmp_precedence(b),
            (Version::Pypi(a), Version::Pypi(b)) => a.cmp(b),
            (Version::Npm(_), Version::Pypi(_)) => Ordering::Less,
            (Version::Pypi(_), Version::Npm(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}
