//! Documents to test with.
#![allow(dead_code, reason = "each test file uses its part")]

use bytes::Bytes;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::{Ecosystem, PackageName};
use sekisho_npm::{Hidden, Packument, PackumentError};

pub(crate) const REGISTRY: &str = "https://gate.example/npm";

pub(crate) fn name(text: &str) -> PackageName {
    PackageName::parse(Ecosystem::Npm, text).unwrap()
}

pub(crate) fn compile(raw: impl Into<Vec<u8>>) -> Result<Packument, PackumentError> {
    Packument::compile(&name("pkg"), Bytes::from(raw.into()))
}

/// A release's object as the registry writes it.
pub(crate) fn object(version: &str) -> String {
    format!(
        r#"{{"name":"pkg","version":"{version}","dist":{{"tarball":"https://registry.example/pkg/-/pkg-{version}.tgz"}}}}"#
    )
}

/// A document of `pkg` whose `versions` are these members.
pub(crate) fn document(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!(r#"{{"name":"pkg","versions":{{{}}}}}"#, members.join(","))
}

/// A document of `pkg` with these versions and dist-tags.
pub(crate) fn tagged(versions: &[&str], tags: &[(&str, &str)]) -> Packument {
    let versions: Vec<String> = versions.iter().map(|v| format!("\"{v}\":{}", object(v))).collect();
    let tags: Vec<String> = tags.iter().map(|(tag, to)| format!("\"{tag}\":\"{to}\"")).collect();
    let raw = format!(r#"{{"name":"pkg","dist-tags":{{{}}},"versions":{{{}}}}}"#, tags.join(","), versions.join(","));
    compile(raw).unwrap()
}

/// Hides these versions.
pub(crate) fn hide(packument: &Packument, versions: &[&str]) -> Hidden {
    packument.hide(|row| versions.contains(&row.version()).then(|| Refusal::of(Reason::Policy)))
}
