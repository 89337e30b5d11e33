//! The canary's page. It needs no upstream. Its one file is listed un-yanked, so that `pip install sekisho-canary`
//! reaches for it and shows the refusal; the file has no URL, so it could not be served even by mistake.

use sekisho_core::name::NameError;
use sekisho_core::policy::{self, CANARY_VERSION};
use sekisho_core::{Ecosystem, PackageName, Version};

use crate::filename::Candidate;
use crate::project::{CoreMetadata, File, Project, Yanked};
use crate::refused::Refused;

/// The canary's file name.
pub fn file_name() -> String {
    format!("{}-{CANARY_VERSION}-py3-none-any.whl", policy::canary(Ecosystem::Pypi).replace('-', "_"))
}

/// The canary as a project. Render it by [`render_json`] and [`render_html`]: refusing it would list it as yanked.
pub fn project() -> Result<Project, NameError> {
    let name = PackageName::parse(Ecosystem::Pypi, policy::canary(Ecosystem::Pypi))?;
    let version = Version::parse(Ecosystem::Pypi, CANARY_VERSION).ok();
    let file = File {
        filename: file_name().into(),
        url: None,
        versions: vec![Candidate { text: CANARY_VERSION.into(), version }],
        hashes: Vec::new(),
        requires_python: None,
        size: None,
        upload_time: None,
        yanked: Yanked::No,
        core_metadata: CoreMetadata::Absent,
        gpg_sig: None,
        provenance: None,
        contradiction: None,
    };
    Ok(Project::new(name, vec![CANARY_VERSION.into()], None, vec![file], vec![0]))
}

/// The canary's page as JSON.
pub fn render_json(files_base: &str) -> Result<Vec<u8>, NameError> {
    Ok(project()?.render_json(&Refused::nothing(), files_base, |_, refusal| refusal.words()))
}

/// The canary's page as HTML.
pub fn render_html(files_base: &str) -> Result<Vec<u8>, NameError> {
    Ok(project()?.render_html(&Refused::nothing(), files_base, |_, refusal| refusal.words()))
}
