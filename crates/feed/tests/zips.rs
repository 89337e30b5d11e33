//! Zips: what is read of them, and those that mean harm.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Cursor, Write};

use common::{TestFeed, record, refused_by, zip};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn feed_of(bytes: &[u8]) -> TestFeed {
    let feed = TestFeed::new(&["feed.zip"]);
    feed.write("feed.zip", bytes);
    feed
}

/// A zip with one entry of so many blanks before a record: small when packed.
fn blown_up(blanks: usize) -> Vec<u8> {
    zip(&[("MAL-1.json", &(" ".repeat(blanks) + &record("MAL-1", "a", "1.0.0")))])
}

/// Changes a field of the one entry in its local header (from its start) and in the central directory.
fn with_field(mut bytes: Vec<u8>, local: usize, central: usize, value: &[u8]) -> Vec<u8> {
    bytes[local..local + value.len()].copy_from_slice(value);
    let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap() + central;
    bytes[directory..directory + value.len()].copy_from_slice(value);
    bytes
}

#[tokio::test]
async fn json_entries_at_any_depth_are_read_and_others_are_not() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.add_directory("osv/", stored).unwrap();
    writer.add_directory("osv/odd.json/", stored).unwrap();
    for (name, options, content) in [
        ("osv/npm/a/MAL-1.json", stored, record("MAL-1", "a", "1.0.0")),
        ("MAL-2.json", packed, record("MAL-2", "b", "1.0.0")),
        ("README.md", packed, "no record".to_owned()),
        ("config.yaml", stored, "no: record".to_owned()),
    ] {
        writer.start_file(name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    let snapshot = feed_of(&writer.finish().unwrap().into_inner()).compiled().await;
    assert_eq!(refused_by(&snapshot.blocklist, "pkg:npm/a@1.0.0"), ["MAL-1"]);
    assert_eq!(refused_by(&snapshot.blocklist, "pkg:npm/b@1.0.0"), ["MAL-2"]);
    assert_eq!(snapshot.report.sources.first().map(|source| source.read), Some(2));
}

#[tokio::test]
async fn thousands_of_entries_are_read_by_both_threads_into_the_same_list() {
    let records: Vec<(String, String)> = (0..5_000)
        .map(|n| (format!("osv/{n}.json"), record(&format!("MAL-{n}"), &format!("name-{n}"), "1.0.0")))
        .collect();
    let entries: Vec<(&str, &str)> = records.iter().map(|(name, json)| (name.as_str(), json.as_str())).collect();
    let first = feed_of(&zip(&entries)).compiled().await.blocklist;
    let reversed: Vec<(&str, &str)> = entries.into_iter().rev().collect();
    let second = feed_of(&zip(&reversed)).compiled().await.blocklist;
    assert_eq!((first.records(), first.digest()), (5_000, second.digest()));
}

#[tokio::test]
async fn one_bad_entry_among_thousands_fails_the_load_by_name() {
    let records: Vec<(String, String)> = (0..5_000)
        .map(|n| (format!("osv/{n}.json"), record(&format!("MAL-{n}"), &format!("name-{n}"), "1.0.0")))
        .collect();
    for bad in [0, 2_500, 4_999] {
        let entries: Vec<(&str, &str)> = (0..)
            .zip(&records)
            .map(|(n, (name, json))| (name.as_str(), if n == bad { "{\"id\":" } else { json.as_str() }))
            .collect();
        let message = feed_of(&zip(&entries)).failed().await;
        assert_eq!(message, format!("feed.zip: osv/{bad}.json: EOF while parsing a value at line 1 column 6"));
    }
}

#[tokio::test]
async fn paths_that_lead_out_are_only_names() {
    let evil = record("MAL-1", "a", "1.0.0");
    let feed = feed_of(&zip(&[("../../outside.json", &evil), ("/etc/outside.json", "{"), ("C:\\outside.json", &evil)]));
    let message = feed.failed().await;
    assert!(message.starts_with("feed.zip: /etc/outside.json: EOF"), "{message}");
    assert!(!feed.path("../outside.json").exists() && !feed.path("data/feed/outside.json").exists());
}

#[tokio::test]
async fn names_of_entries_do_not_reach_a_log_raw() {
    let name = format!("a\u{1b}[31m\n{}.json", "x".repeat(500));
    let message = feed_of(&zip(&[(&name, "{")])).failed().await;
    assert!(!message.contains(char::is_control) && message.len() < 400, "{message:?}");
}

#[tokio::test]
async fn an_entry_over_four_megabytes_is_refused() {
    assert_eq!(feed_of(&blown_up(4_000_000)).compiled().await.blocklist.records(), 1);
    let bomb = blown_up(64 << 20);
    assert!(bomb.len() < 100_000);
    let expected = "feed.zip: MAL-1.json: larger than 4194304 bytes";
    assert_eq!(feed_of(&bomb).failed().await, expected);
    // The same, and the zip tells that it is small.
    let lying = with_field(bomb, 22, 24, &1000_u32.to_le_bytes());
    assert_eq!(feed_of(&lying).failed().await, expected);
}

#[tokio::test]
async fn an_entry_that_is_not_what_the_zip_tells_is_refused() {
    let good = zip(&[("MAL-1.json", &record("MAL-1", "a", "1.0.0"))]);
    let wrong_checksum = with_field(good.clone(), 14, 16, &[1, 2, 3, 4]);
    assert!(feed_of(&wrong_checksum).failed().await.starts_with("feed.zip: MAL-1.json: "));
    let other_method = with_field(good.clone(), 8, 10, &12_u16.to_le_bytes());
    assert_eq!(feed_of(&other_method).failed().await, "feed.zip: MAL-1.json: packed by method 12, not deflate");
    let too_long = with_field(good, 22, 24, &5_u32.to_le_bytes());
    assert!(feed_of(&too_long).failed().await.starts_with("feed.zip: MAL-1.json: "));
}

#[tokio::test]
async fn what_is_no_zip_is_refused() {
    for bad in [b"".as_slice(), b"PK\x05\x06", b"<html>503</html>", &[0; 100_000]] {
        assert!(feed_of(bad).failed().await.starts_with("feed.zip: not a zip: "));
    }
}

#[tokio::test]
async fn a_directory_that_ends_early_is_refused() {
    let good = zip(&[("1.json", &record("MAL-1", "a", "1.0.0")), ("2.json", &record("MAL-2", "b", "1.0.0"))]);
    let end = good.windows(4).position(|w| w == b"PK\x05\x06").unwrap();
    // The end of the directory says how many entries there are in all.
    let mut bytes = good;
    bytes[end + 10] = 3;
    assert_eq!(feed_of(&bytes).failed().await, "feed.zip: the zip says that it has 3 entries and has 2");
}

#[tokio::test]
async fn cut_zips_are_refused_and_changed_ones_never_panic() {
    let good = zip(&[("1.json", &record("MAL-1", "a", "1.0.0")), ("2.json", &record("MAL-2", "b", "1.0.0"))]);
    let feed = feed_of(&good);
    feed.compiled().await;
    for length in (0..good.len()).step_by(3) {
        feed.write("feed.zip", &good[..length]);
        assert!(feed.refresh().await.is_err(), "cut at {length}");
    }
    // A changed byte may change nothing that matters: a time, an attribute. A thread that panics is told as one that died.
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x55;
        let feed = feed_of(&bytes);
        let result = feed.refresh().await.map(drop);
        assert!(
            !format!("{result:?}").contains("panic") && !format!("{result:?}").contains("died"),
            "{place}: {result:?}"
        );
    }
}
