//! What a page says about its files, checked: the one place that makes a [`Project`] from outside data.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use sekisho_core::{Ecosystem, PackageName, Version};
use url::Url;

use super::doubles::{refuse_shared_urls, unique};
use super::{Entry, Page, Text};
use crate::filename;
use crate::project::{
    Contradiction, CoreMetadata, File, Hash, MAX_FILES, Project, ProjectError, State, Status, Yanked,
};

/// Longest URL accepted.
const MAX_URL: usize = 8_192;
/// Longest `Requires-Python` accepted, far above real ones.
const MAX_SPECIFIER: usize = 1_024;
/// Free text is cut here, in characters.
const MAX_REASON: usize = 1_000;
/// Longest version listed, as in [`Version::parse`].
const MAX_VERSION: usize = 256;
/// Longest digest: SHA-512 has 128 hexadecimal digits.
const MAX_DIGEST: usize = 256;
/// Most digests of one file.
const MAX_HASHES: usize = 16;

/// Checks a page. `base` is where its relative links start.
pub(super) fn project(name: &PackageName, page: Page<'_>, base: &Url) -> Result<Project, ProjectError> {
    if let Some(found) = &page.name
        && PackageName::parse(Ecosystem::Pypi, found).as_ref() != Ok(name)
    {
        return Err(ProjectError::OtherProject(quoted(found)));
    }
    if let Some(version) = &page.api_version
        && version.split('.').next().map(str::trim) != Some("1")
    {
        return Err(ProjectError::ApiVersion(quoted(version)));
    }
    if page.files.len() > MAX_FILES || page.versions.len() > MAX_FILES {
        return Err(ProjectError::TooMany);
    }
    let mut checker = Checker { name, base, last: None };
    let files: Vec<File> = page.files.into_iter().map(|entry| checker.file(entry)).collect();
    let (mut files, by_name) = unique(files);
    refuse_shared_urls(&mut files);
    let versions = versions(&page.versions, &files);
    Ok(Project::new(name.clone(), versions, status(page.status), files, by_name))
}

/// The file is a distribution of the page's own project.
pub(super) fn is_own(file: &File) -> bool {
    !matches!(file.contradiction, Some(Contradiction::OtherProject | Contradiction::UnsafeName))
}

struct Checker<'a> {
    name: &'a PackageName,
    base: &'a Url,
    /// The version read last: files of one version stand together.
    last: Option<(Box<str>, Option<Version>)>,
}

impl Checker<'_> {
    fn file(&mut self, entry: Entry<'_>) -> File {
        let parsed = filename::parse_with(self.name, &entry.filename, &mut |text| version(&mut self.last, text));
        let url = url(&entry.url, self.base);
        let hashes = hashes(&entry.hashes);
        let too_long = entry.requires_python.as_ref().is_some_and(|t| t.len() > MAX_SPECIFIER);
        let contradiction = if !filename::is_safe(&entry.filename) {
            Some(Contradiction::UnsafeName)
        } else if parsed.other_project {
            Some(Contradiction::OtherProject)
        } else if url.is_none() {
            Some(Contradiction::Url)
        } else if url.as_ref().is_some_and(|url| names_another_file(url, &entry.filename)) {
            Some(Contradiction::OtherFile)
        } else if hashes.is_none() {
            Some(Contradiction::Hash)
        } else if entry.malformed || too_long {
            Some(Contradiction::Malformed)
        } else {
            None
        };
        File {
            filename: cut(&entry.filename, filename::MAX_FILE_NAME),
            url,
            versions: parsed.versions,
            hashes: hashes.unwrap_or_default(),
            requires_python: entry.requires_python.filter(|_| !too_long).map(|t| t.into()),
            size: entry.size,
            upload_time: entry.upload_time.filter(|t| is_time(t)).map(|t| t.into()),
            yanked: match entry.yanked {
                None => Yanked::No,
                Some(reason) if reason.is_empty() => Yanked::Yes,
                Some(reason) => Yanked::Because(cut(&reason, MAX_REASON)),
            },
            core_metadata: match entry.core_metadata {
                None => CoreMetadata::Absent,
                Some(list) => match hashes_or_none(&list) {
                    Some(list) => CoreMetadata::Hashed(list),
                    None => CoreMetadata::Present,
                },
            },
            gpg_sig: entry.gpg_sig,
            provenance: entry.provenance.as_deref().and_then(provenance),
            contradiction,
        }
    }
}

/// Parses a version, remembering the last one.
fn version(last: &mut Option<(Box<str>, Option<Version>)>, text: &str) -> Option<Version> {
    match last {
        Some((known, version)) if &**known == text => version.clone(),
        _ => {
            let version = Version::parse(Ecosystem::Pypi, text).ok();
            *last = Some((text.into(), version.clone()));
            version
        }
    }
}

/// An absolute http(s) URL without user info; the fragment is removed.
fn url(text: &str, base: &Url) -> Option<Url> {
    if text.len() > MAX_URL {
        return None;
    }
    let mut url = base.join(text).ok()?;
    let fetchable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !fetchable || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_fragment(None);
    Some(url)
}

/// The URL's last segment is a distribution's file name, and not this one: what is decided on and what is delivered
/// would be two files. An opaque URL (`/download?id=1`) says nothing and passes.
fn names_another_file(url: &Url, filename: &str) -> bool {
    let last = last_segment(url);
    last != filename && filename::split(&last).is_some()
}

/// The decoded end of the URL's path.
pub(super) fn last_segment(url: &Url) -> Cow<'_, str> {
    // A URL with a host has a path, and that starts with a slash.
    let last = url.path().rsplit('/').next().unwrap_or_default();
    match last.contains('%') {
        true => percent_decode_str(last).decode_utf8_lossy(),
        // A parsed URL is ASCII: what is not encoded means itself.
        false => Cow::Borrowed(last),
    }
}

/// The index's own list; without one, the versions of the files in their order.
fn versions(listed: &[Text<'_>], files: &[File]) -> Vec<Box<str>> {
    if listed.is_empty() {
        let mut found: BTreeMap<&Version, &str> = BTreeMap::new();
        let own = files.iter().filter(|f| f.contradiction.is_none());
        for candidate in own.filter_map(|f| f.versions.first()) {
            if let Some(version) = &candidate.version {
                found.entry(version).or_insert(&candidate.text);
            }
        }
        return found.into_values().map(Into::into).collect();
    }
    let plausible = |v: &&Text<'_>| v.len() <= MAX_VERSION && v.bytes().all(|b| b.is_ascii_graphic());
    listed.iter().filter(plausible).map(|v| v.as_ref().into()).collect()
}

fn status(found: Option<(Text<'_>, Option<Text<'_>>)>) -> Option<Status> {
    let (state, reason) = found?;
    Some(Status { state: State::parse(&state)?, reason: reason.map(|r| cut(&r, MAX_REASON)) })
}

/// `None` if one of them is not hexadecimal, or an algorithm stands twice with two values.
fn hashes(list: &[(Text<'_>, Text<'_>)]) -> Option<Vec<Hash>> {
    if list.len() > MAX_HASHES {
        return None;
    }
    let mut read: Vec<Hash> = Vec::with_capacity(list.len());
    for (algorithm, value) in list {
        let named = (1..=32).contains(&algorithm.len())
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let digest = (1..=MAX_DIGEST).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit());
        if !named || !digest || read.iter().any(|h| *h.algorithm == **algorithm && *h.value != **value) {
            return None;
        }
        read.push(Hash { algorithm: algorithm.as_ref().into(), value: value.as_ref().into() });
    }
    read.sort();
    read.dedup();
    Some(read)
}

/// Digests of metadata: unreadable ones count as none.
fn hashes_or_none(list: &[(Text<'_>, Text<'_>)]) -> Option<Vec<Hash>> {
    hashes(list).filter(|list| !list.is_empty())
}

/// PEP 700's times are ASCII; anything else is left out.
fn is_time(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":.+-".contains(&b))
}

/// Only https URLs without user info are passed on: they lead to the upstream itself, and a client may follow them.
fn provenance(text: &str) -> Option<Box<str>> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= MAX_URL)?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    plain.then(|| String::from(url).into())
}

fn cut(text: &str, characters: usize) -> Box<str> {
    text.char_indices().nth(characters).and_then(|(at, _)| text.get(..at)).unwrap_or(text).into()
}

/// At most 80 characters for an error's text; `Debug` escapes the rest.
fn quoted(text: &str) -> String {
    text.chars().take(80).collect()
}
