//! The order of versions is one, a version's key says what it equals, and a range hits exactly what lies in it.
#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use sekisho_core::advisory::{Advisory, Hit, Until};
use sekisho_core::blocklist::BlocklistBuilder;
use sekisho_core::policy::Verdict;
use sekisho_core::{Ecosystem, PackageName, Version};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let (Some(a), Some(b), Some(c)) = (lines.next(), lines.next(), lines.next()) else { return };
    for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi] {
        let parse = |text: &str| Version::parse(ecosystem, text).ok();
        for text in [a, b, c] {
            exactly(ecosystem, text);
            if let Some(version) = parse(text) {
                assert_eq!(parse(&version.key()).map(|v| v.key()), Some(version.key()), "{text}");
                assert_eq!(Version::picked_key(ecosystem, text), Some(version.key()), "{text}");
            }
        }
        let (Some(x), Some(y), Some(z)) = (parse(a), parse(b), parse(c)) else { continue };
        assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
        assert_eq!(x.cmp(&y) == Ordering::Equal, x.key() == y.key(), "{a} and {b}");
        assert!(!(x <= y && y <= z) || x <= z, "{a}, {b}, {c}");
        for (until, inside) in [(Until::Before(b.to_owned()), z < y), (Until::Through(b.to_owned()), z <= y)] {
            let hit = Hit::Between { from: Some(a.to_owned()), until };
            assert_eq!(is_hit(ecosystem, hit, c), x <= z && inside, "{a}, {b}, {c}");
        }
    }
});

/// A listed version is hit, however it is spelled.
fn exactly(ecosystem: Ecosystem, text: &str) {
    assert!(is_hit(ecosystem, Hit::Exactly(text.to_owned()), text), "{text}");
    if let Some(key) = Version::picked_key(ecosystem, text) {
        assert!(is_hit(ecosystem, Hit::Exactly(text.to_owned()), &key), "{text} lists {key}");
        assert!(is_hit(ecosystem, Hit::Exactly(key.clone()), text), "{key} lists {text}");
    }
}

fn is_hit(ecosystem: Ecosystem, hit: Hit, version: &str) -> bool {
    let Ok(name) = PackageName::parse(ecosystem, "evil") else { return false };
    let mut builder = BlocklistBuilder::default();
    builder.add(Advisory { id: "MAL-1".to_owned(), name: name.clone(), since: None, hits: vec![hit] });
    let list = builder.build();
    list.rules(&name).is_some_and(|rules| rules.decide(version) != Verdict::Allow)
}
