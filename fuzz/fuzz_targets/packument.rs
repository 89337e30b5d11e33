//! A packument, compiled, hidden from and rendered, is again a packument with the visible versions and no refused one.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sekisho_core::{Ecosystem, PackageName};
use sekisho_fuzz::{Members, REGISTRY, Refuse};
use sekisho_npm::{Hidden, NpmPath, Packument, ReleaseRow};
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|raw: &[u8]| {
    let document: Option<Value> = serde_json::from_slice(raw).ok();
    let says = document.as_ref().and_then(|d| d["name"].as_str()).unwrap_or("pkg");
    let Ok(name) = PackageName::parse(Ecosystem::Npm, says) else { return };
    let Ok(packument) = Packument::compile(&name, Bytes::copy_from_slice(raw)) else { return };
    for refuse in Refuse::ALL {
        let hidden = packument.hide(|row| refuse.of(row.version()));
        let full = text(packument.render_full(&hidden, REGISTRY));
        let abbreviated = text(packument.render_abbreviated(&hidden, REGISTRY));
        let tags = text(packument.render_dist_tags(&hidden));
        for body in [&full, &abbreviated, &tags] {
            assert!(serde_json::from_str::<&RawValue>(body).is_ok(), "not JSON: {body}");
        }
        // Numbers beyond f64 and lone surrogates are JSON, but no value.
        let Some(document) = &document else { continue };
        let full_value: Value = serde_json::from_str(&full).unwrap();
        let abbreviated_value: Value = serde_json::from_str(&abbreviated).unwrap();
        check_versions(&packument, &hidden, &full_value);
        check_versions(&packument, &hidden, &abbreviated_value);
        check_tags(&packument, &hidden, &full_value);
        check_tags(&packument, &hidden, &abbreviated_value);
        check_doubles(&full);
        check_doubles(&abbreviated);
        check_the_rest(document, &full_value);
        check_single(&packument, &hidden, &full_value);
        check_again(&packument, &hidden, full, refuse);
    }
});

fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).expect("a document is UTF-8")
}

fn shown<'a>(packument: &'a Packument, hidden: &'a Hidden) -> impl Iterator<Item = &'a ReleaseRow> {
    packument.releases().iter().filter(|row| hidden.refusal(row).is_none())
}

/// Exactly the visible versions are there, each leads to its own file by a link of ours, and no hidden one has a time.
fn check_versions(packument: &Packument, hidden: &Hidden, document: &Value) {
    let mut wanted: Vec<&str> = shown(packument, hidden).map(ReleaseRow::version).collect();
    wanted.sort_unstable();
    let empty = serde_json::Map::new();
    let versions = document["versions"].as_object().unwrap_or(&empty);
    let mut found: Vec<&str> = versions.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, wanted);
    for (version, object) in versions {
        assert_eq!(object["name"], packument.name().as_str());
        assert_eq!(object["version"], version.as_str());
        let link = object["dist"]["tarball"].as_str().unwrap();
        let path =
            link.strip_prefix(REGISTRY).and_then(|path| path.strip_prefix('/')).expect("a link starts with our base");
        match sekisho_npm::path::parse(path) {
            Ok(NpmPath::Tarball { name, file }) => {
                assert_eq!(&name, packument.name());
                assert_eq!(packument.by_file(&file).map(ReleaseRow::version), Some(version.as_str()));
            }
            other => panic!("{link} is no tarball: {other:?}"),
        }
    }
    for (index, _) in hidden.refusals() {
        let version = packument.releases()[index].version();
        assert!(document["versions"].get(version).is_none() && document["time"].get(version).is_none(), "{version}");
    }
}

/// No tag names a hidden release.
fn check_tags(packument: &Packument, hidden: &Hidden, document: &Value) {
    for (tag, version) in document["dist-tags"].as_object().into_iter().flatten() {
        let row = version.as_str().and_then(|version| packument.release(version));
        assert!(row.is_none_or(|row| hidden.refusal(row).is_none()), "{tag} names the hidden {version}");
    }
}

/// No key stands twice where clients look for a version and its file.
fn check_doubles(document: &str) {
    let document = Members::of(document).unwrap();
    document.keys();
    if let Some(tags) = document.object("dist-tags") {
        tags.keys();
    }
    let Some(versions) = document.object("versions") else { return };
    for version in versions.keys() {
        let object = versions.object(version).unwrap();
        object.keys();
        object.object("dist").unwrap().keys();
    }
}

/// All that is not a hidden release, a link or a tag stays as the upstream has it.
fn check_the_rest(before: &Value, after: &Value) {
    let (mut before, mut after) = (before.clone(), after.clone());
    let kept: Vec<String> = after["versions"].as_object().map(|v| v.keys().cloned().collect()).unwrap_or_default();
    for document in [&mut before, &mut after] {
        let Some(document) = document.as_object_mut() else { return };
        document.remove("dist-tags");
        document.remove("time");
        let versions = document.get_mut("versions").and_then(Value::as_object_mut);
        for (version, object) in versions.into_iter().flatten() {
            if kept.contains(version) {
                object["dist"]["tarball"] = Value::Null;
            }
        }
        if let Some(versions) = document.get_mut("versions").and_then(Value::as_object_mut) {
            versions.retain(|version, _| kept.contains(version));
        }
    }
    assert_eq!(before, after);
}

/// One release asked for by itself is what the document shows of it.
fn check_single(packument: &Packument, hidden: &Hidden, document: &Value) {
    for row in shown(packument, hidden) {
        let single = packument.render_version(row, REGISTRY).expect("a visible release has no contradiction");
        assert_eq!(serde_json::from_slice::<Value>(&single).unwrap(), document["versions"][row.version()]);
    }
}

/// What was rendered is a packument in which nothing is left to hide.
fn check_again(packument: &Packument, hidden: &Hidden, full: String, refuse: Refuse) {
    let again = Packument::compile(packument.name(), full.into()).expect("what we write, we read");
    let none = again.hide(|row| refuse.of(row.version()));
    assert!(none.is_empty());
    assert_eq!(again.releases().len(), shown(packument, hidden).count());
}
