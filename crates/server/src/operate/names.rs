//! What organisations and bots may be called.

use sekisho_core::id::{BotId, OrgId};

/// Longest name, in characters.
const LONGEST: usize = 100;

/// Checks a name. One that has the form of an id could not be told from one.
pub fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err("a name has 1 to 100 characters");
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err("a name has no line breaks or other control characters, and no space at its ends");
    }
    if OrgId::parse(text).is_some() || BotId::parse(text).is_some() {
        return Err("a name does not have the form of an id");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_and_no_id() {
        for good in ["acme", "Acme Inc.", "開発部", "a", &"x".repeat(100)] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        for bad in ["", " acme", "acme ", "a\nb", "a\u{1b}[1m", &"x".repeat(101), "OR01K6NBQK6XFVQ8ZZR024H36H2N"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
