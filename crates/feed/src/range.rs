//! From an OSV range's events to the versions that it hits.
//!
//! Events come in any order and are sorted by the ecosystem's order of versions. Whatever is unclear hits more rather
//! than less; whatever can't be read hits every version.

use sekisho_core::advisory::{Hit, Until};
use sekisho_core::{Ecosystem, Version};

use crate::osv::{Event, Range};

/// Adds what a range hits. A `GIT` range speaks of commits, not of versions, and adds nothing.
pub(crate) fn add_hits(ecosystem: Ecosystem, range: &Range<'_>, hits: &mut Vec<Hit>) {
    match range.kind.as_ref() {
        "GIT" => {}
        "SEMVER" | "ECOSYSTEM" => match marks(ecosystem, range.events.as_deref().unwrap_or_default()) {
            Some(marks) => intervals(marks, hits),
            None => hits.push(Hit::Every),
        },
        _ => hits.push(Hit::Every),
    }
}

/// An event with its version; `None` stands below every version.
struct Mark<'a> {
    version: Option<Version>,
    text: &'a str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Introduced,
    Fixed,
    LastAffected,
}

/// The events in the order of their versions; `None` if one can't be read or nothing begins.
fn marks<'a>(ecosystem: Ecosystem, events: &'a [Event<'_>]) -> Option<Vec<Mark<'a>>> {
    let mut marks = Vec::with_capacity(events.len());
    for event in events {
        let kinds = [
            (Kind::Introduced, &event.introduced),
            (Kind::Fixed, &event.fixed),
            (Kind::LastAffected, &event.last_affected),
        ];
        let before = marks.len();
        for (kind, text) in kinds.into_iter().filter_map(|(kind, text)| text.as_deref().map(|t| (kind, t.trim()))) {
            let version = match (kind, text) {
                (Kind::Introduced, "0") => None,
                _ => Some(Version::parse(ecosystem, text).ok()?),
            };
            marks.push(Mark { version, text, kind });
        }
        if marks.len() == before && event.limit.is_none() {
            return None;
        }
    }
    marks.sort_by(|a, b| a.version.cmp(&b.version));
    marks.iter().any(|mark| mark.kind == Kind::Introduced).then_some(marks)
}

/// Walks the marks version by version. Where several stand at one version, what was open ends first and what is
/// introduced there begins anew, so that a contradiction hits more.
fn intervals(marks: Vec<Mark<'_>>, hits: &mut Vec<Hit>) {
    let mut open: Option<Option<&str>> = None;
    for group in marks.chunk_by(|a, b| a.version == b.version) {
        let find = |kind| group.iter().find(|mark| mark.kind == kind);
        let (introduced, last) = (find(Kind::Introduced), find(Kind::LastAffected));
        let mut ended = false;
        if let Some(from) = open {
            let until = match (last, find(Kind::Fixed)) {
                (Some(last), _) => Some(Until::Through(last.text.to_owned())),
                (None, Some(fixed)) => Some(Until::Before(fixed.text.to_owned())),
                (None, None) => None,
            };
            if let Some(until) = until {
                hits.push(between(from, until));
                open = None;
                ended = true;
            }
        }
        let Some(introduced) = introduced else { continue };
        let from = introduced.version.is_some().then_some(introduced.text);
        match last {
            // Nothing was open: introduced and last affected here is exactly this version.
            Some(last) if open.is_none() && !ended => {
                hits.push(between(from, Until::Through(last.text.to_owned())));
            }
            _ => open = open.or(Some(from)),
        }
    }
    if let Some(from) = open {
        hits.push(between(from, Until::Forever));
    }
}

fn between(from: Option<&str>, until: Until) -> Hit {
    match (from, until) {
        (None, Until::Forever) => Hit::Every,
        (from, until) => Hit::Between { from: from.map(str::to_owned), until },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(ecosystem: Ecosystem, json: &str) -> Vec<Hit> {
        let range: Range<'_> = serde_json::from_str(json).unwrap();
        let mut hits = Vec::new();
        add_hits(ecosystem, &range, &mut hits);
        hits
    }

    fn npm(events: &str) -> Vec<Hit> {
        hits(Ecosystem::Npm, &format!(r#"{{"type":"SEMVER","events":{events}}}"#))
    }

    fn range(from: &str, until: Until) -> Hit {
        Hit::Between { from: (from != "0").then(|| from.to_owned()), until }
    }

    fn before(end: &str) -> Until {
        Until::Before(end.to_owned())
    }

    fn through(end: &str) -> Until {
        Until::Through(end.to_owned())
    }

    #[test]
    fn introduced_zero_without_an_end_is_every_version() {
        assert_eq!(npm(r#"[{"introduced":"0"}]"#), [Hit::Every]);
    }

    #[test]
    fn pairs_in_any_order_become_ranges_in_version_order() {
        let expected =
            [range("0", before("1.0.0")), range("2.0.0-rc.1", through("2.1.0")), range("10.0.0", Until::Forever)];
        let sorted = r#"[{"introduced":"0"},{"fixed":"1.0.0"},{"introduced":"2.0.0-rc.1"},{"last_affected":"2.1.0"},{"introduced":"10.0.0"}]"#;
        let mixed = r#"[{"introduced":"10.0.0"},{"last_affected":"2.1.0"},{"fixed":"1.0.0"},{"introduced":"2.0.0-rc.1"},{"introduced":"0"}]"#;
        assert_eq!(npm(sorted), expected);
        assert_eq!(npm(mixed), expected);
        assert_eq!(npm(r#"[{"introduced":"1.0.0","fixed":"1.2.0"}]"#), [range("1.0.0", before("1.2.0"))]);
    }

    #[test]
    fn events_at_one_version_hit_more_rather_than_less() {
        let one = r#"[{"introduced":"1.0.0"},{"last_affected":"1.0.0"}]"#;
        assert_eq!(npm(one), [range("1.0.0", through("1.0.0"))]);
        let reopened = r#"[{"introduced":"1.0.0"},{"last_affected":"2.0.0"},{"introduced":"2.0.0"}]"#;
        assert_eq!(npm(reopened), [range("1.0.0", through("2.0.0")), range("2.0.0", Until::Forever)]);
        let touching = r#"[{"introduced":"1.0.0"},{"fixed":"2.0.0"},{"introduced":"2.0.0"},{"fixed":"3.0.0"}]"#;
        assert_eq!(npm(touching), [range("1.0.0", before("2.0.0")), range("2.0.0", before("3.0.0"))]);
        let both = r#"[{"introduced":"1.0.0"},{"fixed":"2.0.0"},{"last_affected":"2.0.0"}]"#;
        assert_eq!(npm(both), [range("1.0.0", through("2.0.0"))]);
        let empty = r#"[{"introduced":"1.0.0"},{"fixed":"1.0.0"}]"#;
        assert_eq!(npm(empty), [range("1.0.0", Until::Forever)]);
        let twice = r#"[{"introduced":"1.0.0"},{"introduced":"2.0.0"},{"fixed":"3.0.0"}]"#;
        assert_eq!(npm(twice), [range("1.0.0", before("3.0.0"))]);
    }

    #[test]
    fn what_cannot_be_read_hits_every_version() {
        for bad in [
            r#"[{"introduced":"one"}]"#,
            r#"[{"introduced":"0"},{"fixed":"not a version"}]"#,
            r#"[{"fixed":"1.0.0"}]"#,
            r#"[{"introduced":"0"},{"fixed":"1.0.0"},{"gone":"2.0.0"}]"#,
            "[]",
            "null",
        ] {
            assert_eq!(npm(bad), [Hit::Every], "{bad}");
        }
        assert_eq!(hits(Ecosystem::Npm, r#"{"type":"NEW","events":[{"introduced":"1.0.0"}]}"#), [Hit::Every]);
        assert_eq!(hits(Ecosystem::Npm, r#"{"type":"SEMVER"}"#), [Hit::Every]);
    }

    #[test]
    fn commits_are_no_versions_and_a_limit_ends_nothing() {
        assert_eq!(hits(Ecosystem::Npm, r#"{"type":"GIT","repo":"x","events":[{"introduced":"0"}]}"#), []);
        assert_eq!(npm(r#"[{"introduced":"1.0.0"},{"limit":"2.0.0"}]"#), [range("1.0.0", Until::Forever)]);
    }

    #[test]
    fn python_versions_are_ordered_by_pep_440() {
        let json = r#"{"type":"ECOSYSTEM","events":[{"fixed":"1!0"},{"introduced":"2.0.dev1"},{"introduced":"1.0a1"},{"fixed":"1.0"}]}"#;
        assert_eq!(hits(Ecosystem::Pypi, json), [range("1.0a1", before("1.0")), range("2.0.dev1", before("1!0"))]);
    }
}
