//! npm's loose spellings: `01.0.2`, `1.0.2beta`, ` =v1.0.2`. npm, pnpm, Yarn and Bun read ranges and versions loosely, so they take
//! such a text for the release that it nearly spells.

use super::MAX_SAFE_INTEGER;

/// The canonical text of what npm's `semver` reads in loose mode: `[v=\s]*`, three numbers, a pre-release that needs no
/// hyphen, build metadata; zeros in front of a number count for nothing. For a strict version it is that version's own key.
pub(super) fn key(text: &str) -> Option<String> {
    // JavaScript counts U+FEFF among the spaces.
    let is_space = |c: char| c.is_whitespace() || c == '\u{feff}';
    let text = text.trim_start_matches(|c| is_space(c) || matches!(c, 'v' | '=')).trim_end_matches(is_space);
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (major, rest) = text.split_once('.')?;
    let (minor, rest) = rest.split_once('.')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (patch, pre) = rest.split_at_checked(digits)?;
    if !build.is_none_or(are_identifiers) {
        return None;
    }
    let release = format!("{}.{}.{}", number(major)?, number(minor)?, number(patch)?);
    if pre.is_empty() {
        return Some(release);
    }
    // A hyphen that nothing usable follows is itself the pre-release: `1.0.2-`.
    let bare = pre.strip_prefix('-').filter(|bare| are_identifiers(bare));
    let pre = bare.or(Some(pre).filter(|pre| are_identifiers(pre)))?;
    Some(format!("{release}-{}", pre.split('.').map(identifier).collect::<Vec<_>>().join(".")))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|n| *n <= MAX_SAFE_INTEGER)
}

fn are_identifiers(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// A number is compared as JavaScript's float: larger ones that differ are one to npm.
fn identifier(text: &str) -> String {
    match text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<f64>()) {
        Some(Ok(number)) => number.to_string(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_for_what_npm_reads_loosely() {
        for (text, wanted) in [
            ("1.0.2", Some("1.0.2")),
            ("01.0.2", Some("1.0.2")),
            ("1.00.002", Some("1.0.2")),
            ("1.0.2beta", Some("1.0.2-beta")),
            ("1.0.2-beta", Some("1.0.2-beta")),
            ("1.0.2-beta.01", Some("1.0.2-beta.1")),
            ("1.0.2-01", Some("1.0.2-1")),
            ("1.0.2--a", Some("1.0.2--a")),
            ("1.0.2+build.07", Some("1.0.2")),
            ("1.0.2beta+build", Some("1.0.2-beta")),
            ("\u{feff}= v 1.0.2\t", Some("1.0.2")),
            ("==vv1.0.2", Some("1.0.2")),
            ("1.0.00000000000000002", Some("1.0.2")),
            ("1.0.0-9007199254740993", Some("1.0.0-9007199254740992")),
            ("1.0", None),
            ("1.0.", None),
            ("1.0.2-", Some("1.0.2--")),
            ("1.0.2+", None),
            ("1.0.2-a..b", None),
            ("1.0.2.3", None),
            ("1.0.x", None),
            ("1.0.2 beta", None),
            ("9007199254740992.0.0", None),
            ("", None),
        ] {
            assert_eq!(key(text).as_deref(), wanted, "{text:?}");
        }
    }
}
