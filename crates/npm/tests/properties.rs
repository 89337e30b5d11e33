//! What holds for every document, made and mangled ones.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{REGISTRY, name};
use proptest::prelude::*;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_npm::{Hidden, Packument};
use serde_json::{Map, Value, json};

/// Any JSON value, not deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn any_version() -> impl Strategy<Value = String> {
    let pre = prop_oneof![Just(String::new()), "-(alpha|beta|rc)\\.[0-9]".prop_map(String::from)];
    (0..4u8, 0..4u8, 0..4u8, pre).prop_map(|(a, b, c, pre)| format!("{a}.{b}.{c}{pre}"))
}

/// A sound document with arbitrary other fields, and which of its versions to hide.
fn any_document() -> impl Strategy<Value = (Value, Vec<String>)> {
    let extra = || prop::collection::hash_map("[a-z\"\\\\é]{1,6}x", any_json(), 0..4);
    let versions = prop::collection::btree_map(any_version(), (extra(), any::<bool>(), any::<bool>()), 0..8);
    (versions, extra(), any::<prop::sample::Index>()).prop_map(|(versions, top, latest)| {
        let hidden: Vec<String> = versions.iter().filter(|(_, v)| v.1).map(|(text, _)| text.clone()).collect();
        let texts: Vec<&String> = versions.keys().collect();
        let mut tags = Map::new();
        if !texts.is_empty() {
            tags.insert("latest".into(), json!(latest.get(&texts)));
            tags.insert("next".into(), json!(texts[0]));
        }
        let mut document: Map<String, Value> = top.into_iter().collect();
        document.insert("name".into(), json!("pkg"));
        document.insert("dist-tags".into(), Value::Object(tags));
        document.insert("time".into(), versions.keys().map(|v| (v.clone(), json!("2026"))).collect());
        let object =
            |(text, (extra, _, scripted)): (String, (std::collections::HashMap<String, Value>, bool, bool))| {
                let mut object: Map<String, Value> = extra.into_iter().collect();
                object.insert("name".into(), json!("pkg"));
                object.insert("version".into(), json!(text));
                object.insert(
                    "dist".into(),
                    json!({"shasum": "x", "tarball": format!("https://r.example/pkg-{text}.tgz")}),
                );
                if scripted {
                    object.insert("scripts".into(), json!({"install": "x"}));
                }
                (text, Value::Object(object))
            };
        document.insert("versions".into(), versions.into_iter().map(object).collect());
        (Value::Object(document), hidden)
    })
}

fn rewrite(document: &mut Value) {
    for (version, object) in document["versions"].as_object_mut().unwrap() {
        object["dist"]["tarball"] = json!(format!("{REGISTRY}/pkg/-/pkg-{version}.tgz"));
    }
}

fn compile(raw: &[u8]) -> Option<Packument> {
    Packument::compile(&name("pkg"), Bytes::copy_from_slice(raw)).ok()
}

fn render_all(packument: &Packument, hidden: &Hidden) -> [Vec<u8>; 3] {
    let full = packument.render_full(hidden, REGISTRY);
    [full, packument.render_abbreviated(hidden, REGISTRY), packument.render_dist_tags(hidden)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn with_nothing_hidden_the_document_means_the_same_but_for_the_tarballs((mut document, _) in any_document(), pretty: bool) {
        let raw = if pretty { serde_json::to_vec_pretty(&document) } else { serde_json::to_vec(&document) }.unwrap();
        let packument = compile(&raw).unwrap();
        let hidden = packument.hide(|_| None);
        prop_assert!(hidden.is_empty());
        rewrite(&mut document);
        let rendered: Value = serde_json::from_slice(&packument.render_full(&hidden, REGISTRY)).unwrap();
        prop_assert_eq!(rendered, document);
    }

    #[test]
    fn what_is_hidden_is_in_no_form_and_everything_else_is((document, refused) in any_document(), pretty: bool) {
        let raw = if pretty { serde_json::to_vec_pretty(&document) } else { serde_json::to_vec(&document) }.unwrap();
        let packument = compile(&raw).unwrap();
        let is_refused = |version: &str| refused.iter().any(|r| r == version);
        let hidden = packument.hide(|row| is_refused(row.version()).then(|| Refusal::of(Reason::Malware)));
        let [full, abbreviated, tags] = render_all(&packument, &hidden)
            .map(|body| serde_json::from_slice::<Value>(&body).unwrap());
        let mut wanted = document.clone();
        wanted["versions"].as_object_mut().unwrap().retain(|version, _| !is_refused(version));
        wanted["time"].as_object_mut().unwrap().retain(|version, _| !is_refused(version));
        rewrite(&mut wanted);
        wanted["dist-tags"] = tags.clone();
        prop_assert_eq!(&full, &wanted);
        prop_assert_eq!(&abbreviated["dist-tags"], &tags);
        let keys = |document: &Value| document["versions"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        prop_assert_eq!(keys(&abbreviated), keys(&full));
        for (tag, to) in tags.as_object().unwrap() {
            prop_assert!(full["versions"].get(to.as_str().unwrap()).is_some(), "{} names {}", tag, to);
        }
    }

    #[test]
    fn no_mangled_document_panics_or_renders_what_is_not_json(
        (document, _) in any_document(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..4),
    ) {
        let mut raw = serde_json::to_vec(&document).unwrap();
        for (place, byte, kind) in changes {
            let at = place.index(raw.len());
            match kind {
                0 => raw[at] = byte,
                1 => raw.insert(at, b"{}[]\",:\\"[usize::from(byte % 8)]),
                _ => drop(raw.remove(at)),
            }
            if raw.is_empty() {
                break;
            }
        }
        if let Some(packument) = compile(&raw) {
            let hidden = packument.hide(|row| row.is_deprecated().then(|| Refusal::of(Reason::Policy)));
            for body in render_all(&packument, &hidden) {
                prop_assert!(serde_json::from_slice::<&serde_json::value::RawValue>(&body).is_ok());
            }
        }
    }

    #[test]
    fn paths_never_panic_and_names_come_out_as_they_went_in(raw in "[-@a-z0-9%/._\\\\é\u{0}]{0,20}") {
        if let Ok(path) = sekisho_npm::path::parse(&raw) {
            let scoped = path.name().is_some_and(|name| name.as_str().matches('/').count() > 1);
            prop_assert!(!scoped);
        }
    }
}
