//! What people read when something is refused. Made of id, name and version in printable ASCII, never of an advisory's
//! prose or anything else that a stranger wrote at length.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_core::policy::Refusal;
use sekisho_core::{PackageName, PackageUrl};

use crate::http::{Origin, Problem};

/// What stays readable in the path of a `/why` page.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@').remove(b'/');

/// The refusal of a release (`version`) or of a whole name.
pub fn problem(name: &PackageName, version: Option<&str>, refusal: &Refusal, origin: &Origin) -> Problem {
    let purl = PackageUrl { name: name.clone(), version: version.map(Into::into) };
    let detail =
        format!("{}. Why, and what to do: {}", blocked(name, version, refusal), why_url(name, version, origin));
    Problem::blocked(purl, refusal.advisories.clone(), detail, phrase(refusal))
}

/// `npm evil-pkg 1.0.2 is blocked: malware (MAL-2026-1234)`.
pub fn blocked(name: &PackageName, version: Option<&str>, refusal: &Refusal) -> String {
    format!("{} is blocked: {}", subject(name, version), refusal.words())
}

/// `npm evil-pkg 1.0.2`.
pub fn subject(name: &PackageName, version: Option<&str>) -> String {
    let label = name.ecosystem().label();
    match version {
        Some(version) => format!("{label} {name} {}", printable(version)),
        None => format!("{label} {name}"),
    }
}

/// What npm prints about a release that may be taken, in the operator's words: printable ASCII by the policy file's rule.
pub fn warning(name: &PackageName, version: &str, reason: &str, origin: &Origin) -> String {
    format!("{}: {reason} {}", subject(name, Some(version)), why_url(name, Some(version), origin))
}

/// The HTTP/1.1 reason phrase: pip, uv, Poetry, pnpm 10 and Yarn 4 show nothing else.
pub fn phrase(refusal: &Refusal) -> String {
    format!("Blocked by Sekisho: {}", refusal.words())
}

/// The reason that a yanked file carries: resolvers print it when they pass over the file.
pub fn yanked_reason(name: &PackageName, version: Option<&str>, refusal: &Refusal, origin: &Origin) -> String {
    format!("Blocked by Sekisho: {}. Why, and what to do: {}", refusal.words(), why_url(name, version, origin))
}

/// The page that explains a verdict.
pub fn why_url(name: &PackageName, version: Option<&str>, origin: &Origin) -> String {
    format!("{}{}", origin.pages, why_path(name, version))
}

/// The same page, for links within the checkpoint's own pages.
pub fn why_path(name: &PackageName, version: Option<&str>) -> String {
    let base = format!("/why/{}/{}", name.ecosystem(), utf8_percent_encode(name.as_str(), PATH));
    match version {
        Some(version) => format!("{base}/{}", utf8_percent_encode(version, NON_SLASH)),
        None => base,
    }
}

/// A version is one path segment.
const NON_SLASH: &AsciiSet = &PATH.add(b'/').add(b'@').remove(b'+').remove(b'!');

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).take(100).collect()
}
