//! The operator's file: what it says, and how its mistakes are told.

#![allow(clippy::unwrap_used)]

use sekisho_core::policy::{Effect, Policy};
use sekisho_core::{PackageUrl, Timestamp};
use sekisho_feed::policy_file;

fn entries(policy: &Policy, purl: &str) -> Vec<(Effect, String, Option<Timestamp>)> {
    let name = PackageUrl::parse(purl).unwrap().name;
    policy.entries(&name).iter().map(|e| (e.effect, e.reason.clone(), e.expires)).collect()
}

#[test]
fn entries_are_read() {
    let policy = policy_file::parse(
        r#"
        [[block]]
        package = "pkg:npm/left-pad@1.3.0"
        reason = "not in this house"
        [[block]]
        package = "pkg:npm/%40scope/name"
        [[allow]]
        package = "pkg:pypi/Example_Pkg"
        reason = "the advisory is wrong"
        expires = "2026-12-01T01:00:00+01:00"
        [[allow]]
        package = "pkg:npm/left-pad@1.0.0"
        reason = "old"
        expires = 2026-12-01T00:00:00Z
        "#,
        "policy.toml",
    )
    .unwrap();
    let end = Some("2026-12-01T00:00:00Z".parse().unwrap());
    assert_eq!(policy.len(), 4);
    assert_eq!(
        entries(&policy, "pkg:npm/left-pad"),
        [(Effect::Allow, "old".to_owned(), end), (Effect::Block, "not in this house".to_owned(), None)]
    );
    assert_eq!(entries(&policy, "pkg:npm/@scope/name"), [(Effect::Block, String::new(), None)]);
    assert_eq!(entries(&policy, "pkg:pypi/example-pkg"), [(Effect::Allow, "the advisory is wrong".to_owned(), end)]);
    assert!(policy_file::parse("", "policy.toml").unwrap().is_empty());
}

#[test]
fn an_entry_may_say_since_when_it_stands() {
    let read = |since: &str| {
        let text = format!("[[block]]\npackage = \"pkg:npm/a\"\n{since}");
        let policy = policy_file::parse(&text, "policy.toml").unwrap();
        policy.entries(&PackageUrl::parse("pkg:npm/a").unwrap().name)[0].since
    };
    let when: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    assert_eq!(read("since = \"2026-11-01T01:00:00+01:00\""), Some(when));
    assert_eq!(read("since = 2026-11-01T00:00:00Z"), Some(when));
    assert_eq!(read(""), None);
}

#[test]
fn every_mistake_is_told_with_file_table_and_key() {
    let wrong = r#"
        blok = 1
        [[block]]
        package = "pkg:npm/a"
        resaon = "typed in a hurry"
        [[block]]
        package = "npm/a"
        [[block]]
        reason = "which?"
        [[block]]
        package = ["pkg:npm/a"]
        reason = 7
        [[block]]
        package = "pkg:npm/a@1.0.0?arch=x"
        [[allow]]
        package = "pkg:npm/a"
        [[allow]]
        package = "pkg:npm/a"
        reason = "  "
        [[allow]]
        package = "pkg:gem/rails@1"
        reason = "r"
        expires = "tomorrow"
        [[allow]]
        package = "pkg:npm/a"
        reason = "r"
        expires = 2026-12-01
        [[allow]]
        package = "pkg:npm/a"
        reason = "r"
        expires = 7
        [[warn]]
        package = "pkg:npm/a"
        reason = "r"
        since = "0"
        [[warn]]
        package = "pkg:npm/a"
        reason = "r"
        since = 7
    "#;
    insta::assert_snapshot!(policy_file::parse(wrong, "policy.toml").unwrap_err());
}

#[test]
fn what_is_no_toml_or_no_list_is_an_error() {
    for bad in ["[block]\npackage = \"pkg:npm/a\"", "block = [1]", "[[block]", "allow = \"pkg:npm/a\"", "\u{0}"] {
        let error = policy_file::parse(bad, "policy.toml").unwrap_err().to_string();
        assert!(error.starts_with("policy.toml: "), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_an_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("policy.toml");
    assert!(policy_file::read(&path).unwrap_err().to_string().contains("policy.toml: "));
    std::fs::write(&path, b"\xff").unwrap();
    assert!(policy_file::read(&path).is_err());
    std::fs::write(&path, "[[block]]\npackage = \"pkg:npm/a\"\n").unwrap();
    assert_eq!(policy_file::read(&path).unwrap().len(), 1);
}

#[test]
fn a_warning_is_a_sentence_that_clients_can_print() {
    let warning = |reason: &str| {
        let text = format!("[[warn]]\npackage = \"pkg:npm/a@1.0.0\"\n{reason}");
        policy_file::parse(&text, "policy.toml").map(|policy| entries(&policy, "pkg:npm/a"))
    };
    assert_eq!(warning("reason = \"Use b.\""), Ok(vec![(Effect::Warn, "Use b.".to_owned(), None)]));
    let long = format!("reason = \"{}\"", "x".repeat(201));
    for bad in ["", "reason = \"\"", "reason = \"a\\nb\"", "reason = \"Gr\u{fc}n\"", &long] {
        assert!(warning(bad).unwrap_err().to_string().contains("reason"), "{bad}");
    }
}
