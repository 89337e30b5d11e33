//! Exports: CSV and NDJSON, streamed page by page, so that their size costs no memory.

use std::fmt::Write as _;
use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response, header};
use serde_json::Value;

use crate::api::exports::{LOST, Place};
use crate::http::negotiate;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// RFC 4180, with a line of names.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

impl Form {
    /// The form that the request asks for by its `Accept`; none where it wants a page of JSON.
    pub(crate) fn wanted(headers: &HeaderMap) -> Option<Form> {
        let weight = |name: &str| negotiate::weight(headers, |range| range.eq_ignore_ascii_case(name));
        let (csv, ndjson) = (weight("text/csv"), weight("application/x-ndjson"));
        let json = weight("application/json");
        match csv.max(ndjson) {
            most if most <= 0.0 || json > most => None,
            _ if ndjson > csv => Some(Form::Ndjson),
            _ => Some(Form::Csv),
        }
    }

    /// The form by the ending of its file's name.
    pub(crate) fn named(suffix: &str) -> Option<Form> {
        [Form::Csv, Form::Ndjson].into_iter().find(|form| form.suffix() == suffix)
    }

    fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8; header=present",
            Form::Ndjson => "application/x-ndjson",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Ndjson => "ndjson",
        }
    }

    /// The line of names, where the form has one.
    fn head(self, columns: &[&str]) -> String {
        match self {
            Form::Csv => csv_line(columns.iter().copied()),
            Form::Ndjson => String::new(),
        }
    }

    /// A row, whose fields stand under these names.
    pub(crate) fn row(self, columns: &[&str], row: &Value) -> String {
        match self {
            Form::Ndjson => format!("{row}\n"),
            Form::Csv => csv_line(columns.iter().map(|column| match &row[*column] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })),
        }
    }
}

/// A streamed answer: `next` makes a page of lines from where the last one ended, and says where the next one begins. Where
/// it fails, the answer breaks off, so that nobody takes a part for the whole.
pub(crate) fn stream<S, E, F>(
    form: Form,
    place: Place,
    name: &str,
    columns: &[&str],
    start: S,
    next: impl Fn(S) -> F + Send + 'static,
) -> Response<Body>
where
    S: Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<(String, Option<S>), E>> + Send + 'static,
{
    let head = Bytes::from(form.head(columns));
    let pages = stream::try_unfold((Some(start), next, place), |(from, next, place)| async move {
        let Some(from) = from else { return Ok(None) };
        if !place.moves() {
            return Err(io::Error::other(LOST));
        }
        let (lines, after) = next(from).await.map_err(io::Error::other)?;
        Ok(Some((Bytes::from(lines), (after, next, place))))
    });
    let body = futures_util::StreamExt::chain(stream::iter([Ok(head)]), pages);
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}.{}\"", form.suffix())) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A line of CSV (RFC 4180). A cell that a spreadsheet would run is made a text.
pub(crate) fn csv_line<T: AsRef<str>>(cells: impl Iterator<Item = T>) -> String {
    let mut line = String::new();
    for (place, text) in cells.enumerate() {
        if place > 0 {
            line.push(',');
        }
        cell(text.as_ref(), &mut line);
    }
    line.push_str("\r\n");
    line
}

/// What spreadsheets take for the beginning of a formula. Some take the full-width forms for the same characters.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A cell of CSV. A quote before what a spreadsheet would run makes it a text. Space, control characters and marks that
/// nobody sees may come before it: some programs cut them off first.
fn cell(text: &str, line: &mut String) {
    let unseen =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let runs = text.trim_start_matches(unseen).starts_with(FORMULA) || text.starts_with(['\t', '\r', '\n']);
    let quoted = text.contains(['"', ',', '\n', '\r', '\t', ';']);
    let guard = if runs { "'" } else { "" };
    let _ = match quoted {
        true => write!(line, "\"{guard}{}\"", text.replace('"', "\"\"")),
        false => write!(line, "{guard}{text}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_texts() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("\t=1", "\"'\t=1\""),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
            ("two\nlines", "\"two\nlines\""),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\u{ff0b}1", "'\u{ff0b}1"),
            ("\u{ff0d}1", "'\u{ff0d}1"),
            ("\u{ff20}SUM(A1)", "'\u{ff20}SUM(A1)"),
            ("\u{3000}\u{ff1d}1", "'\u{3000}\u{ff1d}1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("\u{200b}@x", "'\u{200b}@x"),
            ("\0=1", "'\0=1"),
            ("\tplain", "\"'\tplain\""),
            ("\rplain", "\"'\rplain\""),
            ("\nplain", "\"'\nplain\""),
            ("\r\n=1", "\"'\r\n=1\""),
            ("a\r=1", "\"a\r=1\""),
            ("a=1", "a=1"),
            ("\u{ff21}", "\u{ff21}"),
        ] {
            let mut line = String::new();
            cell(text, &mut line);
            assert_eq!(line, wanted, "{text:?}");
        }
    }

    #[test]
    fn the_form_is_the_one_that_is_wanted_most() {
        let wanted = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::try_from(accept).unwrap());
            Form::wanted(&headers)
        };
        assert_eq!(Form::wanted(&HeaderMap::new()), None);
        assert_eq!(wanted("*/*"), None);
        assert_eq!(wanted("application/json"), None);
        assert_eq!(wanted("text/csv"), Some(Form::Csv));
        assert_eq!(wanted("application/x-ndjson, text/csv;q=0.5"), Some(Form::Ndjson));
        assert_eq!(wanted("application/json, text/csv;q=0.5"), None);
        assert_eq!(wanted("text/csv;q=0"), None);
    }
}
