//! What the tests of pages share.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::{Ecosystem, PackageName};
use sekisho_pypi::{File, Kind, Project, ProjectError, Refused};
use url::Url;

pub(crate) const FILES: &str = "https://gate.example/pypi/files";

pub(crate) fn name(text: &str) -> PackageName {
    PackageName::parse(Ecosystem::Pypi, text).unwrap()
}

pub(crate) fn compile(project: &str, kind: Kind, page: impl AsRef<[u8]>) -> Result<Project, ProjectError> {
    let page_url = Url::parse(&format!("https://index.example/simple/{project}/")).unwrap();
    Project::compile(&name(project), kind, page.as_ref(), &page_url)
}

pub(crate) fn json(project: &str, page: impl AsRef<[u8]>) -> Project {
    compile(project, Kind::Json, page).unwrap()
}

pub(crate) fn html(project: &str, page: impl AsRef<[u8]>) -> Project {
    compile(project, Kind::Html, page).unwrap()
}

/// A page of JSON with these files.
pub(crate) fn page(project: &str, files: &str) -> String {
    format!(r#"{{"meta":{{"api-version":"1.4"}},"name":"{project}","versions":[],"files":[{files}]}}"#)
}

pub(crate) fn malware(id: &str) -> Refusal {
    Refusal { reason: Reason::Malware, advisories: vec![id.to_owned()] }
}

/// Refuses the files that may be this version.
pub(crate) fn without(project: &Project, version: &str) -> Refused {
    project.refuse(|file| file.decided_as().any(|v| v == version).then(|| malware("MAL-2026-1")))
}

pub(crate) fn explain(file: &File, refusal: &Refusal) -> String {
    format!("{} is blocked: {}", file.filename, refusal.words())
}

pub(crate) fn render_json(project: &Project, refused: &Refused) -> String {
    let page = String::from_utf8(project.render_json(refused, FILES, explain)).unwrap();
    let value: serde_json::Value = serde_json::from_str(&page).unwrap();
    format!("{value:#}")
}

pub(crate) fn render_html(project: &Project, refused: &Refused) -> String {
    String::from_utf8(project.render_html(refused, FILES, explain)).unwrap()
}

/// A page with everything that is read.
pub(crate) const FULL: &str = r#"{
  "meta": {"api-version": "1.4", "_last-serial": 7, "tracks": ["https://other.example/simple/sample/"]},
  "name": "Sample",
  "alternate-locations": ["https://other.example/simple/sample/"],
  "project-status": {"status": "archived", "reason": "superseded by <other>"},
  "versions": ["1.0", "1.1", "2.0+cpu"],
  "files": [
    {"filename": "sample-1.0.tar.gz", "url": "https://files.example/a/sample-1.0.tar.gz#sha256=00",
     "hashes": {"md5": "aa", "sha256": "0a"}, "requires-python": null, "size": 100,
     "upload-time": "2020-01-02T03:04:05.678901Z", "yanked": false, "gpg-sig": true},
    {"filename": "sample-1.1-py3-none-any.whl", "url": "../../files/sample-1.1-py3-none-any.whl",
     "hashes": {"sha256": "0b"}, "requires-python": ">=3.8,<4", "size": 200, "yanked": "broken & \"bad\"",
     "core-metadata": {"sha256": "0c"}, "dist-info-metadata": false, "data-dist-info-metadata": {"sha256": "0d"},
     "provenance": "https://index.example/integrity/sample/1.1/provenance"},
    {"filename": "sample-2.0+cpu-py3-none-any.whl", "url": "https://files.example/b/sample-2.0%2Bcpu-py3-none-any.whl",
     "hashes": {}, "yanked": true, "core-metadata": true, "provenance": "http://index.example/provenance"}
  ]}"#;
