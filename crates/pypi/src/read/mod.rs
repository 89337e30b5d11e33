//! From bytes to a [`Project`]: each form is read into a [`Page`] of plain text, and one place checks it.

mod check;
mod doubles;
mod html;
mod json;
mod leaf;

use std::borrow::Cow;

use sekisho_core::PackageName;
use url::Url;

use crate::project::{Project, ProjectError};

type Text<'a> = Cow<'a, str>;

/// Most members kept of an object, above what any check lets pass: memory is not taken from the page's numbers.
const MAX_MEMBERS: usize = 24;

/// A page as it stands there, nothing checked.
#[derive(Default)]
struct Page<'a> {
    name: Option<Text<'a>>,
    api_version: Option<Text<'a>>,
    status: Option<(Text<'a>, Option<Text<'a>>)>,
    versions: Vec<Text<'a>>,
    files: Vec<Entry<'a>>,
}

/// A file of a page, nothing checked.
#[derive(Default)]
struct Entry<'a> {
    filename: Text<'a>,
    url: Text<'a>,
    hashes: Vec<(Text<'a>, Text<'a>)>,
    requires_python: Option<Text<'a>>,
    size: Option<u64>,
    upload_time: Option<Text<'a>>,
    /// Empty: yanked without a reason.
    yanked: Option<Text<'a>>,
    /// Empty: there, without digests.
    core_metadata: Option<Vec<(Text<'a>, Text<'a>)>>,
    gpg_sig: Option<bool>,
    provenance: Option<Text<'a>>,
    /// A key stood twice, or a value had a type that its key never has.
    malformed: bool,
}

/// Reads PEP 691.
pub(crate) fn json(name: &PackageName, raw: &[u8], page_url: &Url) -> Result<Project, ProjectError> {
    check::project(name, json::page(raw)?, page_url)
}

/// Reads PEP 503.
pub(crate) fn html(name: &PackageName, raw: &[u8], page_url: &Url) -> Result<Project, ProjectError> {
    let html::Found { page, base, marked } = html::page(raw, page_url)?;
    let project = check::project(name, page, &base)?;
    // A proxy's error page or a login form with status 200 must not become a project without files: resolvers would
    // go on as if there were none, or ask another index.
    if !marked && !project.files().iter().any(check::is_own) {
        return Err(ProjectError::NotASimplePage);
    }
    Ok(project)
}
