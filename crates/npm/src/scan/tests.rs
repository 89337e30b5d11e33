//! The scanner against the grammar, and against `serde_json`.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

fn scan(raw: &[u8]) -> Result<Span, Fault> {
    let mut scanner = Scanner::new(raw);
    let span = scanner.value()?;
    scanner.finish()?;
    Ok(span)
}

#[test]
fn what_is_json_is_taken() {
    for raw in [
        "{}",
        "[]",
        " [ ] ",
        "\t{ \"a\" : 1 , \"b\" : [ true , false , null ] }\r\n",
        "0",
        "-0",
        "-0.5e+10",
        "12E-3",
        "\"\"",
        r#""\"\\\/\b\f\n\r\t\u0041\ud800""#,
        "\"\u{7f}\u{20ac}\"",
        "1e999",
        "123456789012345678901234567890",
    ] {
        assert!(scan(raw.as_bytes()).is_ok(), "{raw}");
    }
}

#[test]
fn what_is_not_json_is_refused_where_it_stops_being_json() {
    for (raw, at) in [
        ("", 0),
        ("{", 1),
        ("[1,", 3),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("[1 2]", 3),
        ("01", 1),
        ("-", 1),
        ("1.", 2),
        (".5", 0),
        ("1e", 2),
        ("+1", 0),
        ("tru", 0),
        ("nulll", 4),
        ("NaN", 0),
        ("\"", 1),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 2),
        ("\"\\u12", 2),
        ("\"a\nb\"", 2),
        ("'a'", 0),
        ("[}", 1),
        ("{]", 1),
        ("// x\n1", 0),
        ("1 1", 2),
        ("\u{feff}1", 0),
        ("\u{a0}1", 0),
        ("\"a\\", 3),
    ] {
        assert_eq!(scan(raw.as_bytes()), Err(Fault::Syntax(at)), "{raw}");
    }
}

#[test]
fn nesting_ends_at_the_limit_of_a_careful_client() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(scan(nested(128).as_bytes()).is_ok());
    assert_eq!(scan(nested(129).as_bytes()), Err(Fault::Deep));
    assert_eq!(scan("{\"a\":".repeat(1_000_000).as_bytes()), Err(Fault::Deep));
    let beside = format!("[{}]", vec![nested(127); 3].join(","));
    assert!(scan(beside.as_bytes()).is_ok());
}

#[test]
fn strings_are_decoded_and_lone_surrogates_are_none() {
    let decode = |raw: &str| Scanner::new(raw.as_bytes()).text().unwrap().decode().map(Cow::into_owned);
    assert_eq!(decode(r#""dis\u0074""#).as_deref(), Some("dist"));
    assert_eq!(decode(r#""\ud83d\ude00""#).as_deref(), Some("\u{1f600}"));
    assert_eq!(decode(r#""a\\""#).as_deref(), Some("a\\"));
    assert_eq!(decode(r#""\ud800""#), None);
    assert_eq!(decode(r#""\udc00\ud800""#), None);
}

#[test]
fn a_run_ends_at_the_first_byte_that_ends_it_wherever_it_stands() {
    for byte in 0..=255_u8 {
        let ends = byte < 0x20 || byte == b'"' || byte == b'\\';
        for place in 0..20 {
            for around in [b' ', b'!', 0x7f, 0x80, 0xff] {
                let mut bytes = [around; 20];
                bytes[place] = byte;
                assert_eq!(plain_run(&bytes), if ends { place } else { 20 }, "{byte} at {place}");
                bytes[19] = b'"';
                assert_eq!(plain_run(&bytes), if ends { place } else { 19 }.min(19), "{byte} at {place}");
            }
        }
    }
}

/// Text that is often almost JSON.
fn almost_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"",
        "\\",
        "\\u00",
        "41",
        "0",
        "-",
        "1",
        ".",
        "e",
        "E+",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "\u{0}",
        "\u{e9}",
        "{\"a\":1}",
        "[1,2]",
        "{\"a\":[",
        "\"\\ud800\"",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn it_takes_exactly_what_serde_json_takes(raw in almost_json()) {
        prop_assert_eq!(scan(raw.as_bytes()).is_ok(), serde_json::from_str::<&RawValue>(&raw).is_ok());
    }

    #[test]
    fn strings_are_decoded_as_serde_json_decodes_them(inner in "([a-z\\\\\"u0-9é]|\\\\u[0-9a-f]{4}|\\\\[nt/]){0,6}") {
        let raw = format!("\"{inner}\"");
        let ours = Scanner::new(raw.as_bytes()).text().ok().filter(|t| t.span.len() == raw.len());
        let theirs = serde_json::from_str::<String>(&raw).ok();
        prop_assert_eq!(ours.and_then(|text| text.decode()).map(Cow::into_owned), theirs);
    }
}
