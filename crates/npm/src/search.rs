//! What a registry answers to a search: read as hostile data, written anew with what clients show.

use sekisho_core::{Ecosystem, PackageName};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One package that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name.
    pub name: PackageName,
    /// The version that is shown, usually `latest`.
    pub version: String,
    package: Map<String, Value>,
    beside: Map<String, Value>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    objects: Vec<Map<String, Value>>,
    #[serde(default)]
    total: Value,
}

/// Most packages of one answer: npm's own limit.
pub const MAX_FOUND: usize = 250;
/// Fields of a package that clients show.
const PACKAGE: [&str; 10] = [
    "scope",
    "sanitized_name",
    "description",
    "keywords",
    "date",
    "links",
    "author",
    "publisher",
    "maintainers",
    "license",
];
/// Fields beside the package.
const BESIDE: [&str; 6] = ["score", "searchScore", "flags", "downloads", "dependents", "updated"];
/// Longest text, most items of a list or an object, deepest nesting.
const MAX_TEXT: usize = 1000;
const MAX_ITEMS: usize = 60;
const MAX_DEPTH: usize = 4;

/// Reads an answer: what was found, and how much there is in all. `None` if it is none.
pub fn read(body: &[u8]) -> Option<(Vec<Found>, u64)> {
    // The reader would take a list for an object with its fields in order.
    body.trim_ascii_start().starts_with(b"{").then_some(())?;
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let found: Vec<Found> = answer.objects.into_iter().take(MAX_FOUND).filter_map(found).collect();
    let total = answer.total.as_u64().unwrap_or_default().max(found.len() as u64);
    Some((found, total))
}

fn found(mut object: Map<String, Value>) -> Option<Found> {
    let Some(Value::Object(mut package)) = object.remove("package") else { return None };
    let name = PackageName::parse(Ecosystem::Npm, package.get("name")?.as_str()?).ok()?;
    let version = package.get("version")?.as_str().filter(|version| version.len() <= 256)?.to_owned();
    package.retain(|key, _| PACKAGE.contains(&key.as_str()));
    object.retain(|key, _| BESIDE.contains(&key.as_str()));
    Some(Found { name, version, package: cleaned_map(package, 0), beside: cleaned_map(object, 0) })
}

/// Writes an answer.
pub fn render(found: &[Found], total: u64, time: &str) -> Vec<u8> {
    let objects: Vec<Value> = found
        .iter()
        .map(|found| {
            let mut package = found.package.clone();
            package.insert("name".to_owned(), found.name.as_str().into());
            package.insert("version".to_owned(), cleaned(found.version.as_str().into(), 0));
            let mut object = found.beside.clone();
            object.insert("package".to_owned(), package.into());
            object.into()
        })
        .collect();
    json!({"objects": objects, "total": total, "time": time}).to_string().into_bytes()
}

fn cleaned(value: Value, depth: usize) -> Value {
    match value {
        Value::String(text) => text.chars().filter(|c| !is_unsafe(*c)).take(MAX_TEXT).collect::<String>().into(),
        Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => Value::Null,
        Value::Array(items) => items.into_iter().take(MAX_ITEMS).map(|item| cleaned(item, depth + 1)).collect(),
        Value::Object(map) => cleaned_map(map, depth + 1).into(),
        plain => plain,
    }
}

fn cleaned_map(map: Map<String, Value>, depth: usize) -> Map<String, Value> {
    let sane = map.into_iter().filter(|(key, _)| key.len() <= 64 && !key.chars().any(is_unsafe));
    sane.take(MAX_ITEMS).map(|(key, value)| (key, cleaned(value, depth))).collect()
}

/// What could write to a terminal, or turn its text around.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
