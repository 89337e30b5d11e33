//! Which part of a file is asked for (RFC 9110, section 14). One range at most: whoever asks for several gets the whole,
//! as the standard allows; no package manager does.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, header};

/// A range as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// From this byte on, perhaps up to and with that one.
    From(u64, Option<u64>),
    /// The last bytes.
    Last(u64),
}

impl Asked {
    /// The range of a request. `None`: the whole is wanted, by there being no range, one that can't be read, or an
    /// `If-Range` that names another file than `etag`.
    pub fn of(headers: &HeaderMap, etag: Option<&str>) -> Option<Asked> {
        let mut values = headers.get_all(header::RANGE).iter();
        let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
        if let Some(condition) = headers.get(header::IF_RANGE)
            && condition.to_str().ok() != etag
        {
            return None;
        }
        let (unit, range) = value.split_once('=')?;
        let (first, last) = range.trim().split_once('-')?;
        let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
            true => text.parse().ok(),
            false => None,
        };
        match (unit.eq_ignore_ascii_case("bytes"), first, last) {
            (true, "", last) => Some(Asked::Last(number(last)?)),
            (true, first, "") => Some(Asked::From(number(first)?, None)),
            (true, first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Asked::From(first, Some(last)))
            }
            _ => None,
        }
    }

    /// The most bytes that it can be; `None` if only the file's length ends it.
    pub fn most(self) -> Option<u64> {
        match self {
            Asked::From(first, last) => last.map(|last| last.saturating_sub(first).saturating_add(1)),
            Asked::Last(count) => Some(count),
        }
    }

    /// The bytes of a file of this length; `None` if it has none of them.
    pub fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Asked::From(first, last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Asked::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }

    /// The same as a header.
    pub fn to_text(self) -> String {
        match self {
            Asked::From(first, None) => format!("bytes={first}-"),
            Asked::From(first, Some(last)) => format!("bytes={first}-{last}"),
            Asked::Last(count) => format!("bytes=-{count}"),
        }
    }
}

/// `Content-Range` of a part.
pub fn content_range(part: &Range<u64>, length: u64) -> HeaderValue {
    header_value(format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1)))
}

/// `Content-Range` of a `416`.
pub fn unsatisfied(length: u64) -> HeaderValue {
    header_value(format!("bytes */{length}"))
}

/// Reads a part's `Content-Range`: the part, and the whole's length.
pub fn read_content_range(headers: &HeaderMap) -> Option<(Range<u64>, u64)> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (part, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last, length): (u64, u64, u64) = (first.parse().ok()?, last.parse().ok()?, length.parse().ok()?);
    (first <= last && last < length).then(|| (first..last + 1, length))
}

fn header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("digits and ASCII words")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &'static str) -> Option<Asked> {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]);
        Asked::of(&headers, None)
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (range, length, part) in [
            ("bytes=0-0", 10, Some(0..1)),
            ("bytes=2-5", 10, Some(2..6)),
            ("Bytes=2-", 10, Some(2..10)),
            ("bytes=2-99", 10, Some(2..10)),
            ("bytes=-3", 10, Some(7..10)),
            ("bytes=-99", 10, Some(0..10)),
            ("bytes=10-", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=0-", 0, None),
            ("bytes=0-18446744073709551615", 10, Some(0..10)),
        ] {
            assert_eq!(asked(range).unwrap().within(length), part, "{range}");
        }
    }

    #[test]
    fn what_is_no_single_range_means_the_whole() {
        for range in [
            "bytes=5-2",
            "bytes=0-1,3-4",
            "bytes=a-",
            "bytes=-",
            "bytes=+1-2",
            "lines=1-2",
            "bytes",
            "bytes=1-99999999999999999999",
        ] {
            assert_eq!(asked(range), None, "{range}");
        }
        let two = [(header::RANGE, HeaderValue::from_static("bytes=0-1")); 1];
        let mut headers = HeaderMap::from_iter(two);
        headers.append(header::RANGE, HeaderValue::from_static("bytes=3-4"));
        assert_eq!(Asked::of(&headers, None), None);
    }

    #[test]
    fn if_range_has_to_name_exactly_this_file() {
        let mut headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-1"))]);
        for (condition, holds) in [("\"a\"", true), ("W/\"a\"", false), ("\"b\"", false), ("Mon, 23 Nov 2026", false)] {
            headers.insert(header::IF_RANGE, condition.parse().unwrap());
            assert_eq!(Asked::of(&headers, Some("\"a\"")).is_some(), holds, "{condition}");
            assert_eq!(Asked::of(&headers, None), None, "{condition}");
        }
    }

    #[test]
    fn a_content_range_that_contradicts_itself_is_none() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_RANGE, text.parse().unwrap())]);
            read_content_range(&headers)
        };
        assert_eq!(read("bytes 2-5/10"), Some((2..6, 10)));
        for bad in
            ["bytes 5-2/10", "bytes 2-10/10", "bytes 2-5/*", "2-5/10", "bytes */10", "bytes 0-18446744073709551615/1"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
