//! What of an OSV record blocks, and which records can't be read.

#![allow(clippy::unwrap_used)]

mod common;

use common::{TestFeed, record, refused_by};
use sekisho_core::blocklist::Blocklist;
use sekisho_core::{Ecosystem, PackageName};
use sekisho_feed::Report;

/// Compiles one document, as a single file.
async fn compile(json: &str) -> (Blocklist, Report) {
    let feed = TestFeed::new(&["feed.json"]);
    feed.write("feed.json", json);
    let snapshot = feed.compiled().await;
    (snapshot.blocklist, snapshot.report)
}

/// A record with this `affected`.
fn about(affected: &str) -> String {
    format!(r#"{{"id":"MAL-1","affected":[{affected}]}}"#)
}

fn npm_evil(rest: &str) -> String {
    about(&format!(r#"{{"package":{{"ecosystem":"npm","name":"evil"}}{rest}}}"#))
}

#[tokio::test]
async fn a_record_of_the_public_feed_is_read() {
    let (list, report) = compile(
        r#"{
          "modified": "2025-12-11T09:27:52Z", "published": "2024-06-28T20:16:20Z", "schema_version": "1.7.4",
          "id": "MAL-2026-1234", "summary": "Malicious code in Example_Pkg (PyPI)", "details": "\n---\n\u00e9",
          "aliases": ["GHSA-xxxx"],
          "affected": [{
            "package": {"ecosystem": "PyPI", "name": "Example_Pkg", "purl": "pkg:pypi/example-pkg"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}, {"fixed": "2.1"}]}],
            "versions": ["1.0.0"],
            "database_specific": {"cwes": [{"cweId": "CWE-506"}]}
          }],
          "references": [{"type": "WEB", "url": "https://advisories.example/1"}],
          "credits": [{"name": "Somebody", "type": "FINDER", "contact": ["https://somebody.example"]}],
          "database_specific": {"malicious-packages-origins": [{"id": "x", "ranges": [{"type": "ODD"}], "versions": [7]}]}
        }"#,
    )
    .await;
    for (version, refused) in [("1", true), ("2.0.post1", true), ("2.1.dev1", true), ("2.1", false), ("1.1", false)] {
        let by = refused_by(&list, &format!("pkg:pypi/example-pkg@{version}"));
        assert_eq!(by == ["MAL-2026-1234"], refused, "{version}: {by:?}");
    }
    assert_eq!((report.records, report.names, report.skipped()), (1, 1, 0));
}

#[tokio::test]
async fn only_prefixed_ids_and_aliases_block_unless_configured() {
    let records = [
        record("MAL-1", "by-id", "1.0.0"),
        r#"{"id":"GHSA-1","aliases":["CVE-1","MAL-2"],"affected":[{"package":{"ecosystem":"npm","name":"by-alias"}}]}"#
            .into(),
        record("GHSA-2", "other", "1.0.0"),
        record("XMAL-3", "not-at-the-start", "1.0.0"),
    ];
    let mut feed = TestFeed::new(&["feed.json"]);
    feed.write("feed.json", records.join("\n"));
    let first = feed.compiled().await;
    assert_eq!(refused_by(&first.blocklist, "pkg:npm/by-id@1.0.0"), ["MAL-1"]);
    assert_eq!(refused_by(&first.blocklist, "pkg:npm/by-alias@9.9.9"), ["GHSA-1"]);
    assert_eq!((first.report.records, first.report.not_blocking), (2, 2));

    feed.restart(|settings| settings.prefixes = vec!["GHSA-".to_owned(), "ACME-".to_owned()]);
    let second = feed.compiled().await;
    assert_eq!(refused_by(&second.blocklist, "pkg:npm/other@1.0.0"), ["GHSA-2"]);
    assert!(refused_by(&second.blocklist, "pkg:npm/by-id@1.0.0").is_empty());
}

#[tokio::test]
async fn withdrawn_records_do_not_block() {
    let with = |withdrawn: &str| npm_evil("").replacen('{', &format!(r#"{{"withdrawn":{withdrawn},"#), 1);
    let (list, report) = compile(&with(r#""2026-01-02T03:04:05.678Z""#)).await;
    assert_eq!((list.records(), report.withdrawn), (0, 1));
    assert_eq!(compile(&with("null")).await.0.records(), 1);
}

#[tokio::test]
async fn a_record_is_there_since_it_was_published_and_no_date_of_whatever_kind_fails_the_load() {
    let evil = PackageName::parse(Ecosystem::Npm, "evil").unwrap();
    for (dates, since) in [
        (r#""published":"2024-06-28T20:16:20Z","modified":"2025-12-11T09:27:52Z""#, Some("2024-06-28T20:16:20Z")),
        (r#""modified":"2025-12-11T09:27:52Z""#, Some("2025-12-11T09:27:52Z")),
        (r#""published":null,"modified":"2025-12-11T09:27:52Z""#, Some("2025-12-11T09:27:52Z")),
        (r#""published":"soon","modified":"2025-12-11T09:27:52Z""#, Some("2025-12-11T09:27:52Z")),
        (r#""published":"2024-06-28T22:16:20.678912\u002b02:00""#, Some("2024-06-28T20:16:20Z")),
        (r#""published":"0000-01-01T00:00:00Z""#, None),
        (r#""published":"9999-12-30T00:00:00Z""#, None),
        (r#""published":"1970-01-01T00:00:00Z""#, None),
        (r#""published":"2024-02-31T00:00:00Z""#, None),
        (r#""published":"2024-06-28""#, None),
        (r#""published":"","modified":"2024-06-28T20:16:20Z<script>""#, None),
        (r#""published":1719605780,"modified":{"at":[true,null]}"#, None),
        (r#""published":["2024-06-28T20:16:20Z"]"#, None),
        (r#""schema_version":"1.7.0""#, None),
    ] {
        let (list, _) = compile(&npm_evil("").replacen('{', &format!("{{{dates},"), 1)).await;
        assert_eq!(refused_by(&list, "pkg:npm/evil@1.0.0"), ["MAL-1"], "{dates}");
        let found = list.rules(&evil).unwrap().records().next().unwrap().since;
        assert_eq!(found, since.map(|since| since.parse().unwrap()), "{dates}");
    }
}

#[tokio::test]
async fn a_package_without_ranges_and_versions_is_hit_in_every_version() {
    for rest in [
        "",
        r#","versions":[]"#,
        r#","ranges":[],"versions":null"#,
        r#","ranges":[{"type":"GIT","repo":"x","events":[{"introduced":"0"}]}]"#,
        r#","ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]"#,
        r#","ranges":[{"type":"UNKNOWN","events":[{"introduced":"1.0.0"}]}]"#,
        r#","ranges":[{"type":"SEMVER","events":[]}]"#,
        r#","ranges":[{"type":"SEMVER","events":[{"introduced":"soon"}]}]"#,
    ] {
        let (list, _) = compile(&npm_evil(rest)).await;
        assert_eq!(refused_by(&list, "pkg:npm/evil@0.0.1-x"), ["MAL-1"], "{rest}");
        assert_eq!(refused_by(&list, "pkg:npm/evil@no version"), ["MAL-1"], "{rest}");
    }
}

#[tokio::test]
async fn versions_and_ranges_hit_together() {
    let rest = r#","versions":[" 0.1.0 "],"ranges":[{"type":"GIT","events":[]},{"type":"SEMVER","events":
        [{"fixed":"1.1.0"},{"introduced":"3.0.0"},{"introduced":"1.0.0-0"},{"last_affected":"3.2.0"}]}]"#;
    let (list, _) = compile(&npm_evil(rest)).await;
    let hit = ["0.1.0", "1.0.0-alpha", "1.0.0", "1.1.0-rc", "3.0.0", "3.2.0"];
    let free = ["0.1.1", "1.1.0", "2.0.0", "3.0.0-rc", "3.2.1"];
    hit.iter().for_each(|v| assert_eq!(refused_by(&list, &format!("pkg:npm/evil@{v}")), ["MAL-1"], "{v}"));
    free.iter().for_each(|v| assert!(refused_by(&list, &format!("pkg:npm/evil@{v}")).is_empty(), "{v}"));
    assert_eq!(refused_by(&list, "pkg:npm/evil@one"), ["unreadable_version"]);
}

#[tokio::test]
async fn packages_that_are_not_ours_are_counted_and_skipped() {
    let packages = [
        r#"{"package":{"ecosystem":"npm","name":"evil"}}"#,
        r#"{"package":{"ecosystem":"crates.io","name":"evil"}}"#,
        r#"{"package":{"ecosystem":"PyPI:elsewhere","name":"evil"}}"#,
        r#"{"package":{"ecosystem":"npm","name":"../evil\u0000"}}"#,
        r#"{"package":{"ecosystem":"PyPI","name":""}}"#,
        r#"{"ranges":[{"type":"GIT"}]}"#,
    ];
    let (list, report) = compile(&about(&packages.join(","))).await;
    assert_eq!((list.records(), report.other_ecosystems, report.invalid_names), (1, 2, 2));
    assert_eq!(
        report.notes,
        [
            "MAL-1 is about npm \"../evil?\": a package name has a character that is not allowed",
            "MAL-1 is about pypi \"\": a package name is empty",
        ]
    );
}

#[tokio::test]
async fn a_record_about_nothing_is_noted() {
    for nothing in [r#"{"id":"MAL-1"}"#, r#"{"id":"MAL-1","affected":null}"#, r#"{"id":"MAL-1","affected":[{}]}"#] {
        let (list, report) = compile(nothing).await;
        assert_eq!((list.records(), report.notes), (0, vec!["MAL-1 names no package".to_owned()]));
    }
}

#[tokio::test]
async fn notes_stay_few() {
    let bad = r#"{"package":{"ecosystem":"npm","name":"no name"}}"#;
    let (_, report) = compile(&about(&[bad; 500].join(","))).await;
    assert_eq!((report.invalid_names, report.notes.len()), (500, 20));
}

#[tokio::test]
async fn a_file_may_hold_one_record_an_array_or_one_after_another() {
    let (one, two) = (record("MAL-1", "a", "1.0.0"), record("MAL-2", "b", "1.0.0"));
    for document in
        [format!("[{one},{two}]"), format!(" \n[\n{one}\n,{two}]\n"), format!("{one}\n{two}\n"), one.clone() + &two]
    {
        let (list, report) = compile(&document).await;
        assert_eq!((list.records(), report.sources.first().map(|s| s.read)), (2, Some(2)));
    }
    assert_eq!(compile(&one).await.0.records(), 1);
}

#[tokio::test]
async fn the_same_record_twice_counts_once() {
    let one = record("MAL-1", "a", "1.0.0");
    let (list, report) = compile(&format!("[{one},{one}]")).await;
    assert_eq!((list.records(), report.records, report.sources.first().map(|s| s.read)), (1, 1, Some(2)));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_fails_the_load_and_is_named() {
    let good = record("MAL-1", "a", "1.0.0");
    let deep = format!(r#"{{"id":"MAL-9","affected":{}"#, "[".repeat(100_000));
    let mut messages = Vec::new();
    for bad in [
        r#"{"id":"MAL-9","affected":[{"package":{"ecosystem":"npm""#,
        "",
        "null",
        "[]",
        "7",
        "<html>",
        r#"{"affected":[]}"#,
        r#"{"id":7}"#,
        r#"{"id":""}"#,
        r#"{"id":"MAL 9"}"#,
        r#"{"id":"MAL-9\r\nSet-Cookie: x"}"#,
        r#"{"id":"MAL-é"}"#,
        r#"{"id":"MAL-8","id":"GHSA-9"}"#,
        r#"{"id":"MAL-9","withdrawn":"yes"}"#,
        r#"{"id":"MAL-9","withdrawn":true}"#,
        r#"{"id":"MAL-9","aliases":"MAL-1"}"#,
        r#"{"id":"MAL-9","affected":{}}"#,
        r#"{"id":"MAL-9","affected":[{"package":{"name":"x"}}]}"#,
        r#"{"id":"MAL-9","affected":[{"package":"pkg:npm/x"}]}"#,
        r#"{"id":"MAL-9","affected":[{"versions":["1.0.0"],"versions":[]}]}"#,
        r#"{"id":"MAL-9","affected":[{"versions":[1.0]}]}"#,
        r#"{"id":"MAL-9","affected":[{"versions":"1.0.0"}]}"#,
        r#"{"id":"MAL-9","affected":[{"ranges":[{"events":[]}]}]}"#,
        r#"{"id":"MAL-9","affected":[{"ranges":[{"type":"SEMVER","events":[{"introduced":0}]}]}]}"#,
        r#"{"id":"MAL-9"} trailing"#,
        deep.as_str(),
    ] {
        let feed = TestFeed::new(&["feed"]);
        feed.write("feed/a/good.json", &good);
        feed.write("feed/b/bad.json", bad);
        messages.push(feed.failed().await);
        assert!(feed.feed.load_snapshot().is_none(), "{bad:.80}");
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[tokio::test]
async fn text_that_is_not_utf_8_fails_the_load() {
    let feed = TestFeed::new(&["feed"]);
    feed.write("feed/bad.json", b"{\"id\":\"MAL-\xff\"}");
    assert_eq!(feed.failed().await, "feed: bad.json: not UTF-8");
}

#[tokio::test]
async fn deep_nesting_in_what_is_ignored_is_no_danger() {
    for (key, open, close) in
        [("x", "[", "]"), ("x", r#"{"x":"#, "}"), ("published", "[", "]"), ("modified", r#"{"x":"#, "}")]
    {
        let deep = format!(r#"{{"id":"MAL-1","{key}":{}1{}}}"#, open.repeat(50_000), close.repeat(50_000));
        let feed = TestFeed::new(&["feed.json"]);
        feed.write("feed.json", deep);
        // Read or refused: what matters is that the process lives.
        let _ = feed.refresh().await;
    }
}

#[tokio::test]
async fn an_array_with_a_bad_record_says_where() {
    let feed = TestFeed::new(&["feed.json"]);
    let good = record("MAL-1", "a", "1.0.0");
    feed.write("feed.json", format!(r#"[{good},{{"id":"MAL 2"}}]"#));
    let message = feed.failed().await;
    assert!(message.starts_with("feed.json: after 2 records: the id \"MAL 2\" is not"), "{message}");
}
