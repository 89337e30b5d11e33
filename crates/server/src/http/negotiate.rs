//! Small questions about a request's headers.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, header};
use sekisho_core::Language;

/// The client takes gzip (RFC 9110 section 12.5.3): named, or by `*`, and not with `q=0`.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()) else { return false };
    let mut star = false;
    for item in value.split(',') {
        let (coding, parameters) = item.split_once(';').unwrap_or((item, ""));
        let refused = quality(parameters) == Some(0.0);
        match coding.trim() {
            c if c.eq_ignore_ascii_case("gzip") || c.eq_ignore_ascii_case("x-gzip") => return !refused,
            "*" => star = !refused,
            _ => {}
        }
    }
    star
}

fn quality(parameters: &str) -> Option<f32> {
    parameters.split(';').find_map(|p| p.trim().strip_prefix("q=")?.trim().parse().ok())
}

/// `If-None-Match` names this tag (weak comparison, RFC 9110 section 13.1.2).
pub fn matches_etag(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else { return false };
    headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).any(|value| {
        value.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    })
}

/// How much a media type is wanted (RFC 9110 section 12.5.1): the weight of the first range that `is_it` knows by its
/// name; 0 where none does.
pub fn weight(headers: &HeaderMap, is_it: impl Fn(&str) -> bool) -> f32 {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let found = values.flat_map(|value| value.split(',')).find_map(|range| {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        is_it(&in_lower_case(name.trim())).then(|| quality(parameters).unwrap_or(1.0))
    });
    found.unwrap_or(0.0)
}

/// Programs write these names in lower case already.
fn in_lower_case(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// A page is HTML unless the client names JSON and wants it at least as much.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let json = weight(headers, |name| name == "application/json" || name.ends_with("+json"));
    json == 0.0 || weight(headers, |name| name == "text/html") > json
}

/// The language that a browser wants most (RFC 9110 section 12.5.4): English, unless Japanese is wanted more.
pub fn language(headers: &HeaderMap) -> Language {
    let values = || headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|v| v.to_str().ok());
    let wanted = |primary: &str| {
        let weights = values().flat_map(|value| value.split(',')).filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let first = tag.trim().split('-').next().unwrap_or_default();
            first.eq_ignore_ascii_case(primary).then(|| quality(parameters).unwrap_or(1.0))
        });
        weights.fold(0.0, f32::max)
    };
    let (ja, en) = (wanted("ja"), wanted("en"));
    // Of two that are wanted alike the first counts.
    let ja_first = values().next().is_some_and(|v| v.trim_start().to_ascii_lowercase().starts_with("ja"));
    if ja > en || (ja == en && ja > 0.0 && ja_first) { Language::Ja } else { Language::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn gzip_is_sent_only_where_it_is_taken() {
        for (value, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1, gzip;q=0.2", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("identity", false),
            ("br", false),
            ("", false),
            ("notgzip", false),
        ] {
            assert_eq!(takes_gzip(&headers(header::ACCEPT_ENCODING, value)), takes, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_language_is_the_one_that_is_wanted_most() {
        for (value, wanted) in [
            ("ja", Language::Ja),
            ("ja-JP,ja;q=0.9,en;q=0.8", Language::Ja),
            ("en-US,en;q=0.9,ja;q=0.8", Language::En),
            ("de, ja;q=0.5, en;q=0.3", Language::Ja),
            ("ja;q=0, en", Language::En),
            ("ja;q=0", Language::En),
            ("ja,en", Language::Ja),
            ("en,ja", Language::En),
            ("jam, *", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(language(&headers(header::ACCEPT_LANGUAGE, value)), wanted, "{value}");
        }
        assert_eq!(language(&HeaderMap::new()), Language::En);
    }

    #[test]
    fn a_tag_is_found_in_a_list() {
        let tag = HeaderValue::from_static("\"a\"");
        for (value, holds) in
            [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false)]
        {
            assert_eq!(matches_etag(&headers(header::IF_NONE_MATCH, value), &tag), holds, "{value}");
        }
    }
}
