//! Documents that lie, contradict themselves or are none.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{compile, document, hide, name, object};
use sekisho_core::policy::Reason;
use sekisho_npm::{Contradiction, Packument, PackumentError, Resolved};

/// What is wrong with `1.0.0` when this stands under it, beside a sound `2.0.0` that must stay sound.
fn odd(value: &str) -> Option<Contradiction> {
    let packument = compile(document(&[("1.0.0", value), ("2.0.0", &object("2.0.0"))])).unwrap();
    assert_eq!(packument.release("2.0.0").unwrap().contradiction(), None, "another version broke with {value}");
    let hidden = packument.hide(|_| None);
    let row = packument.release("1.0.0").unwrap();
    assert_eq!(hidden.refusal(row).map(|r| r.reason), row.contradiction().map(|_| Reason::Contradiction));
    assert_eq!(
        String::from_utf8(packument.render_full(&hidden, "https://g.example")).unwrap().contains("1.0.0"),
        hidden.is_empty()
    );
    row.contradiction()
}

#[test]
fn a_sound_release_has_no_contradiction() {
    assert_eq!(odd(&object("1.0.0")), None);
}

#[test]
fn what_is_odd_in_one_version_hides_that_one_only() {
    use Contradiction::*;
    let dist = r#""dist":{"tarball":"https://registry.example/pkg-1.tgz"}"#;
    let url = |text: &str| format!(r#"{{"name":"pkg","version":"1.0.0","dist":{{"tarball":"{text}"}}}}"#);
    let head = r#""name":"pkg","version":"1.0.0""#;
    let long = format!("https://r.example/{}.tgz", "a".repeat(500));
    for (value, wanted) in [
        ("1".to_owned(), NotAnObject),
        ("null".to_owned(), NotAnObject),
        ("1e999".to_owned(), NotAnObject),
        ("[]".to_owned(), NotAnObject),
        (r#""1.0.0""#.to_owned(), NotAnObject),
        (format!(r#"{{{head},{dist},"name":"pkg"}}"#), RepeatedKey),
        (format!(r#"{{{head},{dist},{dist}}}"#), RepeatedKey),
        (format!(r#"{{{head},{dist},"dis\u0074":{{}}}}"#), RepeatedKey),
        (format!(r#"{{{head},{dist},"bin":"a","b\u0069n":"b"}}"#), RepeatedKey),
        (
            format!(
                r#"{{{head},"dist":{{"tarball":"https://a.example/a.tgz","tarbal\u006c":"https://b.example/b.tgz"}}}}"#
            ),
            RepeatedKey,
        ),
        (format!(r#"{{{head},{dist},"\ud800":1}}"#), UnusableKey),
        (format!(r#"{{{head},{dist},"__proto__":{{}}}}"#), UnusableKey),
        (format!(r#"{{{head},"dist":{{"tarball":"https://a.example/a.tgz","__proto\u005f_":{{}}}}}}"#), UnusableKey),
        (format!(r#"{{"name":"other","version":"1.0.0",{dist}}}"#), OtherName),
        (format!(r#"{{"name":"Pkg","version":"1.0.0",{dist}}}"#), OtherName),
        (format!(r#"{{"version":"1.0.0",{dist}}}"#), OtherName),
        (format!(r#"{{"name":"pkg","version":"2.0.0",{dist}}}"#), OtherVersion),
        (format!(r#"{{"name":"pkg","version":"v1.0.0",{dist}}}"#), OtherVersion),
        (format!(r#"{{"name":"pkg","version":1,{dist}}}"#), OtherVersion),
        (format!(r#"{{"name":"pkg","version":"1.0.0\ud800",{dist}}}"#), OtherVersion),
        (format!(r#"{{"name":"pkg",{dist}}}"#), OtherVersion),
        (format!("{{{head}}}"), NoTarball),
        (format!(r#"{{{head},"dist":[]}}"#), NoTarball),
        (format!(r#"{{{head},"dist":null}}"#), NoTarball),
        (format!(r#"{{{head},"dist":{{"tarball":7}}}}"#), NoTarball),
        (url("ftp://registry.example/a.tgz"), TarballAddress),
        (url("file:///etc/passwd"), TarballAddress),
        (url("/pkg/-/pkg-1.0.0.tgz"), TarballAddress),
        (url("javascript:alert(1)"), TarballAddress),
        (url(r"https://registry.example/\ud800.tgz"), TarballAddress),
        (url(""), TarballAddress),
        (url("https://registry.example"), FileName),
        (url("https://registry.example/pkg/-/"), FileName),
        (url("https://registry.example/a%2fb.tgz"), FileName),
        (url("https://registry.example/a%5cb.tgz"), FileName),
        (url("https://registry.example/a%00.tgz"), FileName),
        (url("https://registry.example/a%252fb.tgz"), FileName),
        (url("https://registry.example/%ff.tgz"), FileName),
        (url("https://registry.example/a%0d%0aX: y"), FileName),
        (url(&long), FileName),
    ] {
        assert_eq!(odd(&value), Some(wanted), "{value}");
    }
}

#[test]
fn keys_may_repeat_where_they_decide_nothing() {
    let value = r#"{"name":"pkg","version":"1.0.0","x":{"a":1,"a":2},"dist":{"tarball":"https://r.example/a.tgz"}}"#;
    assert_eq!(odd(value), None);
}

#[test]
fn a_version_that_stands_twice_is_refused_in_both_places() {
    for spelled in ["1.0.0", r"1.0.\u0030"] {
        let raw = document(&[("1.0.0", &object("1.0.0")), ("2.0.0", &object("2.0.0")), (spelled, &object("1.0.0"))]);
        let packument = compile(raw).unwrap();
        let wrong: Vec<_> = packument.releases().iter().map(|row| row.contradiction()).collect();
        assert_eq!(wrong, [Some(Contradiction::RepeatedVersion), None, Some(Contradiction::RepeatedVersion)]);
    }
}

#[test]
fn two_versions_that_share_a_file_are_both_refused_by_version_and_by_file() {
    let shared = object("2.0.0").replace("pkg-2.0.0.tgz", "pkg%2D1.0.0.tgz");
    let packument = compile(document(&[("1.0.0", &object("1.0.0")), ("2.0.0", &shared)])).unwrap();
    assert!(packument.releases().iter().all(|row| row.contradiction() == Some(Contradiction::SharedFile)));
    assert_eq!(packument.by_file("pkg-1.0.0.tgz").unwrap().contradiction(), Some(Contradiction::SharedFile));
    assert!(packument.hide(|_| None).all_hidden());
}

#[test]
fn the_file_of_a_contradictory_release_is_still_known_so_that_it_is_refused() {
    let value = object("1.0.0").replacen('{', r#"{"__proto__":1,"#, 1);
    let packument = compile(document(&[("1.0.0", &value)])).unwrap();
    assert_eq!(packument.by_file("pkg-1.0.0.tgz").unwrap().contradiction(), Some(Contradiction::UnusableKey));
}

#[test]
fn versions_with_unusable_keys_are_hidden() {
    for key in ["__proto__", r"\ud800", r"__prot\u006f__"] {
        let packument = compile(document(&[(key, &object(key)), ("2.0.0", &object("2.0.0"))])).unwrap();
        assert_eq!(packument.releases()[0].contradiction(), Some(Contradiction::UnusableVersion), "{key}");
        assert_eq!(packument.releases()[1].contradiction(), None);
    }
}

#[test]
fn a_contradictory_version_that_is_asked_for_is_refused_not_unknown() {
    let packument = compile(document(&[("1.0.0", "7"), ("2.0.0", &object("2.0.0"))])).unwrap();
    let hidden = packument.hide(|_| None);
    let Resolved::Refused(row, refusal) = packument.resolve(&hidden, "1.0.0") else { panic!("not refused") };
    assert_eq!((row.version(), refusal.reason), ("1.0.0", Reason::Contradiction));
    assert_eq!(packument.render_version(row, "https://g.example"), None);
}

#[test]
fn documents_that_are_none_are_refused() {
    let deep = format!(r#"{{"name":"pkg","versions":{{}},"x":{}}}"#, "[".repeat(10_000) + &"]".repeat(10_000));
    let deep_version = document(&[("1.0.0", &("{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000)))]);
    let half = document(&[("1.0.0", &object("1.0.0"))]);
    let half = &half[..half.len() - 10];
    let not_json = |e: PackumentError| matches!(e, PackumentError::NotJson(_));
    for (raw, wanted) in [
        ("", &not_json as &dyn Fn(PackumentError) -> bool),
        ("<!doctype html><title>502</title>", &not_json),
        (half, &not_json),
        ("\u{feff}{\"name\":\"pkg\",\"versions\":{}}", &not_json),
        (r#"{"name":"pkg","versions":{}} {}"#, &not_json),
        (r#"{"name":"pkg","versions":{},}"#, &not_json),
        (r#"{'name':'pkg'}"#, &not_json),
        (r#"{"name":"pkg","versions":{},"x":NaN}"#, &not_json),
        ("{\"name\":\"pkg\",\"versions\":{},\"x\":\"a\nb\"}", &not_json),
        ("[]", &|e| e == PackumentError::NotAnObject),
        ("\"pkg\"", &|e| e == PackumentError::NotAnObject),
        (r#"{"name":"pkg","versions":{},"versions":{}}"#, &|e| e == PackumentError::RepeatedKey("versions".into())),
        (r#"{"name":"pkg","versions":{},"dist-tags":1,"dist-tag\u0073":2}"#, &|e| {
            e == PackumentError::RepeatedKey("dist-tags".into())
        }),
        (r#"{"name":"pkg","versions":{},"x":1,"x":2}"#, &|e| e == PackumentError::RepeatedKey("x".into())),
        (r#"{"name":"pkg","versions":{},"\udfff":1}"#, &|e| e == PackumentError::UnusableKey),
        (r#"{"name":"pkg","versions":{},"__proto__":{"versions":{}}}"#, &|e| e == PackumentError::UnusableKey),
        (r#"{"name":"other","versions":{}}"#, &|e| e == PackumentError::OtherName(name("pkg"))),
        (r#"{"name":7,"versions":{}}"#, &|e| e == PackumentError::OtherName(name("pkg"))),
        (r#"{"versions":{}}"#, &|e| e == PackumentError::OtherName(name("pkg"))),
        (r#"{"name":"pkg"}"#, &|e| e == PackumentError::NoVersions),
        (r#"{"name":"pkg","time":{"1.0.0":"x"}}"#, &|e| e == PackumentError::NoVersions),
        (r#"{"name":"pkg","versions":[]}"#, &|e| e == PackumentError::Versions),
        (r#"{"name":"pkg","versions":null}"#, &|e| e == PackumentError::Versions),
        (&deep, &|e| e == PackumentError::TooDeep),
        (&deep_version, &|e| e == PackumentError::TooDeep),
    ] {
        let error = compile(raw).expect_err(raw);
        assert!(wanted(error.clone()), "{error:?} for {}", raw.chars().take(80).collect::<String>());
    }
    assert_eq!(compile(*b"{\"name\":\"pkg\",\"versions\":{},\"x\":\"\xff\"}").unwrap_err(), PackumentError::NotUtf8);
}

#[test]
fn more_members_than_any_package_has_are_refused() {
    let many = vec!["\"\":1"; 200_001].join(",");
    for place in ["versions", "time", "dist-tags"] {
        let others = if place == "versions" { "" } else { r#""versions":{},"# };
        let raw = format!(r#"{{"name":"pkg",{others}"{place}":{{{many}}}}}"#);
        assert_eq!(compile(raw).unwrap_err(), PackumentError::TooMany, "{place}");
    }
    let keys: Vec<String> = (0..10_001).map(|i| format!("\"{i}\":1")).collect();
    assert_eq!(odd(&format!("{{{}}}", keys.join(","))), Some(Contradiction::UnusableKey));
}

#[test]
fn an_unpublished_package_has_no_releases() {
    let raw = r#"{"_id":"pkg","name":"pkg","time":{"created":"a","1.0.0":"b","unpublished":{"versions":["1.0.0"]}}}"#;
    let packument = compile(raw).unwrap();
    assert!(packument.releases().is_empty());
    let hidden = packument.hide(|_| None);
    assert!(hidden.is_empty() && !hidden.all_hidden());
    assert_eq!(packument.render_full(&hidden, "https://g.example"), raw.as_bytes());
    assert_eq!(
        String::from_utf8(packument.render_abbreviated(&hidden, "https://g.example")).unwrap(),
        r#"{"name":"pkg","dist-tags":{},"versions":{}}"#
    );
}

#[test]
fn odd_times_and_tags_break_nothing() {
    let raw = format!(
        r#"{{"name":"pkg","dist-tags":{{"latest":7,"a":null,"\ud800":"1.0.0"}},"time":{{"1.0.0":7,"modified":[]}},"versions":{{"1.0.0":{}}}}}"#,
        object("1.0.0")
    );
    let packument = compile(raw).unwrap();
    assert_eq!(packument.release("1.0.0").unwrap().published(), None);
    assert!(packument.latest().is_none() && packument.tags().is_empty());
    assert_eq!(packument.render_dist_tags(&packument.hide(|_| None)), b"{}");
    let raw = document(&[("1.0.0", &object("1.0.0"))]).replacen('{', r#"{"time":"never","dist-tags":[],"#, 1);
    let packument = compile(raw.clone()).unwrap();
    let full = String::from_utf8(packument.render_full(&packument.hide(|_| None), "https://registry.example")).unwrap();
    assert_eq!(full, raw);
}

#[test]
fn a_tag_that_stands_twice_is_read_like_javascript_reads_it_and_written_once() {
    let raw = format!(
        r#"{{"name":"pkg","dist-tags":{{"latest":"1.0.0","latest":"2.0.0"}},"versions":{{"1.0.0":{},"2.0.0":{}}}}}"#,
        object("1.0.0"),
        object("2.0.0")
    );
    let packument = compile(raw).unwrap();
    assert_eq!(packument.latest().unwrap().version(), "2.0.0");
    assert_eq!(packument.render_dist_tags(&packument.hide(|_| None)), br#"{"latest":"2.0.0"}"#);
    assert_eq!(packument.render_dist_tags(&hide(&packument, &["2.0.0"])), br#"{"latest":"1.0.0"}"#);
}

#[test]
fn a_document_is_of_the_name_that_was_asked_for_scope_included() {
    let raw = r#"{"name":"@a/pkg","versions":{}}"#;
    assert!(Packument::compile(&name("@a/pkg"), raw.into()).is_ok());
    assert!(Packument::compile(&name("@b/pkg"), raw.into()).is_err());
    assert!(Packument::compile(&name("pkg"), raw.into()).is_err());
}
