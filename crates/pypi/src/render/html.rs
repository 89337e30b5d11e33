//! The page as HTML (PEP 503, 592, 629, 714, 740, 792). Nothing of the upstream's reaches it unescaped.

use std::fmt;

use super::Row;
use crate::API_VERSION;
use crate::project::{Hash, Project, Status, Yanked};

pub(super) fn page(project: &Project, rows: &[Row<'_>], status: Option<&Status>) -> Vec<u8> {
    let mut page = String::with_capacity(512 + rows.len() * 512);
    page.push_str("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n");
    meta(&mut page, "pypi:repository-version", API_VERSION);
    if let Some(status) = status {
        meta(&mut page, "pypi:project-status", status.state.as_str());
        if let Some(reason) = &status.reason {
            meta(&mut page, "pypi:project-status-reason", reason);
        }
    }
    let name = escaped(project.name().as_str());
    push(&mut page, format_args!("<title>Links for {name}</title>\n</head>\n<body>\n<h1>Links for {name}</h1>\n"));
    for row in rows {
        anchor(&mut page, row);
    }
    page.push_str("</body>\n</html>\n");
    page.into_bytes()
}

fn meta(page: &mut String, name: &str, content: &str) {
    push(page, format_args!("<meta name=\"{name}\" content=\"{}\">\n", escaped(content)));
}

fn anchor(page: &mut String, row: &Row<'_>) {
    push(page, format_args!("<a href=\"{}", escaped(&row.url)));
    if let Some(hash) = strongest(&row.file.hashes) {
        push(page, format_args!("#{}={}", escaped(&hash.algorithm), escaped(&hash.value)));
    }
    page.push('"');
    if let Some(python) = &row.file.requires_python {
        attribute(page, "data-requires-python", python);
    }
    match &row.yanked {
        Yanked::No => {}
        Yanked::Yes => attribute(page, "data-yanked", ""),
        Yanked::Because(reason) => attribute(page, "data-yanked", reason),
    }
    if let Some(hashes) = row.metadata {
        let value = strongest(hashes).map_or("true".to_owned(), |h| format!("{}={}", h.algorithm, h.value));
        // PEP 714: in HTML both names may stand, and old clients know only the second.
        attribute(page, "data-core-metadata", &value);
        attribute(page, "data-dist-info-metadata", &value);
    }
    if let Some(provenance) = &row.file.provenance {
        attribute(page, "data-provenance", provenance);
    }
    push(page, format_args!(">{}</a><br>\n", escaped(&row.file.filename)));
}

fn attribute(page: &mut String, name: &str, value: &str) {
    push(page, format_args!(" {name}=\"{}\"", escaped(value)));
}

/// The digest for the one place that a link has: SHA-256 before others, and only what clients know.
fn strongest(hashes: &[Hash]) -> Option<&Hash> {
    ["sha256", "sha512", "sha384", "sha224", "sha1", "md5"]
        .iter()
        .find_map(|wanted| hashes.iter().find(|h| *h.algorithm == **wanted))
}

/// Writing into a `String` can't fail.
pub(crate) fn push(page: &mut String, text: fmt::Arguments<'_>) {
    let _ = fmt::Write::write_fmt(page, text);
}

/// A text for an element or a quoted attribute. Control characters become U+FFFD: NUL can't stand in HTML, and the
/// others have no business in these texts.
pub(crate) fn escaped(text: &str) -> impl fmt::Display + '_ {
    Escaped(text)
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Almost every text is plain, and a look at its bytes tells.
        let plain = |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'');
        if self.0.bytes().all(plain) {
            return f.write_str(self.0);
        }
        let special = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'') || c.is_control();
        for piece in self.0.split_inclusive(special) {
            let last = piece.chars().next_back().filter(|c| special(*c));
            f.write_str(last.and_then(|c| piece.get(..piece.len() - c.len_utf8())).unwrap_or(piece))?;
            f.write_str(match last {
                None => "",
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                Some('\'') => "&#39;",
                Some(_) => "\u{fffd}",
            })?;
        }
        Ok(())
    }
}
