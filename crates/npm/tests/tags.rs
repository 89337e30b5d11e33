//! Where dist-tags go when their release is hidden, and what a spec resolves to then.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{compile, hide, object, tagged};
use sekisho_npm::{MovedTag, Resolved};

/// Where `tag`, which names the first of the hidden versions, goes.
fn moved(tag: &str, versions: &[&str], hidden: &[&str]) -> Option<String> {
    let packument = tagged(versions, &[(tag, hidden[0])]);
    let hidden = hide(&packument, hidden);
    let [MovedTag { to, .. }] = hidden.moved_tags() else { panic!("{:?}", hidden.moved_tags()) };
    to.as_deref().map(str::to_owned)
}

#[test]
fn latest_moves_to_the_highest_stable_below_else_the_highest_stable_else_the_highest_left() {
    for (versions, hidden, wanted) in [
        // below, by order and not by the place in the document
        (&["1.0.0", "1.10.0", "1.9.0", "1.11.0"] as &[_], &["1.11.0"] as &[_], Some("1.10.0")),
        // something higher is there, but it is not what the tag named: a backport was `latest`
        (&["1.0.0", "1.0.1", "2.0.0"], &["1.0.1"], Some("1.0.0")),
        // across majors
        (&["1.5.0", "2.0.0"], &["2.0.0"], Some("1.5.0")),
        // pre-releases below are passed over
        (&["1.0.0", "2.0.0-rc.1", "2.0.0"], &["2.0.0"], Some("1.0.0")),
        // hidden ones too
        (&["1.0.0", "1.0.1", "1.0.2"], &["1.0.2", "1.0.1"], Some("1.0.0")),
        // nothing stable below
        (&["1.0.0", "1.1.0", "1.2.0"], &["1.0.0"], Some("1.2.0")),
        (&["1.0.0-a", "1.0.0", "1.2.0"], &["1.0.0"], Some("1.2.0")),
        // nothing stable at all
        (&["1.0.0-beta.2", "1.0.0-beta.10", "1.0.0"], &["1.0.0"], Some("1.0.0-beta.10")),
        // `latest` named a pre-release
        (&["1.0.0", "2.0.0-rc.1", "2.0.0-rc.2"], &["2.0.0-rc.2"], Some("1.0.0")),
        // versions that can't be read come last
        (&["zebra", "1.0.0-a", "1.0.0"], &["1.0.0"], Some("1.0.0-a")),
        (&["zebra", "1.0.0"], &["1.0.0"], Some("zebra")),
        (&["1.0.0", "zebra", "2.0.0"], &["zebra"], Some("2.0.0")),
        // nothing left
        (&["1.0.0"], &["1.0.0"], None),
    ] {
        assert_eq!(moved("latest", versions, hidden).as_deref(), wanted, "{versions:?} without {hidden:?}");
    }
}

#[test]
fn another_tag_moves_within_its_major_and_channel_or_goes() {
    for (versions, hidden, wanted) in [
        (&["2.0.0-beta.1", "2.0.0-beta.2", "2.0.0-beta.10"] as &[_], &["2.0.0-beta.10"] as &[_], Some("2.0.0-beta.2")),
        // up as well as down
        (&["2.0.0-beta.1", "2.1.0-beta.0"], &["2.0.0-beta.1"], Some("2.1.0-beta.0")),
        // not to another channel, a stable one or another major
        (&["2.0.0-alpha.1", "2.0.0", "2.0.0-beta.1"], &["2.0.0-beta.1"], None),
        (&["1.0.0-beta.1", "3.0.0-beta.1", "2.0.0-beta.1"], &["2.0.0-beta.1"], None),
        // a pre-release without a name is a channel of its own
        (&["2.0.0", "2.0.1-1", "2.0.1-2"], &["2.0.1-2"], Some("2.0.1-1")),
        (&["2.0.0", "2.0.1-1"], &["2.0.1-1"], None),
        (&["1.0.0", "1.4.0", "1.5.0-rc.1", "2.0.0"], &["1.0.0"], Some("1.4.0")),
        (&["zebra", "1.0.0"], &["zebra"], None),
    ] {
        assert_eq!(moved("next", versions, hidden).as_deref(), wanted, "{versions:?} without {hidden:?}");
    }
}

#[test]
fn tags_that_name_nothing_refused_stay() {
    let packument = tagged(&["1.0.0", "2.0.0"], &[("latest", "2.0.0"), ("old", "1.0.0"), ("lost", "9.9.9")]);
    let hidden = hide(&packument, &["2.0.0"]);
    assert_eq!(packument.render_dist_tags(&hidden), br#"{"latest":"1.0.0","old":"1.0.0","lost":"9.9.9"}"#);
    let moved = MovedTag { tag: "latest".into(), from: "2.0.0".into(), to: Some("1.0.0".into()) };
    assert_eq!(hidden.moved_tags(), [moved]);
}

#[test]
fn a_hidden_release_without_a_tag_moves_none() {
    let packument = tagged(&["1.0.0", "2.0.0"], &[("latest", "2.0.0")]);
    let hidden = hide(&packument, &["1.0.0"]);
    assert!(hidden.moved_tags().is_empty() && !hidden.is_empty() && !hidden.all_hidden());
}

#[test]
fn when_all_is_hidden_every_tag_goes() {
    let packument = tagged(&["1.0.0", "2.0.0"], &[("latest", "2.0.0"), ("next", "2.0.0")]);
    let hidden = hide(&packument, &["1.0.0", "2.0.0"]);
    assert!(hidden.all_hidden() && hidden.tags().is_empty());
    assert_eq!(packument.render_dist_tags(&hidden), b"{}");
}

#[test]
fn a_spec_resolves_to_what_the_caller_may_see_of_it() {
    let tags = [("latest", "2.0.0"), ("beta", "3.0.0-beta.1"), ("lost", "9.9.9")];
    let packument = tagged(&["1.0.0", "2.0.0", "3.0.0-beta.1"], &tags);
    let all = packument.hide(|_| None);
    let some = hide(&packument, &["2.0.0", "3.0.0-beta.1"]);
    let show = |hidden, spec| match packument.resolve(hidden, spec) {
        Resolved::Visible(row) => row.version().to_owned(),
        Resolved::Refused(row, refusal) => format!("{} refused: {}", row.version(), refusal.reason.as_str()),
        Resolved::Unknown => "unknown".to_owned(),
    };
    for (spec, before, after) in [
        ("1.0.0", "1.0.0", "1.0.0"),
        ("2.0.0", "2.0.0", "2.0.0 refused: policy"),
        ("latest", "2.0.0", "1.0.0"),
        ("beta", "3.0.0-beta.1", "3.0.0-beta.1 refused: policy"),
        ("lost", "unknown", "unknown"),
        ("9.9.9", "unknown", "unknown"),
        ("", "unknown", "unknown"),
    ] {
        assert_eq!((&*show(&all, spec), &*show(&some, spec)), (before, after), "{spec}");
    }
}

#[test]
fn the_key_names_the_hidden_set_whatever_the_reasons_order_or_process() {
    let packument = tagged(&["1.0.0", "2.0.0", "3.0.0"], &[]);
    let key = |versions: &[&str]| hide(&packument, versions).key();
    assert_eq!(key(&[]), [0; 16]);
    assert_eq!(key(&["1.0.0", "2.0.0"]), key(&["2.0.0", "1.0.0"]));
    let keys = [key(&[]), key(&["1.0.0"]), key(&["2.0.0"]), key(&["1.0.0", "2.0.0"])];
    for (at, one) in keys.iter().enumerate() {
        assert!(!keys[at + 1..].contains(one));
    }
    let hex: String = key(&["1.0.0"]).iter().map(|b| format!("{b:02x}")).collect();
    insta::assert_snapshot!(hex, @"9ac7095e1539a673e22a8b8441c641ca");
}

#[test]
fn a_contradiction_counts_in_the_key() {
    let raw = common::document(&[("1.0.0", "7"), ("2.0.0", &object("2.0.0"))]);
    let packument = compile(raw).unwrap();
    assert_ne!(packument.hide(|_| None).key(), [0; 16]);
}

#[test]
fn many_tags_on_a_hidden_release_cost_one_look_each() {
    let versions: Vec<String> = (0..5_000).map(|i| format!("1.0.{i}")).collect();
    let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
    let tags: Vec<String> = (0..20_000).map(|i| format!("t{i}")).collect();
    let tags: Vec<(&str, &str)> = tags.iter().map(|tag| (tag.as_str(), "1.0.7")).collect();
    let packument = tagged(&versions, &tags);
    let start = std::time::Instant::now();
    let hidden = hide(&packument, &["1.0.7"]);
    assert_eq!(hidden.moved_tags().len(), 20_000);
    assert!(start.elapsed().as_secs() < 5, "took {:?}", start.elapsed());
}
