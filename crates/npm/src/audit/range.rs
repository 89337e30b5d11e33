//! The ranges of advisories (`>=1.0.0 <1.2.3 || =2.0.0`), for the one form in which we have to say ourselves which of
//! the asked versions an advisory is about.
//!
//! Only this: what may be taken is decided elsewhere, by order and never by range syntax. What can't be read here holds.

use sekisho_core::{Ecosystem, Version};

/// An advisory's range holds a version. Pre-releases count like other versions.
pub(super) fn holds(range: &str, version: &str) -> bool {
    let Ok(version) = Version::parse(Ecosystem::Npm, version) else { return true };
    range.split("||").any(|part| part_holds(part, &version))
}

fn part_holds(part: &str, version: &Version) -> bool {
    let spaced = part.replace(',', " ");
    let mut words = spaced.split_whitespace();
    let mut holds = true;
    while let Some(word) = words.next() {
        let bare = word.trim_start_matches(['<', '>', '=']);
        let operator = word.get(..word.len() - bare.len()).unwrap_or_default();
        // "< 1.2.3" is two words.
        let bare = if bare.is_empty() { words.next().unwrap_or_default() } else { bare };
        holds &= comparator_holds(operator, bare, version);
    }
    holds
}

fn comparator_holds(operator: &str, bound: &str, version: &Version) -> bool {
    let Ok(bound) = Version::parse(Ecosystem::Npm, bound) else { return true };
    match operator {
        "<" => *version < bound,
        "<=" => *version <= bound,
        ">" => *version > bound,
        ">=" => *version >= bound,
        "" | "=" | "==" => *version == bound,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn the_ranges_of_advisories_are_read() {
        for (range, version, held) in [
            ("<1.2.3", "1.2.2", true),
            ("<1.2.3", "1.2.3", false),
            ("< 1.2.3", "1.2.3", false),
            (">=1.0.0 <1.2.3", "0.9.0", false),
            (">= 1.0.0, < 1.2.3", "1.1.0", true),
            ("<1.0.0 || >=2.0.0 <=2.5.0", "1.5.0", false),
            ("<1.0.0 || >=2.0.0 <=2.5.0", "2.5.0", true),
            ("1.0.0", "1.0.0", true),
            ("=1.0.0", "1.0.1", false),
            ("<1.2.3", "1.2.3-beta.1", true),
            ("*", "1.0.0", true),
            ("", "1.0.0", true),
        ] {
            assert_eq!(holds(range, version), held, "{range:?} {version}");
        }
    }

    #[test]
    fn what_cannot_be_read_holds() {
        for (range, version) in [("^1.0.0", "9.9.9"), ("~1", "3.0.0"), ("<x", "1.0.0"), ("<1.0.0", "not a version")] {
            assert!(holds(range, version), "{range:?} {version}");
        }
    }
}
