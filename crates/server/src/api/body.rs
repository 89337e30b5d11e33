//! Reads JSON bodies: bounded, typed, and with every wrong field named in one answer.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

use crate::http::{Code, Problem};

/// Largest body taken.
pub const MAX_BODY: usize = 64 * 1024;
/// How much of a body that is too large is read and thrown away, so that the client reads the answer instead of a reset.
const MAX_DRAINED: usize = 16 * 1024 * 1024;
/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The fields of a JSON object, taken one by one; what is wrong with them is collected.
pub struct Fields {
    object: Map<String, Value>,
    wrong: Vec<String>,
}

impl Fields {
    /// Reads the body as a JSON object.
    pub async fn read(headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
        Self::of(headers, read(body).await?)
    }

    /// The same, where nothing need be sent.
    pub async fn read_if_any(headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
        let bytes = read(body).await?;
        match bytes.is_empty() {
            true => Ok(Fields { object: Map::new(), wrong: Vec::new() }),
            false => Self::of(headers, bytes),
        }
    }

    fn of(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Fields, Problem> {
        if !is_json(headers) {
            return Err(Problem::new(Code::UnsupportedMediaType, "Send the body with Content-Type: application/json."));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(Fields { object, wrong: Vec::new() }),
            Ok(_) => Err(Problem::new(Code::InvalidRequest, "The body has to be a JSON object.")),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                Err(Problem::new(
                    Code::InvalidRequest,
                    format!("The body is not valid JSON (line {line}, column {column})."),
                ))
            }
        }
    }

    /// A text that has to be there and that `parse` understands.
    pub fn required<T>(&mut self, name: &str, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        if matches!(self.object.get(name), None | Some(Value::Null)) {
            self.wrong.push(format!("{name} is missing: expected {wanted}"));
            return None;
        }
        self.optional(name, wanted, parse)
    }

    /// A text that may be left out (or be `null`).
    pub fn optional<T>(&mut self, name: &str, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = match self.object.get(name)? {
            Value::Null => return None,
            Value::String(text) => parse(text),
            _ => None,
        };
        if value.is_none() {
            self.wrong.push(format!("{name}: expected {wanted}"));
        }
        value
    }

    /// A whole number that may be left out (or be `null`).
    pub fn number(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = match self.object.get(name)? {
            Value::Null => return None,
            value => value.as_i64().filter(|number| range.contains(number)),
        };
        if number.is_none() {
            self.wrong.push(format!("{name}: expected a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// No fields but these may be there.
    pub fn only(&mut self, names: &[&str]) {
        if self.object.keys().any(|key| !names.contains(&key.as_str())) {
            self.wrong.push(format!("there is a field that is not known here; known: {}", names.join(", ")));
        }
    }

    /// The body in one spelling, whatever its white space was.
    pub fn canonical(&self) -> String {
        serde_json::to_string(&self.object).unwrap_or_default()
    }

    /// Adds something that is wrong with the request.
    pub fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// A list of texts that has to be there.
    pub fn texts(&mut self, name: &str, most: usize) -> Vec<String> {
        let texts = self
            .object
            .get(name)
            .and_then(Value::as_array)
            .and_then(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>());
        match texts {
            Some(texts) if texts.len() <= most => texts,
            _ => {
                self.wrong.push(format!("{name}: expected a list of at most {most} texts"));
                Vec::new()
            }
        }
    }

    /// A problem that names every field that was wrong.
    pub fn finish(self) -> Result<(), Problem> {
        match self.wrong.is_empty() {
            true => Ok(()),
            false => Err(Problem::new(Code::InvalidRequest, format!("Invalid request: {}.", self.wrong.join("; ")))),
        }
    }
}

/// Reads a body, bounded in size and time.
pub(crate) async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    read_at_most(MAX_BODY, body).await
}

/// The same with another bound.
pub(crate) async fn read_at_most(most: usize, body: Body) -> Result<Vec<u8>, Problem> {
    match tokio::time::timeout(BODY_TIME, collect(most, body)).await {
        Ok(bytes) => bytes,
        Err(_) => Err(Problem::new(Code::InvalidRequest, "The body did not arrive in time.")),
    }
}

async fn collect(most: usize, mut body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::InvalidRequest, "The body ended early."))?;
        let Some(data) = frame.data_ref() else { continue };
        seen += data.len();
        if seen <= most {
            bytes.extend_from_slice(data);
        } else if seen > MAX_DRAINED {
            break;
        }
    }
    if seen > most {
        let detail = format!("A body may have at most {} KiB.", most / 1024);
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    Ok(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
