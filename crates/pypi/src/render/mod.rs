//! A project's page as this server gives it: links lead here, and what is refused says so.

mod html;
mod json;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_core::PackageName;
use sekisho_core::policy::Refusal;

pub(crate) use html::{escaped, push};
pub(crate) use json::to_bytes;

use crate::filename;
use crate::project::{CoreMetadata, File, Hash, Project, State, Status, Yanked};
use crate::refused::{Refused, ascii};

/// What stays as it is in a path segment. `+` is encoded: some servers and stores read a bare one as a space.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

impl Project {
    /// The page as `application/vnd.pypi.simple.v1+json`. `files_base` is where files are served
    /// (`https://host/pypi/files`); `explain` says why a file is refused, and only printable ASCII of it is kept.
    pub fn render_json(
        &self,
        refused: &Refused,
        files_base: &str,
        explain: impl Fn(&File, &Refusal) -> String,
    ) -> Vec<u8> {
        json::page(self, &rows(self, refused, files_base, &explain), shown_status(self, refused).as_ref())
    }

    /// The page as HTML. Otherwise as [`Project::render_json`].
    pub fn render_html(
        &self,
        refused: &Refused,
        files_base: &str,
        explain: impl Fn(&File, &Refusal) -> String,
    ) -> Vec<u8> {
        html::page(self, &rows(self, refused, files_base, &explain), shown_status(self, refused).as_ref())
    }
}

/// One file as it is shown.
struct Row<'a> {
    file: &'a File,
    url: String,
    yanked: Yanked,
    /// `None`: not promised. Empty: there, without digests.
    metadata: Option<&'a [Hash]>,
}

/// A refused file stays listed as yanked, so that resolvers pass over it and say why, and promises no metadata, so
/// that none is asked for. A file whose name can't be a path segment is left out: no link could lead to it.
fn rows<'a>(
    project: &'a Project,
    refused: &Refused,
    files_base: &str,
    explain: &dyn Fn(&File, &Refusal) -> String,
) -> Vec<Row<'a>> {
    let base = folder(files_base, project.name());
    let listed = project.files().iter().enumerate().filter(|(_, file)| filename::is_safe(&file.filename));
    listed
        .map(|(index, file)| {
            let refusal = refused.get(index).map(|(refusal, _)| refusal);
            Row {
                file,
                url: format!("{base}{}", utf8_percent_encode(&file.filename, SEGMENT)),
                yanked: match refusal {
                    Some(refusal) => Yanked::Because(reason(&explain(file, refusal), refusal)),
                    None => file.yanked.clone(),
                },
                metadata: match &file.core_metadata {
                    _ if refusal.is_some() => None,
                    CoreMetadata::Absent => None,
                    CoreMetadata::Present => Some(&[]),
                    CoreMetadata::Hashed(hashes) => Some(hashes),
                },
            }
        })
        .collect()
}

fn folder(files_base: &str, name: &PackageName) -> String {
    format!("{}/{name}/", files_base.trim_end_matches('/'))
}

/// An empty reason would read as "not yanked" in JSON, so there is always one.
fn reason(text: &str, refusal: &Refusal) -> Box<str> {
    let text = ascii(text);
    if text.trim().is_empty() { ascii(&refusal.words()).into() } else { text.into() }
}

fn shown_status(project: &Project, refused: &Refused) -> Option<Status> {
    match refused.name() {
        Some(refusal) => Some(Status {
            state: State::Quarantined,
            reason: Some(ascii(&format!("Blocked: {}", refusal.words())).into()),
        }),
        None => project.status().cloned(),
    }
}
