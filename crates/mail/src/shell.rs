//! Text of strangers inside a command that people paste into a shell.

use std::fmt::Write;

/// `text` as a JSON string that can stand between single quotes in any shell: whatever is not a letter, a digit or one of
/// `._+@-` is written as `\uXXXX`, so that neither `'` nor an interactive shell's `!` can end or change the quoting.
pub(crate) fn json_for_shell(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(unit.into()).filter(|c| c.is_ascii_alphanumeric() || "._+@-".contains(*c)) {
            Some(c) => out.push(c),
            // Writing to a String can't fail.
            None => drop(write!(out, "\\u{unit:04x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_characters_stay() {
        assert_eq!(json_for_shell("a.b+c_d-e@f.example"), r#""a.b+c_d-e@f.example""#);
        assert_eq!(json_for_shell("'$`!\\\"\n"), r#""\u0027\u0024\u0060\u0021\u005c\u0022\u000a""#);
        assert_eq!(json_for_shell("é😀"), r#""\u00e9\ud83d\ude00""#);
    }
}
