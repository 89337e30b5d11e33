//! Forms with a file (`multipart/form-data`, RFC 7578), as browsers send them: read whole, because ours are small. A form
//! that breaks the format has no fields.

use std::borrow::Cow;

use http::{HeaderMap, header};

/// Most parts that are read.
const MAX_PARTS: usize = 16;
/// Longest head of a part.
const MAX_HEAD: usize = 4096;

/// The parts of a form, by name.
pub(crate) struct Parts<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Parts<'a> {
    /// Reads a body that was bounded when it was received.
    pub(crate) fn read(headers: &HeaderMap, body: &'a [u8]) -> Parts<'a> {
        Parts(boundary(headers).and_then(|boundary| parts(&boundary, body)).unwrap_or_default())
    }

    /// A field's or a file's text; empty where it is not there. What is no UTF-8 becomes U+FFFD.
    pub(crate) fn text(&self, name: &str) -> Cow<'a, str> {
        let found = self.0.iter().find(|(n, _)| *n == name);
        String::from_utf8_lossy(found.map_or(b"", |(_, bytes)| *bytes))
    }
}

/// What stands between parts, by the content type: 1 to 70 plain characters (RFC 2046 section 5.1.1).
fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut pieces = value.split(';').map(str::trim);
    if !pieces.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let (_, text) = pieces.filter_map(|p| p.split_once('=')).find(|(n, _)| n.eq_ignore_ascii_case("boundary"))?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    ((1..=70).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())).then(|| text.to_owned())
}

fn parts<'a>(boundary: &str, body: &'a [u8]) -> Option<Vec<(&'a str, &'a [u8])>> {
    let between = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&between.as_bytes()[2..])?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let head_end = find(&rest[..rest.len().min(MAX_HEAD)], b"\r\n\r\n")?;
        let (head, content) = (&rest[..head_end], &rest[head_end + 4..]);
        let end = find(content, between.as_bytes())?;
        if parts.len() == MAX_PARTS {
            return None;
        }
        parts.push((name(std::str::from_utf8(head).ok()?)?, &content[..end]));
        rest = &content[end + between.len()..];
    }
    Some(parts)
}

/// The field's name, by the part's head. Browsers write `"` in names as `%22`, so a quote ends one.
fn name(head: &str) -> Option<&str> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, value) = lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case("content-disposition"))?;
    let (_, rest) = value.split_once("form-data; name=\"")?;
    rest.split_once('"').map(|(name, _)| name)
}

/// Where `what` first stands.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(content_type: &str, body: &str, name: &str) -> String {
        let value = HeaderValue::from_str(content_type).unwrap();
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value)]);
        Parts::read(&headers, body.as_bytes()).text(name).into_owned()
    }

    const TYPE: &str = "multipart/form-data; boundary=----x1";
    const BODY: &str = "------x1\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\nabc\r\n------x1\r\n\
                        content-disposition: form-data; name=\"file\"; filename=\"a; name=%22form%22.csv\"\r\n\
                        Content-Type: text/csv\r\n\r\none,30\r\n\r\n--two\r\n\r\n------x1--\r\n";

    #[test]
    fn fields_and_files_are_read_as_they_were_sent() {
        assert_eq!(read(TYPE, BODY, "form"), "abc");
        assert_eq!(read(TYPE, BODY, "file"), "one,30\r\n\r\n--two\r\n");
        assert_eq!(read(TYPE, BODY, "other"), "");
        assert_eq!(read("Multipart/Form-Data; charset=x; Boundary=\"----x1\"", BODY, "form"), "abc");
    }

    #[test]
    fn what_breaks_the_format_has_no_fields() {
        for (content_type, body) in [
            ("multipart/form-data", BODY.to_owned()),
            ("text/plain; boundary=----x1", BODY.to_owned()),
            ("multipart/form-data; boundary=", BODY.to_owned()),
            ("multipart/form-data; boundary=----y1", BODY.to_owned()),
            (TYPE, format!("preamble\r\n{BODY}")),
            (TYPE, BODY.replace("------x1--", "")),
            (TYPE, BODY.replace("\r\n\r\n", "\r\n")),
            (TYPE, BODY.replace("form-data", "attachment")),
            (TYPE, BODY.replacen("name=\"form\"", &format!("name=\"form\"\r\nX: {}", "y".repeat(MAX_HEAD)), 1)),
            (TYPE, format!("{}------x1--", BODY.replace("------x1--\r\n", "").repeat(MAX_PARTS))),
            (TYPE, String::new()),
        ] {
            assert_eq!(read(content_type, &body, "form"), "", "{content_type}: {body:.60}");
        }
    }

    #[test]
    fn no_cut_of_a_form_is_read_wrong() {
        for end in 0..BODY.len() - 4 {
            assert_eq!(read(TYPE, &BODY[..end], "form"), "", "{end}");
        }
    }
}
