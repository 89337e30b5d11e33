//! The ranges of versions that people ask the log for: npm's and Python's ways to write them, compared by order. What a
//! package manager would pick does not matter here, so pre-releases are in their place: `<2` has `2.0.0-rc.1`.

use std::cmp::Ordering;

use sekisho_core::{Ecosystem, Version};

/// Longest text of a range.
const LONGEST: usize = 500;

/// A set of versions: one of the alternatives holds.
#[derive(Debug)]
pub(crate) struct Range {
    ecosystem: Ecosystem,
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Debug)]
enum Comparison {
    Below(Version),
    AtMost(Version),
    Above(Version),
    AtLeast(Version),
    Is(Version),
    IsNot(Version),
    /// `!=1.4.*`: not from the first up to the second.
    Outside(Version, Version),
}

impl Range {
    /// Reads a range; none if any part of it can't be read.
    pub(super) fn parse(ecosystem: Ecosystem, text: &str) -> Option<Range> {
        if text.len() > LONGEST {
            return None;
        }
        let alternatives: Option<Vec<_>> = match ecosystem {
            Ecosystem::Npm => text.split("||").map(|part| comparisons(ecosystem, part)).collect(),
            Ecosystem::Pypi => comparisons(ecosystem, text).map(|all| vec![all]),
        };
        alternatives.map(|alternatives| Range { ecosystem, alternatives })
    }

    /// The version lies in it. One that can't be read as a version lies nowhere.
    pub(super) fn holds(&self, version: &str) -> bool {
        let Ok(version) = Version::parse(self.ecosystem, version) else { return false };
        self.alternatives.iter().any(|all| all.iter().all(|comparison| comparison.holds(&version)))
    }
}

impl Comparison {
    fn holds(&self, version: &Version) -> bool {
        let order = |bound: &Version| version.partial_cmp(bound);
        match self {
            Comparison::Below(bound) => order(bound) == Some(Ordering::Less),
            Comparison::AtMost(bound) => order(bound).is_some_and(Ordering::is_le),
            Comparison::Above(bound) => order(bound) == Some(Ordering::Greater),
            Comparison::AtLeast(bound) => order(bound).is_some_and(Ordering::is_ge),
            Comparison::Is(bound) => order(bound) == Some(Ordering::Equal),
            Comparison::IsNot(bound) => order(bound) != Some(Ordering::Equal),
            Comparison::Outside(first, end) => {
                order(first) == Some(Ordering::Less) || order(end).is_some_and(Ordering::is_ge)
            }
        }
    }
}

/// Comparisons that all have to hold, between commas or spaces; `>= 1` is one.
fn comparisons(ecosystem: Ecosystem, text: &str) -> Option<Vec<Comparison>> {
    let spaced = text.replace(',', " ");
    let mut words = spaced.split_whitespace();
    let mut all = Vec::new();
    while let Some(word) = words.next() {
        let bare = word.trim_start_matches(['<', '>', '=', '!', '~', '^']);
        let operator = word.strip_suffix(bare)?;
        let bare = if bare.is_empty() { words.next()? } else { bare };
        all.extend(match ecosystem {
            Ecosystem::Npm => npm(operator, bare)?,
            Ecosystem::Pypi => python(operator, bare)?,
        });
    }
    (!all.is_empty()).then_some(all)
}

fn npm(operator: &str, text: &str) -> Option<Vec<Comparison>> {
    use Comparison::{Above, AtLeast, AtMost, Below, Is, IsNot, Outside};
    if matches!(text, "*" | "x" | "X") {
        return matches!(operator, "" | "=" | ">=").then(Vec::new).map(|mut all| {
            all.push(AtLeast(Version::parse(Ecosystem::Npm, "0.0.0-0").ok()?));
            Some(all)
        })?;
    }
    let version = |text: &str| Version::parse(Ecosystem::Npm, text).ok();
    // `1`, `1.2`, `1.x`: everything that begins so.
    let parts: Vec<&str> =
        text.trim_start_matches('v').split('.').take_while(|p| !matches!(*p, "x" | "X" | "*")).collect();
    let numbers: Option<Vec<u64>> = parts.iter().map(|p| p.parse().ok()).collect();
    if let Some(numbers) = numbers.filter(|n| (1..3).contains(&n.len())) {
        let (first, end) =
            (version(&padded(&numbers, ""))?, version(&padded(&bumped(&numbers, numbers.len())?, "-0"))?);
        return Some(match operator {
            "" | "=" | "==" | "~" => vec![AtLeast(first), Below(end)],
            "^" if numbers.first() == Some(&0) && numbers.len() == 2 => vec![AtLeast(first), Below(end)],
            "^" => vec![AtLeast(first), Below(version(&padded(&bumped(&numbers, 1)?, "-0"))?)],
            "<" => vec![Below(first)],
            ">=" => vec![AtLeast(first)],
            ">" => vec![AtLeast(version(&padded(&bumped(&numbers, numbers.len())?, ""))?)],
            "<=" => vec![Below(end)],
            "!=" => vec![Outside(first, end)],
            _ => return None,
        });
    }
    let bound = version(text)?;
    let core = text.trim_start_matches('v').split(['-', '+']).next()?;
    let numbers: Option<Vec<u64>> = core.split('.').map(|p| p.parse().ok()).collect();
    let below = |keep: usize| version(&padded(&bumped(&numbers.clone()?, keep)?, "-0")).map(Below);
    Some(match operator {
        "" | "=" | "==" => vec![Is(bound)],
        "!=" => vec![IsNot(bound)],
        "<" => vec![Below(bound)],
        "<=" => vec![AtMost(bound)],
        ">" => vec![Above(bound)],
        ">=" => vec![AtLeast(bound)],
        "~" => vec![AtLeast(bound), below(2)?],
        // Up to the next change of the first number that is not zero.
        "^" => {
            let keep = numbers.as_ref()?.iter().position(|n| *n > 0).map_or(3, |place| place + 1);
            vec![AtLeast(bound), below(keep)?]
        }
        _ => return None,
    })
}

fn python(operator: &str, text: &str) -> Option<Vec<Comparison>> {
    use Comparison::{Above, AtLeast, AtMost, Below, Is, IsNot, Outside};
    let version = |text: &str| Version::parse(Ecosystem::Pypi, text).ok();
    if let Some(begin) = text.strip_suffix(".*") {
        let numbers: Vec<u64> = begin.split('.').map(|p| p.parse().ok()).collect::<Option<_>>()?;
        let first = version(&format!("{begin}.dev0"))?;
        let end = version(&format!("{}.dev0", dotted(&bumped(&numbers, numbers.len())?)))?;
        return match operator {
            "==" | "" => Some(vec![AtLeast(first), Below(end)]),
            "!=" => Some(vec![Outside(first, end)]),
            _ => None,
        };
    }
    let bound = version(text)?;
    Some(match operator {
        "" | "==" | "===" => vec![Is(bound)],
        "!=" => vec![IsNot(bound)],
        "<" => vec![Below(bound)],
        "<=" => vec![AtMost(bound)],
        ">" => vec![Above(bound)],
        ">=" => vec![AtLeast(bound)],
        // ~=1.4.2: from there on, as long as it begins with 1.4.
        "~=" => {
            let release = text.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.trim_end_matches('.');
            let numbers: Vec<u64> = release.split('.').map(|p| p.parse().ok()).collect::<Option<_>>()?;
            let keep = numbers.len().checked_sub(1).filter(|keep| *keep > 0)?;
            vec![AtLeast(bound), Below(version(&format!("{}.dev0", dotted(&bumped(&numbers, keep)?)))?)]
        }
        _ => return None,
    })
}

/// The first `keep` numbers, the last of them raised.
fn bumped(numbers: &[u64], keep: usize) -> Option<Vec<u64>> {
    let mut kept = numbers.get(..keep)?.to_vec();
    let last = kept.last_mut()?;
    *last = last.checked_add(1)?;
    Some(kept)
}

fn dotted(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

fn padded(numbers: &[u64], tail: &str) -> String {
    let mut three = numbers.to_vec();
    three.resize(3, 0);
    format!("{}{tail}", dotted(&three))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(ecosystem: Ecosystem, range: &str, versions: &[&str]) -> String {
        let range = Range::parse(ecosystem, range).unwrap_or_else(|| panic!("{range} can't be read"));
        versions.iter().copied().filter(|v| range.holds(v)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn npm_ranges_hold_what_their_writers_mean() {
        let versions = ["0.1.2", "0.2.0", "1.0.0-rc.1", "1.0.0", "1.2.3", "1.3.0", "2.0.0-rc.1", "2.0.0", "10.1.0"];
        for (range, wanted) in [
            (">=1.0.0 <2", "1.0.0 1.2.3 1.3.0 2.0.0-rc.1"),
            (">= 1.0.0, < 2.0.0-0", "1.0.0 1.2.3 1.3.0"),
            ("1.2.3", "1.2.3"),
            ("=v1.2.3", "1.2.3"),
            ("^1.2.3", "1.2.3 1.3.0"),
            ("^0.1.0", "0.1.2"),
            ("^0.1", "0.1.2"),
            ("^1", "1.0.0 1.2.3 1.3.0"),
            ("~1.2", "1.2.3"),
            ("~1.2.0", "1.2.3"),
            ("1.x", "1.0.0 1.2.3 1.3.0"),
            ("1", "1.0.0 1.2.3 1.3.0"),
            (">1", "2.0.0 10.1.0"),
            ("<=1.2", "0.1.2 0.2.0 1.0.0-rc.1 1.0.0 1.2.3"),
            ("<0.2.0 || >2.0.0", "0.1.2 10.1.0"),
            ("!=1.2.3 >=1.0.0 <2.0.0-0", "1.0.0 1.3.0"),
            ("*", "0.1.2 0.2.0 1.0.0-rc.1 1.0.0 1.2.3 1.3.0 2.0.0-rc.1 2.0.0 10.1.0"),
        ] {
            assert_eq!(held(Ecosystem::Npm, range, &versions), wanted, "{range}");
        }
    }

    #[test]
    fn python_s_specifiers_hold_what_their_writers_mean() {
        let versions = ["0.9", "1.0.dev1", "1.0", "1.4.1", "1.4.2", "1.4.9.post1", "1.5rc1", "1.5", "2.0rc1", "2.0"];
        for (range, wanted) in [
            (">=1,<2", "1.0 1.4.1 1.4.2 1.4.9.post1 1.5rc1 1.5 2.0rc1"),
            (">= 1.4.2 , < 1.5.dev0", "1.4.2 1.4.9.post1"),
            ("~=1.4.2", "1.4.2 1.4.9.post1"),
            ("~=1.4", "1.4.1 1.4.2 1.4.9.post1 1.5rc1 1.5"),
            ("==1.4.*", "1.4.1 1.4.2 1.4.9.post1"),
            ("!=1.4.*, <=1.5", "0.9 1.0.dev1 1.0 1.5rc1 1.5"),
            ("==1.0.0", "1.0"),
        ] {
            assert_eq!(held(Ecosystem::Pypi, range, &versions), wanted, "{range}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let long = "1.0.0 ".repeat(200);
        for bad in ["", " ", ">=", "latest", "<x y", ">=1.0.0 <", "1.0.0 || ", "=>1", "^^1", "1 - 2", &long] {
            assert!(Range::parse(Ecosystem::Npm, bad).is_none(), "{bad:?}");
        }
        for bad in ["", ">=", "^1.0", "~=1", "1.0 || 2.0", "===x", "~1.0", "<*", ">=1.*"] {
            assert!(Range::parse(Ecosystem::Pypi, bad).is_none(), "{bad:?}");
        }
        let huge = format!("~{}.1.1", u64::MAX);
        assert!(Range::parse(Ecosystem::Npm, &huge).is_none());
    }
}
