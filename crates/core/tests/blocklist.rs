//! The blocklist and the decision that stands on it.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sekisho_core::advisory::{Advisory, Hit, Until};
use sekisho_core::blocklist::{Blocklist, BlocklistBuilder, SnapshotError};
use sekisho_core::policy::{Reason, Refusal, Verdict};
use sekisho_core::{Ecosystem, PackageName, Timestamp};

fn name(ecosystem: Ecosystem, text: &str) -> PackageName {
    PackageName::parse(ecosystem, text).unwrap()
}

fn npm(text: &str) -> PackageName {
    name(Ecosystem::Npm, text)
}

fn advisory(id: &str, name: PackageName, hits: impl Into<Vec<Hit>>) -> Advisory {
    Advisory { id: id.to_owned(), name, since: None, hits: hits.into() }
}

fn between(from: &str, until: Until) -> Hit {
    Hit::Between { from: (from != "0").then(|| from.to_owned()), until }
}

fn before(end: &str) -> Until {
    Until::Before(end.to_owned())
}

fn through(end: &str) -> Until {
    Until::Through(end.to_owned())
}

fn exactly(version: &str) -> Hit {
    Hit::Exactly(version.to_owned())
}

fn list(advisories: impl IntoIterator<Item = Advisory>) -> Blocklist {
    let mut builder = BlocklistBuilder::default();
    advisories.into_iter().for_each(|advisory| builder.add(advisory));
    builder.build()
}

fn malware(ids: &[&str]) -> Verdict {
    Verdict::Refuse(Refusal { reason: Reason::Malware, advisories: ids.iter().map(|id| (*id).to_owned()).collect() })
}

fn decide(list: &Blocklist, name: &PackageName, version: &str) -> Verdict {
    list.rules(name).map_or(Verdict::Allow, |rules| rules.decide(version))
}

/// The versions of these that one hit refuses as malware.
fn hit_of<'v>(ecosystem: Ecosystem, hit: Hit, versions: &[&'v str]) -> Vec<&'v str> {
    let name = name(ecosystem, "evil");
    let list = list([advisory("MAL-1", name.clone(), [hit])]);
    versions.iter().copied().filter(|version| decide(&list, &name, version) == malware(&["MAL-1"])).collect()
}

#[test]
fn an_unknown_name_has_no_rules() {
    let list = list([advisory("MAL-1", npm("evil"), [Hit::Every])]);
    for other in ["evi", "evil2", "Evil", "a", "zzz", "@evil/evil"] {
        assert!(list.rules(&npm(other)).is_none(), "{other}");
    }
    assert!(list.rules(&name(Ecosystem::Pypi, "evil")).is_none(), "the same name of another ecosystem");
    assert!(Blocklist::default().rules(&npm("evil")).is_none());
}

#[test]
fn every_name_of_a_long_list_is_found_and_no_other() {
    let list = list((0..3000).map(|n| {
        let ecosystem = if n % 3 == 0 { Ecosystem::Pypi } else { Ecosystem::Npm };
        advisory(&format!("MAL-{n}"), name(ecosystem, &format!("name-{n}")), [Hit::Every])
    }));
    assert_eq!((list.names(), list.records()), (3000, 3000));
    for n in 0..3000 {
        let (its, other) = match n % 3 {
            0 => (Ecosystem::Pypi, Ecosystem::Npm),
            _ => (Ecosystem::Npm, Ecosystem::Pypi),
        };
        let text = format!("name-{n}");
        assert_eq!(decide(&list, &name(its, &text), "1.0.0"), malware(&[&format!("MAL-{n}")]));
        assert!(list.rules(&name(other, &text)).is_none());
    }
}

#[test]
fn all_records_that_hit_are_named_once_in_order() {
    let evil = npm("evil");
    let list = list([
        advisory("MAL-3", evil.clone(), [exactly("1.0.0")]),
        advisory("MAL-1", evil.clone(), [between("0", before("2.0.0")), exactly("1.0.0")]),
        advisory("MAL-3", evil.clone(), [between("0.5.0", Until::Forever)]),
        advisory("MAL-2", evil.clone(), [exactly("9.0.0")]),
    ]);
    assert_eq!(decide(&list, &evil, "1.0.0"), malware(&["MAL-1", "MAL-3"]));
    assert_eq!(decide(&list, &evil, "0.1.0"), malware(&["MAL-1"]));
    assert_eq!(decide(&list, &evil, "9.0.0"), malware(&["MAL-2", "MAL-3"]));
}

#[test]
fn npm_ranges_hold_prereleases_in_their_place() {
    let versions = ["0.0.1", "1.0.0-alpha", "1.0.0-rc.1", "1.0.0", "1.0.0+build", "1.1.0", "1.2.0-0", "1.2.0", "2.0.0"];
    let hit = |hit| hit_of(Ecosystem::Npm, hit, &versions);
    assert_eq!(hit(between("0", before("1.0.0"))), ["0.0.1", "1.0.0-alpha", "1.0.0-rc.1"]);
    assert_eq!(hit(between("1.0.0-rc.1", before("1.2.0"))), ["1.0.0-rc.1", "1.0.0", "1.0.0+build", "1.1.0", "1.2.0-0"]);
    assert_eq!(hit(between("1.0.0", through("1.2.0"))), ["1.0.0", "1.0.0+build", "1.1.0", "1.2.0-0", "1.2.0"]);
    assert_eq!(hit(between("1.0.0", through("1.0.0"))), ["1.0.0", "1.0.0+build"]);
    assert_eq!(hit(between("1.2.0", Until::Forever)), ["1.2.0", "2.0.0"]);
    assert_eq!(hit(between("0", Until::Forever)), versions);
}

#[test]
fn python_ranges_hold_dev_post_local_and_epochs_in_their_place() {
    let versions = ["0.9", "1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.0", "1.0+local", "1.0.post1", "1.1", "1!0.1"];
    let hit = |hit| hit_of(Ecosystem::Pypi, hit, &versions);
    assert_eq!(hit(between("0", before("1.0"))), ["0.9", "1.0.dev1", "1.0a1", "1.0rc1"]);
    assert_eq!(hit(between("1.0", before("1.1"))), ["1.0", "1.0.0", "1.0+local", "1.0.post1"]);
    assert_eq!(hit(between("1.0", through("1.0"))), ["1.0", "1.0.0"]);
    assert_eq!(hit(between("1.0.post1", Until::Forever)), ["1.0.post1", "1.1", "1!0.1"]);
}

#[test]
fn exact_versions_hit_by_the_ecosystems_equality() {
    let npm = ["1.0.0", "v1.0.0", "1.0.0+build", "01.0.0", "1.0.0-0", "1.0.1"];
    assert_eq!(hit_of(Ecosystem::Npm, exactly("1.0.0+other"), &npm), npm[..4]);
    let odd = [" 1.0.0", "1.0.0\n", "=1.0.0", "= v1.0.0", "\u{feff}1.0.0", "=1.0.1", "x1.0.0"];
    assert_eq!(hit_of(Ecosystem::Npm, exactly("1.0.0"), &odd), odd[..5], "npm picks these for 1.0.0");
    let python = ["1.0", "1", "v1.0.0", "1.0-post1", "1.0.post1", "1.0-1", "1.0+l.1", "1.0+L-1", "1.0RC1", "1.0-c.1"];
    assert_eq!(hit_of(Ecosystem::Pypi, exactly("1.0.0"), &python), ["1.0", "1", "v1.0.0"]);
    assert_eq!(hit_of(Ecosystem::Pypi, exactly("1.post1"), &python), ["1.0-post1", "1.0.post1", "1.0-1"]);
    assert_eq!(hit_of(Ecosystem::Pypi, exactly("1.0+l_1"), &python), ["1.0+l.1", "1.0+L-1"]);
    assert_eq!(hit_of(Ecosystem::Pypi, exactly("1.0rc1"), &python), ["1.0RC1", "1.0-c.1"]);
}

#[test]
fn npm_s_loose_spellings_are_hit_by_what_they_nearly_spell_and_the_other_way_round() {
    let beta = ["1.0.2-beta", "1.0.2beta", "01.0.2-beta", "=1.0.2beta+x", "1.0.2", "1.0.2-beta.1"];
    assert_eq!(hit_of(Ecosystem::Npm, exactly("1.0.2-beta"), &beta), beta[..4]);
    assert_eq!(hit_of(Ecosystem::Npm, exactly("1.0.2beta"), &beta), beta[..4], "a record may spell loosely too");
    let release = ["1.0.2", "01.0.2", "1.00.2", "1.0.2-1", "1.0.3"];
    assert_eq!(hit_of(Ecosystem::Npm, exactly("1.0.02"), &release), release[..3]);
    // To npm these are one: it compares such numbers as floats.
    let large = ["1.0.0-9007199254740993", "1.0.0-9007199254740992", "1.0.0-1"];
    assert_eq!(hit_of(Ecosystem::Npm, exactly("1.0.0-9007199254740992"), &large), large[..2]);
}

#[test]
fn what_is_no_version_hits_by_its_bytes() {
    let versions = ["1.0.0-x_y", "1.0.0-x-y", "1.0.0"];
    assert_eq!(hit_of(Ecosystem::Npm, exactly("1.0.0-x_y"), &versions), ["1.0.0-x_y"]);
    assert_eq!(hit_of(Ecosystem::Pypi, exactly("2004d-SNAPSHOT"), &["2004d-SNAPSHOT", "2004d"]), ["2004d-SNAPSHOT"]);
    let spaced = [" /.0 ", "/.0", "/.0\n", "/ .0"];
    assert_eq!(hit_of(Ecosystem::Pypi, exactly("/.0"), &spaced), spaced[..3], "spaces around it count for nothing");
    assert_eq!(hit_of(Ecosystem::Npm, exactly(" /.0 "), &spaced), spaced[..3]);
}

#[test]
fn an_unreadable_version_is_refused_only_where_a_range_could_hit_it() {
    let ranged = npm("ranged");
    let listed = npm("listed");
    let mixed = npm("mixed");
    let list = list([
        advisory("MAL-1", ranged.clone(), [between("1.0.0", before("1.0.1"))]),
        advisory("MAL-2", listed.clone(), [exactly("1.0.0")]),
        advisory("MAL-3", mixed.clone(), [exactly("one"), between("1.0.0", before("1.0.1"))]),
    ]);
    let unreadable = Verdict::Refuse(Refusal::of(Reason::UnreadableVersion));
    assert_eq!(decide(&list, &ranged, "one"), unreadable);
    assert_eq!(decide(&list, &ranged, ""), unreadable);
    assert_eq!(decide(&list, &ranged, "2.0.0"), Verdict::Allow);
    assert_eq!(decide(&list, &listed, "one"), Verdict::Allow);
    assert_eq!(decide(&list, &mixed, "one"), malware(&["MAL-3"]));
    assert_eq!(decide(&list, &mixed, "two"), unreadable);
}

#[test]
fn a_range_with_an_unreadable_end_refuses_the_whole_name() {
    for hit in [between("one", Until::Forever), between("0", before("one")), between("1.0.0", through("*"))] {
        let list = list([advisory("MAL-1", npm("evil"), [hit, exactly("5.0.0")])]);
        let rules = list.rules(&npm("evil")).unwrap();
        assert_eq!(rules.decide("0.0.1"), malware(&["MAL-1"]));
        assert_eq!(rules.decide("no version"), malware(&["MAL-1"]));
        assert_eq!(rules.decide_every(), malware(&["MAL-1"]));
    }
}

#[test]
fn a_name_is_refused_whole_only_by_what_hits_every_version() {
    let every = |hits: &[Hit]| {
        let list = list([advisory("MAL-1", npm("evil"), hits), advisory("MAL-2", npm("evil"), [exactly("1.0.0")])]);
        list.rules(&npm("evil")).unwrap().decide_every()
    };
    assert_eq!(every(&[Hit::Every]), malware(&["MAL-1"]));
    assert_eq!(every(&[exactly("1.0.0"), between("0", Until::Forever)]), malware(&["MAL-1"]));
    assert_eq!(every(&[between("0.0.1", Until::Forever)]), Verdict::Allow);
    assert_eq!(every(&[between("0", before("9.0.0"))]), Verdict::Allow);
    assert_eq!(every(&[]), Verdict::Allow);
}

fn shown(hits: &[Hit]) -> String {
    hits.iter().map(Hit::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_record_is_found_by_its_id() {
    let list = list([
        advisory("MAL-2", npm("evil"), [exactly("1.0.0")]),
        advisory("MAL-1", npm("@a/b"), [Hit::Every]),
        advisory("MAL-3", npm("evil"), [Hit::Every]),
    ]);
    assert_eq!(list.find("MAL-1"), Some(npm("@a/b")));
    assert_eq!(list.find("MAL-3"), Some(npm("evil")));
    assert_eq!(list.find("MAL-"), None);
    assert_eq!(Blocklist::default().find("MAL-1"), None);
}

#[test]
fn records_read_as_people_write_ranges() {
    let hits = [
        exactly("1.2.3"),
        between("1.0.0", before("1.2.0")),
        between("0", through("0.9.0")),
        between("2.0.0", Until::Forever),
        exactly("no version"),
    ];
    let list = list([advisory("MAL-2", npm("evil"), hits), advisory("MAL-1", npm("evil"), [Hit::Every])]);
    let shown: Vec<_> = list.rules(&npm("evil")).unwrap().records().map(|r| (r.id, shown(&r.hits))).collect();
    assert_eq!(
        shown,
        [
            ("MAL-1", "every version".to_owned()),
            ("MAL-2", "1.2.3; >= 1.0.0, < 1.2.0; <= 0.9.0; >= 2.0.0; no version".to_owned()),
        ]
    );
}

#[test]
fn content_is_identified_whatever_its_order() {
    let one = || advisory("MAL-1", npm("a"), [Hit::Every]);
    let two = || advisory("MAL-2", npm("b"), [exactly("1.0.0")]);
    let both = list([one(), two()]);
    assert_eq!(both.as_bytes(), list([two(), one(), two()]).as_bytes());
    assert_eq!(both.records(), 2);
    assert_ne!(both.digest(), list([one()]).digest());
    assert_ne!(Blocklist::default().digest(), both.digest());
    let mut parts = BlocklistBuilder::default();
    let mut other = BlocklistBuilder::default();
    parts.add(two());
    other.add(one());
    parts.append(other);
    assert_eq!(parts.build().as_bytes(), both.as_bytes());
}

#[test]
fn a_snapshot_is_read_as_it_was_written() {
    let evil = npm("@evil/pkg");
    let before = list([advisory("MAL-1", evil.clone(), [between("1.0.0", before("1.2.0"))])]);
    let after = Blocklist::from_bytes(before.as_bytes().to_vec()).unwrap();
    assert_eq!((after.digest(), after.names(), after.records()), (before.digest(), 1, 1));
    assert_eq!(decide(&after, &evil, "1.1.0"), malware(&["MAL-1"]));
    assert!(Blocklist::from_bytes(Blocklist::default().as_bytes().to_vec()).is_ok());
}

#[test]
fn a_record_keeps_since_when_it_is_there_in_whole_seconds_and_what_no_source_can_mean_is_unknown() {
    let evil = npm("evil");
    let last = i64::from(u32::MAX) * 1000;
    for (said, kept) in [
        (None, None),
        (Some(1_719_605_780_678), Some(1_719_605_780_000)),
        (Some(1000), Some(1000)),
        (Some(last + 999), Some(last)),
        (Some(last + 1000), None),
        (Some(999), None),
        (Some(-1), None),
        (Some(i64::MIN), None),
        (Some(i64::MAX), None),
    ] {
        let since = said.map(Timestamp);
        let two = [advisory("MAL-2", evil.clone(), [Hit::Every]), advisory("MAL-1", evil.clone(), [exactly("1.0.0")])];
        let list = list(two.map(|advisory| Advisory { since, ..advisory }));
        let list = Blocklist::from_bytes(list.as_bytes().to_vec()).unwrap();
        let rules = list.rules(&evil).unwrap();
        let found: Vec<_> = rules.records().map(|record| (record.id, record.since)).collect();
        assert_eq!(found, [("MAL-1", kept.map(Timestamp)), ("MAL-2", kept.map(Timestamp))], "{said:?}");
        assert_eq!(rules.decide("1.0.0"), malware(&["MAL-1", "MAL-2"]), "{said:?} decides nothing");
    }
}

#[test]
fn other_bytes_are_no_snapshot() {
    let good = list([advisory("MAL-1", npm("evil"), [Hit::Every])]).as_bytes().to_vec();
    let error = |bytes: &[u8]| Blocklist::from_bytes(bytes.to_vec()).map(drop).unwrap_err();
    assert_eq!(error(b""), SnapshotError::Foreign);
    assert_eq!(error(b"PK\x03\x04 something else"), SnapshotError::Foreign);
    for format in [2, 77] {
        let mut other = good.clone();
        other[8] = format;
        assert_eq!(error(&other), SnapshotError::Format(format.into()));
    }
    for length in 8..good.len() {
        assert!(Blocklist::from_bytes(good[..length].to_vec()).is_err(), "cut at {length}");
    }
    assert_eq!(error(&[good.as_slice(), b"x"].concat()), SnapshotError::Damaged);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        assert!(Blocklist::from_bytes(bytes).is_err(), "changed at {place}");
    }
}

/// Makes the length and the checksum right, so that what lies behind them is reached.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let crc = crc32fast::hash(&bytes[16..]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes
}

proptest! {
    /// A checksum is no signature: bytes that were changed on purpose are an error or a list, never a panic.
    #[test]
    fn forged_snapshots_never_panic(changes in prop::collection::vec((24_usize..212, any::<u8>()), 1..6), cut in 48_usize..232) {
        let mut bytes = list([
            advisory("MAL-1", npm("evil"), [Hit::Every]),
            advisory("MAL-2", npm("evil"), [exactly("v1.0.0"), between("1.0.0", through("1.2.0"))]),
            advisory("MAL-3", name(Ecosystem::Pypi, "worse"), [exactly("x"), between("0", before("2"))]),
        ]).as_bytes().to_vec();
        for (place, value) in changes {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = value;
            }
        }
        bytes.truncate(cut);
        if let Ok(list) = Blocklist::from_bytes(sealed(bytes)) {
            for name in [npm("evil"), name(Ecosystem::Pypi, "worse")] {
                if let Some(rules) = list.rules(&name) {
                    let _ = (rules.decide("1.0.0"), rules.decide_every(), rules.records().count());
                }
            }
        }
    }
}
