//! Rendered documents, whole.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{REGISTRY, compile, hide, name};
use insta::assert_snapshot;
use sekisho_npm::Packument;

/// A full document with what real ones have, and some white space to be kept.
const FULL: &str = r#"{"_id":"pkg","_rev":"3-a","name":"pkg", "dist-tags" : {"latest":"2.0.0","beta":"2.1.0-beta.1"},
 "versions":{"1.0.0":{"name":"pkg","version":"1.0.0","description":"caf\u00e9 \ud83d\ude00","main":"a.js","scripts":{"test":"x"},"deprecated":"old","dependencies":{"a":"^1"},"_id":"pkg@1.0.0","dist":{"shasum":"aa","tarball":"https://registry.example/pkg/-/pkg-1.0.0.tgz","integrity":"sha512-a"},"_npmUser":{"name":"x"}},
  "2.0.0" : { "version": "2.0.0", "name": "pkg", "dist": {"tarball":"https:\/\/files.example\/x\/pkg-2.0.0.tgz?sig=1"} , "scripts":{"postinstall":"node x"}, "bin":{"pkg":"a.js"}, "engines":{"node":">=18"}},
  "2.1.0-beta.1":{"name":"pkg","version":"2.1.0-beta.1","hasInstallScript":false,"scripts":{"install":"y"},"dist":{"tarball":"http://registry.example/pkg/-/pkg-2.1.0-beta.1.tgz"}}},
 "time":{"created":"2020","modified":"2023-01-01T00:00:00.000Z","1.0.0":"2021","2.0.0":"2022","0.0.1":"gone","2.1.0-beta.1":"2023"},
 "readme":"a","maintainers":[]}
"#;

fn full(hidden: &[&str]) -> String {
    let packument = compile(FULL).unwrap();
    String::from_utf8(packument.render_full(&hide(&packument, hidden), REGISTRY)).unwrap()
}

fn abbreviated(raw: &str, hidden: &[&str]) -> String {
    let packument = compile(raw).unwrap();
    String::from_utf8(packument.render_abbreviated(&hide(&packument, hidden), REGISTRY)).unwrap()
}

#[test]
fn with_nothing_hidden_only_the_tarballs_change() {
    let wanted = FULL
        .replace("https://registry.example/pkg/-/pkg-1.0.0.tgz", "https://gate.example/npm/pkg/-/pkg-1.0.0.tgz")
        .replace(r"https:\/\/files.example\/x\/pkg-2.0.0.tgz?sig=1", "https://gate.example/npm/pkg/-/pkg-2.0.0.tgz")
        .replace("http://registry.example/pkg/-/pkg-2.1", "https://gate.example/npm/pkg/-/pkg-2.1");
    assert_eq!(full(&[]), wanted);
}

#[test]
fn hidden_releases_are_absent_from_versions_time_and_tags() {
    assert_snapshot!(full(&["2.0.0", "2.1.0-beta.1"]), @r##"
    {"_id":"pkg","_rev":"3-a","name":"pkg", "dist-tags" : {"latest":"1.0.0"},
     "versions":{"1.0.0":{"name":"pkg","version":"1.0.0","description":"caf\u00e9 \ud83d\ude00","main":"a.js","scripts":{"test":"x"},"deprecated":"old","dependencies":{"a":"^1"},"_id":"pkg@1.0.0","dist":{"shasum":"aa","tarball":"https://gate.example/npm/pkg/-/pkg-1.0.0.tgz","integrity":"sha512-a"},"_npmUser":{"name":"x"}}},
     "time":{"created":"2020","modified":"2023-01-01T00:00:00.000Z","1.0.0":"2021","0.0.1":"gone"},
     "readme":"a","maintainers":[]}
    "##);
}

#[test]
fn the_first_release_can_be_hidden() {
    let text = full(&["1.0.0"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let versions: Vec<&str> = json["versions"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(versions, ["2.0.0", "2.1.0-beta.1"]);
    assert_eq!(json["dist-tags"]["latest"], "2.0.0");
    assert!(!text.contains("1.0.0"));
}

#[test]
fn when_all_is_hidden_the_document_is_still_json() {
    let json: serde_json::Value = serde_json::from_str(&full(&["1.0.0", "2.0.0", "2.1.0-beta.1"])).unwrap();
    assert_eq!(json["versions"], serde_json::json!({}));
    assert_eq!(json["dist-tags"], serde_json::json!({}));
    assert_eq!(json["time"].as_object().unwrap().len(), 3);
}

#[test]
fn the_abbreviated_form_has_what_an_installation_needs() {
    assert_snapshot!(abbreviated(FULL, &[]), @r##"
    {"name":"pkg","modified":"2023-01-01T00:00:00.000Z","dist-tags":{"latest":"2.0.0","beta":"2.1.0-beta.1"},"versions":{"1.0.0":{"name":"pkg","version":"1.0.0","deprecated":"old","dependencies":{"a":"^1"},"dist":{"shasum":"aa","tarball":"https://gate.example/npm/pkg/-/pkg-1.0.0.tgz","integrity":"sha512-a"}},"2.0.0" : {"version": "2.0.0","name": "pkg","dist": {"tarball":"https://gate.example/npm/pkg/-/pkg-2.0.0.tgz"},"bin":{"pkg":"a.js"},"engines":{"node":">=18"},"hasInstallScript":true},"2.1.0-beta.1":{"name":"pkg","version":"2.1.0-beta.1","hasInstallScript":false,"dist":{"tarball":"https://gate.example/npm/pkg/-/pkg-2.1.0-beta.1.tgz"}}}}
    "##);
}

#[test]
fn the_abbreviated_form_hides_as_the_full_one_does() {
    assert_snapshot!(abbreviated(FULL, &["2.0.0"]), @r##"
    {"name":"pkg","modified":"2023-01-01T00:00:00.000Z","dist-tags":{"latest":"1.0.0","beta":"2.1.0-beta.1"},"versions":{"1.0.0":{"name":"pkg","version":"1.0.0","deprecated":"old","dependencies":{"a":"^1"},"dist":{"shasum":"aa","tarball":"https://gate.example/npm/pkg/-/pkg-1.0.0.tgz","integrity":"sha512-a"}},"2.1.0-beta.1":{"name":"pkg","version":"2.1.0-beta.1","hasInstallScript":false,"dist":{"tarball":"https://gate.example/npm/pkg/-/pkg-2.1.0-beta.1.tgz"}}}}
    "##);
}

#[test]
fn the_abbreviated_form_of_an_abbreviated_document_is_the_same() {
    let once = abbreviated(FULL, &[]);
    assert_eq!(abbreviated(&once, &[]), once);
}

#[test]
fn a_full_answer_from_an_abbreviated_document_is_that_document() {
    let once = abbreviated(FULL, &[]);
    let packument = compile(once.as_str()).unwrap();
    assert_eq!(packument.render_full(&packument.hide(|_| None), REGISTRY), once.as_bytes());
}

#[test]
fn every_documented_field_is_kept_and_no_other() {
    let kept = "name version deprecated dependencies optionalDependencies devDependencies bundleDependencies \
        bundledDependencies peerDependencies peerDependenciesMeta acceptDependencies bin directories dist engines cpu os \
        libc funding hasInstallScript _hasShrinkwrap";
    let dropped = "scripts _id _npmUser main gitHead readme exports types _nodeVersion";
    let member = |key: &str| match key {
        "name" => r#""name":"pkg""#.to_owned(),
        "version" => r#""version":"1.0.0""#.to_owned(),
        "dist" => r#""dist":{"tarball":"https://registry.example/pkg-1.0.0.tgz"}"#.to_owned(),
        key => format!(r#""{key}":["v"]"#),
    };
    let members: Vec<String> = kept.split_whitespace().chain(dropped.split_whitespace()).map(member).collect();
    let raw = common::document(&[("1.0.0", &format!("{{{}}}", members.join(",")))]);
    let json: serde_json::Value = serde_json::from_str(&abbreviated(&raw, &[])).unwrap();
    let mut keys: Vec<&str> = json["versions"]["1.0.0"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted: Vec<&str> = kept.split_whitespace().collect();
    keys.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
}

#[test]
fn install_scripts_are_told_where_the_upstream_does_not() {
    for (scripts, wanted) in [
        (r#"{"preinstall":"x"}"#, Some(true)),
        (r#"{"install":"x"}"#, Some(true)),
        (r#"{"test":"x","post\u0069nstall":"x"}"#, Some(true)),
        (r#"{"test":"x","prepare":"x"}"#, None),
        (r#"{"install":""}"#, None),
        (r#"{"install":false}"#, None),
        ("null", None),
        (r#""install""#, None),
    ] {
        let object = common::object("1.0.0").replacen('{', &format!(r#"{{"scripts":{scripts},"#), 1);
        let text = abbreviated(&common::document(&[("1.0.0", &object)]), &[]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["versions"]["1.0.0"]["hasInstallScript"].as_bool(), wanted, "{scripts}");
    }
}

#[test]
fn one_release_is_its_object_with_the_tarball_rewritten() {
    let packument = compile(FULL).unwrap();
    let row = packument.release("2.0.0").unwrap();
    let text = String::from_utf8(packument.render_version(row, REGISTRY).unwrap()).unwrap();
    assert_snapshot!(text, @r##"{ "version": "2.0.0", "name": "pkg", "dist": {"tarball":"https://gate.example/npm/pkg/-/pkg-2.0.0.tgz"} , "scripts":{"postinstall":"node x"}, "bin":{"pkg":"a.js"}, "engines":{"node":">=18"}}"##);
}

#[test]
fn scoped_names_and_odd_addresses_make_good_links() {
    let raw = r#"{"name":"@a/pkg","versions":{"1.0.0+b":{"name":"@a/pkg","version":"1.0.0+b","dist":{"tarball":"https://r.example/@a/pkg/-/pkg-1.0.0%2Bb.tgz#x"}}}}"#;
    let packument = Packument::compile(&name("@a/pkg"), Bytes::from(raw)).unwrap();
    let row = packument.by_file("pkg-1.0.0+b.tgz").unwrap();
    assert_eq!(row.tarball(), Some("https://r.example/@a/pkg/-/pkg-1.0.0%2Bb.tgz#x"));
    let hidden = packument.hide(|_| None);
    for (base, wanted) in [
        ("https://gate.example", "https://gate.example/@a/pkg/-/pkg-1.0.0+b.tgz"),
        ("http://[::1]:8417/npm", "http://[::1]:8417/npm/@a/pkg/-/pkg-1.0.0+b.tgz"),
        ("https://g.example/a\"b\\c\u{7}", "https://g.example/a\"b\\c\u{7}/@a/pkg/-/pkg-1.0.0+b.tgz"),
    ] {
        for body in [packument.render_full(&hidden, base), packument.render_abbreviated(&hidden, base)] {
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(json["versions"]["1.0.0+b"]["dist"]["tarball"], wanted);
        }
    }
}

#[test]
fn the_table_has_what_the_gate_needs() {
    let packument = compile(FULL).unwrap();
    let row = packument.by_file("pkg-2.0.0.tgz").unwrap();
    assert_eq!((row.version(), row.index(), row.published()), ("2.0.0", 1, Some("2022")));
    assert_eq!(row.tarball(), Some("https://files.example/x/pkg-2.0.0.tgz?sig=1"));
    assert!(row.parsed().is_some() && !row.is_deprecated());
    assert!(packument.release("1.0.0").unwrap().is_deprecated());
    assert_eq!(packument.latest().unwrap().version(), "2.0.0");
    assert_eq!(packument.tag("beta").unwrap().version(), "2.1.0-beta.1");
    assert!(packument.by_file("pkg-3.0.0.tgz").is_none() && packument.tag("none").is_none());
    assert!(packument.weight() > FULL.len() && packument.weight() < FULL.len() + 4_000);
}

#[test]
fn an_empty_deprecation_is_none() {
    for (value, wanted) in [(r#""x""#, true), (r#""""#, false), ("true", true), ("false", false), ("null", false)] {
        let object = common::object("1.0.0").replacen('{', &format!(r#"{{"deprecated":{value},"#), 1);
        let packument = compile(common::document(&[("1.0.0", &object)])).unwrap();
        assert_eq!(packument.releases()[0].is_deprecated(), wanted, "{value}");
    }
}

#[test]
fn the_buffer_of_a_full_document_is_made_large_enough_at_once() {
    let packument = compile(FULL).unwrap();
    let base = format!("https://{}.example/npm", "g".repeat(200));
    let body = packument.render_full(&packument.hide(|_| None), &base);
    assert!(body.capacity() < body.len() + 100, "{} for {}", body.capacity(), body.len());
}
