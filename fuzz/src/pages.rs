//! What holds for every page of a Python index, in both forms.

use percent_encoding::percent_decode_str;
use sekisho_core::{Ecosystem, PackageName};
use sekisho_pypi::path::{PypiPath, parse};
use sekisho_pypi::{CoreMetadata, File, Kind, Project, Refused, Yanked};
use serde_json::Value;
use url::Url;

use crate::{FILES, Refuse};

/// Compiles a page and looks at what is rendered of it with nothing, something and everything refused.
pub fn check(name: &str, kind: Kind, raw: &[u8]) {
    let Ok(name) = PackageName::parse(Ecosystem::Pypi, name) else { return };
    let Ok(upstream) = Url::parse(&format!("https://index.example/simple/{name}/")) else { return };
    let Ok(project) = Project::compile(&name, kind, raw, &upstream) else { return };
    for refuse in Refuse::ALL {
        let refused = project.refuse(|file| refuse.of(&file.filename));
        for (index, file) in project.files().iter().enumerate() {
            assert!(file.contradiction.is_none() || refused.get(index).is_some(), "a contradictory file is refused");
        }
        let explain = |file: &File, _: &_| format!("{} is <blocked> & \"so\"", file.filename);
        let json = project.render_json(&refused, FILES, explain);
        let html = project.render_html(&refused, FILES, explain);
        check_json(&project, &refused, &json);
        check_again(&project, &refused, Kind::Json, &json);
        check_again(&project, &refused, Kind::Html, &html);
    }
}

/// The files that are listed: all whose name a link can hold.
fn listed(project: &Project) -> Vec<(usize, &File)> {
    project.files().iter().enumerate().filter(|(_, file)| sekisho_pypi::filename::is_safe(&file.filename)).collect()
}

fn check_json(project: &Project, refused: &Refused, json: &[u8]) {
    let page: Value = serde_json::from_slice(json).expect("JSON");
    assert_eq!(page["name"], project.name().as_str());
    let rows = page["files"].as_array().expect("files");
    let files = listed(project);
    assert_eq!(rows.len(), files.len());
    for (row, (index, file)) in rows.iter().zip(files) {
        assert_eq!(row["filename"], &*file.filename);
        check_link(project, row["url"].as_str().expect("a link"), file);
        if refused.get(index).is_some() {
            assert!(row["yanked"].as_str().is_some_and(|reason| !reason.is_empty()), "a refused file is yanked: {row}");
            assert_eq!(row["core-metadata"], false, "and promises nothing");
        }
        assert!(row.get("dist-info-metadata").is_none());
    }
}

/// The link starts with our base, and is a path of ours that leads to the very file.
fn check_link(project: &Project, link: &str, file: &File) {
    let path = link.strip_prefix("https://gate.example/pypi/").expect("a link starts with our base");
    let wanted = PypiPath::File { name: project.name().clone(), file: file.filename.to_string() };
    assert_eq!(parse(path), Ok(wanted), "{link}");
    assert_eq!(project.file(&file.filename), Some(file));
}

/// What was rendered is read as a page with the same files, with what was refused yanked.
fn check_again(project: &Project, refused: &Refused, kind: Kind, page: &[u8]) {
    let at = Url::parse(&format!("https://gate.example/pypi/simple/{}/", project.name())).expect("an address");
    let again = Project::compile(project.name(), kind, page, &at).expect("what we write, we read");
    // HTML has no list for files that are no distributions: such a link is no file to anybody.
    let distribution = |file: &File| kind == Kind::Json || sekisho_pypi::filename::split(&file.filename).is_some();
    let files: Vec<_> = listed(project).into_iter().filter(|(_, file)| distribution(file)).collect();
    assert_eq!(again.files().len(), files.len());
    for (read, (index, file)) in again.files().iter().zip(files) {
        assert_eq!(read.filename, file.filename);
        let link = read.url.as_ref().expect("a link").as_str();
        assert_eq!(
            percent_decode_str(link).decode_utf8_lossy(),
            format!("{FILES}/{}/{}", project.name(), file.filename)
        );
        match refused.get(index) {
            Some(_) => {
                assert!(matches!(read.yanked, Yanked::Because(_)));
                assert_eq!(read.core_metadata, CoreMetadata::Absent);
            }
            None => {
                assert_eq!(std::mem::discriminant(&read.yanked), std::mem::discriminant(&file.yanked));
                assert_eq!(read.requires_python.as_deref().map(plain), file.requires_python.as_deref().map(plain));
            }
        }
    }
}

/// HTML holds no control characters, and no empty specifier.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
