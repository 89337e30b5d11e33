//! What a request's path names, by npm's registry API.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use sekisho_core::{Ecosystem, PackageName};

use crate::address::is_file;

/// What a path under the registry's root names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NpmPath {
    /// `<name>`: all of a package.
    Packument(PackageName),
    /// `<name>/<version or tag>`: one release.
    Version {
        /// The package.
        name: PackageName,
        /// The version or tag, decoded.
        spec: String,
    },
    /// `<name>/-/<file>`: a tarball.
    Tarball {
        /// The package.
        name: PackageName,
        /// The file's name, decoded.
        file: String,
    },
    /// `-/package/<name>/dist-tags`.
    DistTags(PackageName),
    /// `-/npm/v1/security/advisories/bulk`: names and versions are posted.
    AuditBulk,
    /// `-/npm/v1/security/audits` and `…/audits/quick`: a tree of dependencies is posted.
    AuditTree,
    /// `-/v1/search`.
    Search,
    /// `-/npm/v1/keys`: what the registry signs with.
    Keys,
    /// `-/npm/v1/attestations/<name>@<version>`: where a release was built.
    Attestations {
        /// The package.
        name: PackageName,
        /// The version, decoded.
        version: String,
    },
    /// `-/npm/v1/tokens`.
    Tokens,
    /// `-/ping`.
    Ping,
    /// `-/whoami`.
    Whoami,
    /// Well formed, but nothing that is served here.
    Unknown,
}

/// The kinds of [`NpmPath`]: dispatch goes by this, so that a test can list every kind that serves something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NpmRoute {
    /// See [`NpmPath::Packument`].
    Packument,
    /// See [`NpmPath::Version`].
    Version,
    /// See [`NpmPath::Tarball`].
    Tarball,
    /// See [`NpmPath::DistTags`].
    DistTags,
    /// See [`NpmPath::AuditBulk`].
    AuditBulk,
    /// See [`NpmPath::AuditTree`].
    AuditTree,
    /// See [`NpmPath::Search`].
    Search,
    /// See [`NpmPath::Keys`].
    Keys,
    /// See [`NpmPath::Attestations`].
    Attestations,
    /// See [`NpmPath::Tokens`].
    Tokens,
    /// See [`NpmPath::Ping`].
    Ping,
    /// See [`NpmPath::Whoami`].
    Whoami,
    /// See [`NpmPath::Unknown`].
    Unknown,
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpmPathError {
    /// An empty segment, `.` or `..`.
    #[error("the path has an empty segment, '.' or '..'")]
    Walk,
    /// A backslash, a control character, a slash that is encoded where none may be, or something that is encoded twice.
    #[error("the path has a character that is not allowed")]
    Character,
    /// What is encoded is not UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
    /// What stands for a package's name is none.
    #[error("the path does not name a package")]
    Name,
    /// It is longer than any name and version.
    #[error("the path is too long")]
    TooLong,
}

/// Longest path accepted, in bytes: a name and a file with every character encoded, and some room.
const MAX_PATH: usize = 4096;

/// Longest version or tag accepted, in bytes: npm's limit for a version.
const MAX_SPEC: usize = 256;

impl NpmRoute {
    /// Every kind.
    pub const ALL: [NpmRoute; 13] = [
        NpmRoute::Packument,
        NpmRoute::Version,
        NpmRoute::Tarball,
        NpmRoute::DistTags,
        NpmRoute::AuditBulk,
        NpmRoute::AuditTree,
        NpmRoute::Search,
        NpmRoute::Keys,
        NpmRoute::Attestations,
        NpmRoute::Tokens,
        NpmRoute::Ping,
        NpmRoute::Whoami,
        NpmRoute::Unknown,
    ];

    /// It serves an artifact's bytes, or metadata about releases.
    pub fn serves_packages(self) -> bool {
        match self {
            NpmRoute::Packument
            | NpmRoute::Version
            | NpmRoute::Tarball
            | NpmRoute::DistTags
            | NpmRoute::Search
            | NpmRoute::Attestations => true,
            NpmRoute::AuditBulk
            | NpmRoute::AuditTree
            | NpmRoute::Keys
            | NpmRoute::Tokens
            | NpmRoute::Ping
            | NpmRoute::Whoami
            | NpmRoute::Unknown => false,
        }
    }

    /// It asks the registry: whoever may not take packages may not use it.
    pub fn asks_registry(self) -> bool {
        self.serves_packages() || matches!(self, NpmRoute::AuditBulk | NpmRoute::AuditTree | NpmRoute::Keys)
    }

    /// It is posted to; every other route is read.
    pub fn is_posted(self) -> bool {
        matches!(self, NpmRoute::AuditBulk | NpmRoute::AuditTree)
    }
}

impl NpmPath {
    /// Its kind.
    pub fn route(&self) -> NpmRoute {
        match self {
            NpmPath::Packument(_) => NpmRoute::Packument,
            NpmPath::Version { .. } => NpmRoute::Version,
            NpmPath::Tarball { .. } => NpmRoute::Tarball,
            NpmPath::DistTags(_) => NpmRoute::DistTags,
            NpmPath::AuditBulk => NpmRoute::AuditBulk,
            NpmPath::AuditTree => NpmRoute::AuditTree,
            NpmPath::Search => NpmRoute::Search,
            NpmPath::Keys => NpmRoute::Keys,
            NpmPath::Attestations { .. } => NpmRoute::Attestations,
            NpmPath::Tokens => NpmRoute::Tokens,
            NpmPath::Ping => NpmRoute::Ping,
            NpmPath::Whoami => NpmRoute::Whoami,
            NpmPath::Unknown => NpmRoute::Unknown,
        }
    }

    /// The package that it is about.
    pub fn name(&self) -> Option<&PackageName> {
        match self {
            NpmPath::Packument(name) | NpmPath::DistTags(name) => Some(name),
            NpmPath::Version { name, .. } | NpmPath::Tarball { name, .. } | NpmPath::Attestations { name, .. } => {
                Some(name)
            }
            NpmPath::AuditBulk
            | NpmPath::AuditTree
            | NpmPath::Search
            | NpmPath::Keys
            | NpmPath::Tokens
            | NpmPath::Ping
            | NpmPath::Whoami
            | NpmPath::Unknown => None,
        }
    }
}

/// Reads a path, percent-encoded as it came, after the registry's root: no leading slash, no query.
///
/// It is decoded exactly once, segment by segment, so that a decoded slash can only be a scope's.
pub fn parse(raw_path: &str) -> Result<NpmPath, NpmPathError> {
    if raw_path.len() > MAX_PATH {
        return Err(NpmPathError::TooLong);
    }
    if raw_path.is_empty() {
        return Ok(NpmPath::Unknown);
    }
    let segments = raw_path.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        ["-", "package", rest @ ..] => match take_name(rest)? {
            (name, ["dist-tags"]) => Ok(NpmPath::DistTags(name)),
            (_, rest) => unknown(rest),
        },
        ["-", "npm", "v1", "security", "advisories", "bulk"] => Ok(NpmPath::AuditBulk),
        ["-", "npm", "v1", "security", "audits"] | ["-", "npm", "v1", "security", "audits", "quick"] => {
            Ok(NpmPath::AuditTree)
        }
        ["-", "v1", "search"] => Ok(NpmPath::Search),
        ["-", "npm", "v1", "keys"] => Ok(NpmPath::Keys),
        ["-", "npm", "v1", "attestations", rest @ ..] => attested(rest),
        ["-", "npm", "v1", "tokens", rest @ ..] if rest.len() < 3 => Ok(NpmPath::Tokens),
        ["-", "ping"] => Ok(NpmPath::Ping),
        ["-", "whoami"] => Ok(NpmPath::Whoami),
        // There is a package of this name: all of it, and its tarballs. Its versions stand where the registry's own routes are.
        ["-"] => Ok(NpmPath::Packument(take_name(&["-"])?.0)),
        ["-", "-", file] if is_file(file) => {
            Ok(NpmPath::Tarball { name: take_name(&["-"])?.0, file: (*file).to_owned() })
        }
        ["-", rest @ ..] => unknown(rest),
        segments => match take_name(segments)? {
            (name, []) => Ok(NpmPath::Packument(name)),
            (name, ["-", file]) if is_file(file) => Ok(NpmPath::Tarball { name, file: (*file).to_owned() }),
            (name, [spec]) if is_spec(spec) => Ok(NpmPath::Version { name, spec: (*spec).to_owned() }),
            (_, rest) => unknown(rest),
        },
    }
}

/// Decodes one segment and refuses what would be something else to the next reader.
fn segment(raw: &str) -> Result<Cow<'_, str>, NpmPathError> {
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| NpmPathError::NotUtf8)?;
    if text.contains(['%', '\\']) || text.chars().any(char::is_control) {
        return Err(NpmPathError::Character);
    }
    if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(NpmPathError::Walk);
    }
    if text.contains('/') && !text.starts_with('@') {
        return Err(NpmPathError::Character);
    }
    Ok(text)
}

/// Takes the name off the front: `name`, `@scope/name` in one encoded segment, or `@scope`, `name` in two.
fn take_name<'a, 'b>(segments: &'a [&'b str]) -> Result<(PackageName, &'a [&'b str]), NpmPathError> {
    let (text, rest) = match segments {
        // A hyphen behind a scope is what stands before a file, and no name in any spelling.
        [scope, "-", ..] if scope.starts_with('@') && !scope.contains('/') => return Err(NpmPathError::Name),
        [name, ..] if name.starts_with('@') && name.ends_with("/-") => return Err(NpmPathError::Name),
        [scope, name, rest @ ..] if scope.starts_with('@') && !scope.contains('/') => {
            if name.contains('/') {
                return Err(NpmPathError::Character);
            }
            (Cow::Owned(format!("{scope}/{name}")), rest)
        }
        [name, rest @ ..] => (Cow::Borrowed(*name), rest),
        [] => return Err(NpmPathError::Name),
    };
    let name = PackageName::parse(Ecosystem::Npm, &text).map_err(|_| NpmPathError::Name)?;
    Ok((name, rest))
}

/// `<name>@<version>`, the last segment's last `@` between them.
fn attested(segments: &[&str]) -> Result<NpmPath, NpmPathError> {
    let Some((release, scope)) = segments.split_last() else { return Ok(NpmPath::Unknown) };
    let Some((name, version)) = release.rsplit_once('@').filter(|(name, _)| !name.is_empty()) else {
        return unknown(segments);
    };
    let parts: Vec<&str> = scope.iter().copied().chain([name]).collect();
    match take_name(&parts)? {
        (name, []) if is_spec(version) && !version.is_empty() => {
            Ok(NpmPath::Attestations { name, version: version.to_owned() })
        }
        _ => unknown(segments),
    }
}

/// Something that may be a version or a tag. npm lets tags be almost anything, so only what is surely none is left out.
fn is_spec(text: &str) -> bool {
    text != "-" && text.len() <= MAX_SPEC && !text.contains('/')
}

/// Nothing that is served here; but an encoded slash beside a name is an error, whatever else stands there.
fn unknown(rest: &[&str]) -> Result<NpmPath, NpmPathError> {
    if rest.iter().any(|segment| segment.contains('/')) { Err(NpmPathError::Character) } else { Ok(NpmPath::Unknown) }
}
