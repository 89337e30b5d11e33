//! The order of versions against the reference implementations' answers (`corpora/make.sh` makes them).
//!
//! A wrong order lets a release of a malicious range through. A version that the reference takes and we don't is
//! refused wherever a range could hit it, so that difference is harmless; its kinds are fixed here and printed.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use sekisho_core::{Ecosystem, Version};

/// What one case shows.
enum Outcome {
    Same,
    /// The reference reads this text, we don't: refused.
    Refused(String),
    /// Something might get through.
    Wrong(String),
}

fn compare(ecosystem: Ecosystem, line: &str) -> Outcome {
    let fields: Vec<&str> = line.split('\t').collect();
    let [a, b, expected] = fields[..] else { panic!("a corpus line has three fields: {line:?}") };
    let parse = |text: &str| Version::parse(ecosystem, text);
    if expected == "!" {
        return match parse(a) {
            Ok(read) => Outcome::Wrong(format!("{a:?} is no version, and was read as {}", read.key())),
            Err(_) => Outcome::Same,
        };
    }
    let expected = match expected {
        "-1" => Ordering::Less,
        "0" => Ordering::Equal,
        "1" => Ordering::Greater,
        other => panic!("{other:?} is no order"),
    };
    match (parse(a), parse(b)) {
        (Err(_), _) => Outcome::Refused(a.to_owned()),
        (_, Err(_)) => Outcome::Refused(b.to_owned()),
        (Ok(x), Ok(y)) if x.cmp(&y) != expected || y.cmp(&x) != expected.reverse() => {
            Outcome::Wrong(format!("{a:?} {b:?}: {:?}, the reference says {expected:?}", x.cmp(&y)))
        }
        (Ok(x), Ok(y)) if (x.key() == y.key()) != (expected == Ordering::Equal) => {
            Outcome::Wrong(format!("{a:?} {b:?}: keys {:?} {:?}, the reference says {expected:?}", x.key(), y.key()))
        }
        _ => Outcome::Same,
    }
}

/// A kind of version that is refused by intent, and how to tell it.
type Kind = (&'static str, fn(Ecosystem, &str) -> bool);

/// No registry holds the first two kinds; the third is not compared by all clients in the same way.
const HARMLESS: [Kind; 3] = [
    ("blanks around it", |_, text| text.trim() != text),
    ("longer than 256 characters", |_, text| text.len() > 256),
    ("a number beyond 2^53 - 1 (npm) or 2^64 - 1 (Python)", |ecosystem, text| {
        let most = match ecosystem {
            Ecosystem::Npm => (1 << 53) - 1,
            Ecosystem::Pypi => u64::MAX,
        };
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        numbers.map(str::parse::<u64>).any(|number| number.map_or(true, |n| n > most))
    }),
];

/// Goes through a corpus.
fn check(ecosystem: Ecosystem, corpus: &str) {
    let (mut cases, mut refused, mut wrong) = (0, BTreeSet::new(), Vec::new());
    for line in corpus.lines() {
        cases += 1;
        match compare(ecosystem, line) {
            Outcome::Same => {}
            Outcome::Refused(text) => drop(refused.insert(text)),
            Outcome::Wrong(what) => wrong.push(what),
        }
    }
    println!("{ecosystem}: {cases} cases; refused, though the reference reads them:");
    for (kind, is_kind) in HARMLESS {
        println!("  {kind}: {}", refused.extract_if(.., |text| is_kind(ecosystem, text)).count());
    }
    assert!(refused.is_empty(), "refused for no known reason: {refused:?}");
    assert!(cases >= 4_500, "only {cases} cases");
    assert!(wrong.is_empty(), "{} of {cases} let something through:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn npm_versions_are_ordered_as_by_npm() {
    check(Ecosystem::Npm, include_str!("corpora/npm.tsv"));
}

#[test]
fn python_versions_are_ordered_as_by_packaging() {
    check(Ecosystem::Pypi, include_str!("corpora/pypi.tsv"));
}

#[test]
fn what_is_strictly_a_version_is_picked_as_itself() {
    for line in include_str!("corpora/npm.tsv").lines() {
        for text in line.split('\t').take(2) {
            let strict = Version::parse(Ecosystem::Npm, text).ok().map(|version| version.key());
            assert!(strict.is_none() || strict == Version::picked_key(Ecosystem::Npm, text), "{text}");
        }
    }
}
