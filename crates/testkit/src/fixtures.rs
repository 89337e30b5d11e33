//! Small documents of the registries.

use serde_json::{Map, Value, json};

use crate::{FakeUpstream, Reply};

/// A packument with these releases; `latest` is the last. Tarballs lie on the same fake upstream.
pub fn packument(upstream: &FakeUpstream, name: &str, versions: &[&str]) -> Value {
    let unscoped = name.rsplit('/').next().unwrap_or(name);
    let mut all = Map::new();
    let mut time = Map::from_iter([("created".to_owned(), json!("2020-01-01T00:00:00.000Z"))]);
    for version in versions {
        let tarball = upstream.at(&format!("npm/{name}/-/{unscoped}-{version}.tgz"));
        time.insert((*version).to_owned(), json!("2020-01-02T00:00:00.000Z"));
        let release = json!({
            "name": name,
            "version": version,
            "description": "<b>a package</b>",
            "dist": {"tarball": tarball.as_str(), "shasum": "00", "integrity": "sha512-AAAA"},
        });
        all.insert((*version).to_owned(), release);
    }
    json!({
        "name": name,
        "dist-tags": {"latest": versions.last()},
        "versions": all,
        "time": time,
        "readme": "# a package",
    })
}

/// Serves a package on the fake npm registry, tarballs included.
pub fn npm(upstream: &FakeUpstream, name: &str, versions: &[&str]) {
    npm_document(upstream, name, &packument(upstream, name, versions).to_string());
    let unscoped = name.rsplit('/').next().unwrap_or(name);
    for version in versions {
        let path = format!("/npm/{name}/-/{unscoped}-{version}.tgz");
        upstream.on(&path, Reply::ok("application/octet-stream", "a tarball").ranges());
    }
}

/// Serves a document of the fake npm registry as it is.
pub fn npm_document(upstream: &FakeUpstream, name: &str, document: &str) {
    npm_reply(upstream, name, Reply::json(document.to_owned()));
}

/// Answers for a package of the fake npm registry.
pub fn npm_reply(upstream: &FakeUpstream, name: &str, reply: Reply) {
    upstream.on(&format!("/npm/{}", name.replace('/', "%2f")), reply);
}

/// The wheel of a release.
pub fn wheel(name: &str, version: &str) -> String {
    format!("{}-{version}-py3-none-any.whl", name.replace('-', "_"))
}

/// A project's page with one wheel a release, each with core metadata. Files lie on the same fake upstream.
pub fn page(upstream: &FakeUpstream, name: &str, versions: &[&str]) -> Value {
    let file = |version: &&str| {
        let file = wheel(name, version);
        json!({
            "filename": file,
            "url": upstream.at(&format!("files/{file}")).as_str(),
            "hashes": {"sha256": "00"},
            "requires-python": ">=3.8",
            "size": 7,
            "upload-time": "2020-01-02T03:04:05.000000Z",
            "core-metadata": {"sha256": "11"},
        })
    };
    json!({
        "meta": {"api-version": "1.4"},
        "name": name,
        "versions": versions,
        "files": versions.iter().map(file).collect::<Vec<_>>(),
    })
}

/// Serves a project on the fake Python index, files and their core metadata included.
pub fn pypi(upstream: &FakeUpstream, name: &str, versions: &[&str]) {
    pypi_document(upstream, name, &page(upstream, name, versions).to_string());
    for version in versions {
        let path = format!("/files/{}", wheel(name, version));
        upstream.on(&path, Reply::ok("application/octet-stream", "a wheel").ranges());
        let metadata = format!("Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n");
        upstream.on(&format!("{path}.metadata"), Reply::ok("text/plain", metadata));
    }
}

/// Serves a page of the fake Python index as it is.
pub fn pypi_document(upstream: &FakeUpstream, name: &str, document: &str) {
    pypi_reply(upstream, name, Reply::ok("application/vnd.pypi.simple.v1+json", document.to_owned()));
}

/// Answers for a project of the fake Python index.
pub fn pypi_reply(upstream: &FakeUpstream, name: &str, reply: Reply) {
    upstream.on(&format!("/simple/{name}/"), reply);
}
