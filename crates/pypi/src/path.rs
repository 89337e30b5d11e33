//! What a path below the front's root asks for.

use percent_encoding::percent_decode_str;
use sekisho_core::{Ecosystem, PackageName};

use crate::filename;

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PypiPath {
    /// `simple/`: the list of projects.
    Root {
        /// The path is spelled exactly so.
        canonical: bool,
    },
    /// `simple/<name>/`: a project's page.
    Project {
        /// The project.
        name: PackageName,
        /// The path is exactly the normalised name with a slash at its end.
        canonical: bool,
    },
    /// `files/<name>/<file>`: an artifact.
    File {
        /// The project.
        name: PackageName,
        /// The file's name: one path-safe segment.
        file: String,
    },
    /// `files/<name>/<file>.metadata`: an artifact's core metadata.
    Metadata {
        /// The project.
        name: PackageName,
        /// The artifact's file name, without `.metadata`.
        file: String,
    },
    /// Nothing that is served here: `404`.
    Unknown,
}

/// Every route that serves metadata or artifacts. Dispatch goes by it, and a test walks over [`PypiRoute::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PypiRoute {
    /// The list of projects.
    Root,
    /// A project's page, in both forms.
    Project,
    /// An artifact.
    File,
    /// An artifact's core metadata.
    Metadata,
}

/// Why a path is refused: `400`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A `.` or `..` segment.
    #[error("the path has a dot segment")]
    DotSegment,
    /// A slash or backslash inside a segment.
    #[error("the path has an encoded slash or a backslash")]
    Slash,
    /// A control character, or one outside ASCII.
    #[error("the path has a character that is not allowed")]
    Character,
    /// A `%` that starts no encoded byte.
    #[error("the path has a broken percent-encoding")]
    Encoding,
    /// Longer than any path here.
    #[error("the path is too long")]
    TooLong,
}

/// Longest path read, in bytes.
const MAX_PATH: usize = 2_048;

impl PypiRoute {
    /// Every route.
    pub const ALL: [PypiRoute; 4] = [PypiRoute::Root, PypiRoute::Project, PypiRoute::File, PypiRoute::Metadata];
}

impl PypiPath {
    /// The route that serves it; `None` for [`PypiPath::Unknown`].
    pub fn route(&self) -> Option<PypiRoute> {
        match self {
            PypiPath::Root { .. } => Some(PypiRoute::Root),
            PypiPath::Project { .. } => Some(PypiRoute::Project),
            PypiPath::File { .. } => Some(PypiRoute::File),
            PypiPath::Metadata { .. } => Some(PypiRoute::Metadata),
            PypiPath::Unknown => None,
        }
    }

    /// Where a page with another spelling is redirected to, below the front's root: `simple/<name>/`.
    pub fn redirect(&self) -> Option<String> {
        match self {
            PypiPath::Root { canonical: false } => Some("simple/".to_owned()),
            PypiPath::Project { name, canonical: false } => Some(format!("simple/{name}/")),
            _ => None,
        }
    }
}

/// Reads a percent-encoded path below the front's root, without its leading slash and without a query.
pub fn parse(raw_path: &str) -> Result<PypiPath, PathError> {
    if raw_path.len() > MAX_PATH {
        return Err(PathError::TooLong);
    }
    let segments = raw_path.split('/').map(segment).collect::<Result<Vec<String>, _>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    Ok(match segments.as_slice() {
        ["simple"] | ["simple", ""] => PypiPath::Root { canonical: raw_path == "simple/" },
        ["simple", name] | ["simple", name, ""] => match PackageName::parse(Ecosystem::Pypi, name) {
            Ok(name) => {
                let canonical = raw_path == format!("simple/{name}/");
                PypiPath::Project { name, canonical }
            }
            Err(_) => PypiPath::Unknown,
        },
        ["files", name, file] => match PackageName::parse(Ecosystem::Pypi, name) {
            Ok(name) => artifact(name, file),
            Err(_) => PypiPath::Unknown,
        },
        _ => PypiPath::Unknown,
    })
}

fn artifact(name: PackageName, file: &str) -> PypiPath {
    match file.strip_suffix(".metadata") {
        Some(file) if filename::is_safe(file) => PypiPath::Metadata { name, file: file.to_owned() },
        None if filename::is_safe(file) => PypiPath::File { name, file: file.to_owned() },
        _ => PypiPath::Unknown,
    }
}

/// Decodes one segment, once. What could change meaning on a second decoding, or in a file system, is an error.
fn segment(raw: &str) -> Result<String, PathError> {
    let mut rest = raw;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().first_chunk::<2>().ok_or(PathError::Encoding)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(PathError::Encoding);
        }
        rest = after;
    }
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| PathError::Character)?;
    if text == "." || text == ".." {
        return Err(PathError::DotSegment);
    }
    if text.contains(['/', '\\']) {
        return Err(PathError::Slash);
    }
    if !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Err(PathError::Character);
    }
    Ok(text.into_owned())
}
