//! The largest documents that people install from pass whole, in every form.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::gate::{Gate, Launch};
use crate::support::home::Home;
use crate::support::http::{Answer, try_send};
use crate::support::upstreams;

const JSON: &str = "application/json";
const INSTALL_V1: &str = "application/vnd.npm.install-v1+json";
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";
const SIMPLE_HTML: &str = "application/vnd.pypi.simple.v1+html";

/// The registry's own document.
fn original(url: &str, accept: &str) -> Value {
    let accept = format!("Accept: {accept}");
    let ran = Home::new().run("curl", &["-fsSL", "--compressed", "--retry", "2", "-H", &accept, url]).succeeded();
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn ask(gate: &Gate, path: &str, accept: &str) -> Answer {
    let answer = try_send(gate.address(), "GET", path, &[("Accept", accept)]).expect("an answer");
    assert_eq!(answer.status, 200, "{path}: {}", &answer.body[..answer.body.len().min(1000)]);
    answer
}

/// Each release with what its file has to be.
fn releases(document: &Value) -> BTreeMap<&str, &Value> {
    let versions = document["versions"].as_object().expect("releases");
    versions.iter().map(|(version, release)| (version.as_str(), &release["dist"]["integrity"])).collect()
}

/// Each file with its hashes.
fn files(page: &Value) -> BTreeMap<&str, &Value> {
    let files = page["files"].as_array().expect("files");
    files.iter().map(|file| (file["filename"].as_str().expect("a name"), &file["hashes"])).collect()
}

#[test]
fn large_packuments_have_every_release_in_both_forms_and_every_tarball_is_ours() {
    let gate = Launch::real().start();
    for name in ["next", "vite", "typescript", "@types/node"] {
        let path = name.replace('/', "%2f");
        let original = original(&format!("{}/{path}", upstreams::NPM.trim_end_matches('/')), JSON);
        let wanted = releases(&original);
        assert!(wanted.len() > 500, "{name}: {} releases", wanted.len());
        for accept in [JSON, INSTALL_V1] {
            let document = ask(&gate, &format!("/npm/{path}"), accept).json();
            assert_eq!(releases(&document), wanted, "{name} as {accept}");
            assert_eq!(document["dist-tags"], original["dist-tags"], "{name} as {accept}");
            let ours = format!("{}/npm/{name}/-/", gate.base());
            for (version, release) in document["versions"].as_object().expect("releases") {
                let tarball = release["dist"]["tarball"].as_str().expect("a link");
                assert!(tarball.starts_with(&ours), "{name} {version}: {tarball}");
            }
        }
    }
}

#[test]
fn large_python_pages_have_every_file_in_both_forms_and_every_link_is_ours() {
    let gate = Launch::real().start();
    for name in ["boto3", "numpy"] {
        let path = format!("/pypi/simple/{name}/");
        let original = original(&format!("{}/{name}/", upstreams::PYPI.trim_end_matches('/')), SIMPLE_JSON);
        let wanted = files(&original);
        assert!(wanted.len() > 1000, "{name}: {} files", wanted.len());
        let page = ask(&gate, &path, SIMPLE_JSON).json();
        assert_eq!(files(&page), wanted, "{name}");
        let ours = format!("{}/pypi/files/{name}/", gate.base());
        for file in page["files"].as_array().expect("files") {
            assert!(file["url"].as_str().is_some_and(|url| url.starts_with(&ours)), "{file}");
        }
        let html = ask(&gate, &path, SIMPLE_HTML).body;
        assert_eq!(html.matches(&format!("<a href=\"{ours}")).count(), wanted.len(), "{name} as HTML");
    }
}
