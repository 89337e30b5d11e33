//! A distribution's file name: what kind it is, which project's, and which version it may be.

use sekisho_core::{Ecosystem, PackageName, Version};

/// One reading of the version in a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The version's text as the file name spells it.
    pub text: Box<str>,
    /// The parsed version; `None` where no reading of the file name is a PEP 440 version.
    pub version: Option<Version>,
}

/// What a file's extension says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dist {
    /// `.whl` (binary distribution format).
    Wheel,
    /// An archive of sources; `bdist_dumb` archives look the same.
    Sdist,
    /// `.egg` of setuptools.
    Egg,
    /// `.exe` and `.msi` of distutils.
    Installer,
    /// `.rpm`.
    Rpm,
    /// `.deb`.
    Deb,
}

/// What a file name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Every version that the file may be; empty if no part of the name can be one.
    pub versions: Vec<Candidate>,
    /// The name in the file name is not this project's.
    pub other_project: bool,
}

/// Longest file name accepted, in bytes: what file systems take.
pub const MAX_FILE_NAME: usize = 255;

/// Readings of one file name that are kept.
const MAX_CANDIDATES: usize = 4;

/// Every extension that is a distribution's, compared without regard to case.
const EXTENSIONS: &[(&str, Dist)] = &[
    (".whl", Dist::Wheel),
    (".tar.gz", Dist::Sdist),
    (".tgz", Dist::Sdist),
    (".zip", Dist::Sdist),
    (".tar.bz2", Dist::Sdist),
    (".tbz", Dist::Sdist),
    (".tar.xz", Dist::Sdist),
    (".txz", Dist::Sdist),
    (".tar.zst", Dist::Sdist),
    (".tar.lzma", Dist::Sdist),
    (".tar.lz", Dist::Sdist),
    (".tlz", Dist::Sdist),
    (".tar.z", Dist::Sdist),
    (".tar", Dist::Sdist),
    (".egg", Dist::Egg),
    (".exe", Dist::Installer),
    (".msi", Dist::Installer),
    (".dmg", Dist::Installer),
    (".rpm", Dist::Rpm),
    (".deb", Dist::Deb),
];

/// How `bdist_dumb` and `bdist_wininst` start the platform that follows the version.
const PLATFORMS: &[&str] = &[
    ".linux", ".macosx", ".darwin", ".win32", ".win-", ".cygwin", ".mingw", ".freebsd", ".openbsd", ".netbsd",
    ".solaris", ".sunos", ".aix", ".java", ".noarch",
];

/// Splits a distribution's file name into stem and kind; `None` for other files.
pub fn split(filename: &str) -> Option<(&str, Dist)> {
    EXTENSIONS.iter().find_map(|(extension, dist)| {
        let at = filename.len().checked_sub(extension.len()).filter(|at| *at > 0)?;
        let (stem, end) = filename.split_at_checked(at)?;
        end.eq_ignore_ascii_case(extension).then_some((stem, *dist))
    })
}

/// The text can be one segment of a path and of a file system, and is not taken for a `.metadata` file.
pub fn is_safe(filename: &str) -> bool {
    let legal = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'.' | b'_' | b'+' | b'-' | b'!' | b'~' | b'@' | b'=' | b',' | b' ' | b'(' | b')')
    };
    (1..=MAX_FILE_NAME).contains(&filename.len())
        && filename.bytes().all(legal)
        && !filename.starts_with(['.', ' '])
        && !filename.ends_with([' ', '.'])
        && !filename.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("metadata"))
}

/// Reads a file name of the project `name`.
pub fn parse(name: &PackageName, filename: &str) -> Parsed {
    parse_with(name, filename, &mut |text| Version::parse(Ecosystem::Pypi, text).ok())
}

/// As [`parse`], with a parser of versions that may remember: a page has many files of one version.
pub(crate) fn parse_with(
    name: &PackageName,
    filename: &str,
    version: &mut dyn FnMut(&str) -> Option<Version>,
) -> Parsed {
    let mut readings = Readings { texts: Vec::new() };
    // Cutting names off costs the square of the length; longer names are not safe ones anyway.
    let found = (filename.len() <= MAX_FILE_NAME).then(|| split(filename)).flatten();
    let other_project = match found {
        Some((stem, Dist::Wheel)) => wheel(stem, name, &mut readings),
        Some((stem, Dist::Sdist | Dist::Installer)) => archive(stem, name, &mut readings),
        Some((stem, Dist::Egg)) => egg(stem, name, &mut readings),
        Some((stem, Dist::Rpm)) => rpm(stem, name, &mut readings),
        Some((stem, Dist::Deb)) => deb(stem, name, &mut readings),
        None => false,
    };
    Parsed { versions: readings.candidates(version), other_project }
}

/// The texts that may be the version, the likeliest first.
struct Readings {
    texts: Vec<String>,
}

impl Readings {
    fn add(&mut self, text: &str) {
        let text = text.trim_matches(['-', '_', '.', ' ']);
        if !text.is_empty() && self.texts.len() < MAX_CANDIDATES && self.texts.iter().all(|t| t != text) {
            self.texts.push(text.to_owned());
        }
    }

    /// A reading, and the one in which `_` stands for the `-` that the file name could not have.
    fn add_escaped(&mut self, text: &str) {
        self.add(text);
        if text.contains('_') {
            self.add(&text.replace('_', "-"));
        }
    }

    /// The readings that are versions, each version once; all as text where none is.
    fn candidates(self, version: &mut dyn FnMut(&str) -> Option<Version>) -> Vec<Candidate> {
        let all = self.texts.into_iter().map(|text| Candidate { version: version(&text), text: text.into() });
        let (mut readable, unreadable): (Vec<_>, Vec<_>) = all.partition(|c| c.version.is_some());
        let mut seen: Vec<Option<Version>> = Vec::new();
        readable.retain(|c| {
            let new = !seen.contains(&c.version);
            seen.push(c.version.clone());
            new
        });
        if readable.is_empty() { unreadable } else { readable }
    }
}

/// `name-version[-build]-python-abi-platform`. Returns whether the name is another project's.
fn wheel(stem: &str, name: &PackageName, readings: &mut Readings) -> bool {
    let parts: Vec<&str> = stem.splitn(7, '-').collect();
    let text = match parts.as_slice() {
        [_, version, _, _, _] => *version,
        [_, version, build, _, _, _] if build.starts_with(|c: char| c.is_ascii_digit()) => *version,
        _ => return after_name(stem, name).next().is_none(),
    };
    readings.add_escaped(text);
    !parts.first().is_some_and(|part| is_name(part, name))
}

/// `name-version`, `name-version.platform`, `name-version.platform-py2.7`.
fn archive(stem: &str, name: &PackageName, readings: &mut Readings) -> bool {
    let mut found = false;
    for rest in after_name(stem, name) {
        found = true;
        readings.add_escaped(rest);
        if rest.parse_fails() {
            let cut = before_platform(before_python(rest));
            readings.add_escaped(cut.strip_suffix(".sdist").unwrap_or(cut));
        }
    }
    !found && !is_name(stem, name)
}

/// `name-version-py2.7[-platform]`.
fn egg(stem: &str, name: &PackageName, readings: &mut Readings) -> bool {
    let mut found = false;
    for rest in after_name(stem, name) {
        found = true;
        readings.add_escaped(before_python(rest));
    }
    !found && !is_name(stem, name)
}

/// `name-version-release.architecture`. The release may be part of the version, so both readings are given. A name
/// that is not the project's is a distribution's renaming, and no Python installer takes these files.
fn rpm(stem: &str, name: &PackageName, readings: &mut Readings) -> bool {
    let stem = stem.rsplit_once('.').map_or(stem, |(left, _architecture)| left);
    let short = without_python(stem);
    for rest in after_name(stem, name).chain(after_name(short, name)) {
        readings.add(rest);
        if let Some((version, _release)) = rest.rsplit_once('-') {
            readings.add(version);
        }
    }
    false
}

/// `name_[epoch:]version[-revision]_architecture`, read as [`rpm`] is.
fn deb(stem: &str, name: &PackageName, readings: &mut Readings) -> bool {
    let mut parts = stem.splitn(3, '_');
    if let (Some(package), Some(version)) = (parts.next(), parts.next())
        && (is_name(package, name) || is_name(without_python(package), name))
    {
        readings.add(version);
        if let Some((upstream, _revision)) = version.rsplit_once('-') {
            readings.add(upstream);
        }
    }
    false
}

fn without_python(text: &str) -> &str {
    ["python3-", "python2-", "python-"].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text)
}

/// What follows the project's name and a hyphen, for each way in which the name can be cut off. Where the whole
/// stem has no hyphen, another separator is taken if a version follows it (`name_1.0.zip`); with one it is not, or
/// `foo-1.0` would be version 0 of `foo-1`.
fn after_name<'a>(stem: &'a str, name: &'a PackageName) -> impl Iterator<Item = &'a str> {
    let cut_at = move |separators: &'static [char]| {
        stem.match_indices(separators)
            .filter(move |(at, _)| stem.get(..*at).is_some_and(|left| is_name(left, name)))
            .filter_map(move |(at, _)| stem.get(at + 1..))
    };
    let hyphen = stem.contains('-');
    let others = cut_at(&['_', '.', ' ']).filter(move |rest| !hyphen && !rest.parse_fails());
    cut_at(&['-']).chain(others)
}

/// The text is this project's name by PEP 503's normalisation; separators at its end don't count.
fn is_name(text: &str, name: &PackageName) -> bool {
    let separator = |c: char| matches!(c, '-' | '_' | '.');
    let mut wanted = name.as_str().chars();
    let mut after_separator = false;
    for c in text.trim_end_matches(separator).chars() {
        if separator(c) {
            if !after_separator && wanted.next() != Some('-') {
                return false;
            }
            after_separator = true;
        } else if wanted.next() != Some(c.to_ascii_lowercase()) {
            return false;
        } else {
            after_separator = false;
        }
    }
    wanted.next().is_none()
}

/// Cuts `-py2.7` and what follows.
fn before_python(text: &str) -> &str {
    let is_tag = |at: &usize| text.get(at + 3..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    text.match_indices("-py").map(|(at, _)| at).find(is_tag).and_then(|at| text.get(..at)).unwrap_or(text)
}

/// Cuts `.linux-x86_64` and its like.
fn before_platform(text: &str) -> &str {
    PLATFORMS.iter().filter_map(|p| text.find(p)).min().and_then(|at| text.get(..at)).unwrap_or(text)
}

trait ParseFails {
    fn parse_fails(&self) -> bool;
}

impl ParseFails for &str {
    fn parse_fails(&self) -> bool {
        Version::parse(Ecosystem::Pypi, self).is_err()
    }
}
