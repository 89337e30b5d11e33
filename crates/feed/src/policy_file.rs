//! The operator's own entries, as a TOML file.
//!
//! ```toml
//! [[block]]
//! package = "pkg:npm/left-pad@1.3.0"
//! reason = "not in this house"
//! since = "2026-11-23T09:00:00Z"   # only shown
//!
//! [[allow]]
//! package = "pkg:pypi/example"
//! reason = "the advisory is wrong, see ticket 17"
//! expires = "2026-12-01T00:00:00Z"
//!
//! [[warn]]
//! package = "pkg:npm/request"
//! reason = "Not maintained since 2020. Use fetch."
//! ```

use std::path::Path;

use sekisho_core::policy::{Effect, Entry, Policy, is_tellable};
use sekisho_core::{PackageUrl, Timestamp};
use toml::{Table, Value};

/// Largest policy file.
const MAX_FILE: u64 = 16 << 20;

/// What is wrong with a policy file: every problem on a line, with file, table and key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct PolicyFileError(pub Vec<String>);

/// Reads a policy file.
pub fn read(path: &Path) -> Result<Policy, PolicyFileError> {
    use std::io::Read;
    let problem = |what: String| PolicyFileError(vec![format!("{}: {what}", path.display())]);
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text))
        .map_err(|e| problem(e.to_string()))?;
    if text.len() as u64 > MAX_FILE {
        return Err(problem(format!("larger than {MAX_FILE} bytes")));
    }
    parse(&text, &path.display().to_string())
}

/// Reads a policy file's text; `file` is its name in messages.
pub fn parse(text: &str, file: &str) -> Result<Policy, PolicyFileError> {
    let tables: Table = text.parse().map_err(|e| PolicyFileError(vec![format!("{file}: {e}")]))?;
    let mut problems = Vec::new();
    let mut entries = Vec::new();
    for (kind, value) in &tables {
        let Some(effect) = Effect::parse(kind) else {
            problems.push(format!("{file}: {kind:?} is unknown; there are [[block]], [[allow]] and [[warn]]"));
            continue;
        };
        let Some(list) = value.as_array() else {
            problems.push(format!("{file}: {kind} is not a list of tables; write [[{kind}]]"));
            continue;
        };
        for (number, value) in (1..).zip(list) {
            let mut problem = |what: String| problems.push(format!("{file}: [[{kind}]] number {number}: {what}"));
            match value.as_table() {
                Some(table) => entries.extend(entry(effect, table, &mut problem)),
                None => problem("not a table".to_owned()),
            }
        }
    }
    if problems.is_empty() { Ok(Policy::new(entries)) } else { Err(PolicyFileError(problems)) }
}

/// Reads one table. Every problem is told, so that a file is corrected in one go.
fn entry(effect: Effect, table: &Table, problem: &mut impl FnMut(String)) -> Option<Entry> {
    for key in table.keys().filter(|key| !["package", "reason", "expires", "since"].contains(&key.as_str())) {
        problem(format!("{key:?} is unknown; there are package, reason, expires and since"));
    }
    let target = match table.get("package").map(Value::as_str) {
        Some(Some(text)) => PackageUrl::parse(text).map_err(|e| problem(format!("package {text:?}: {e}"))).ok(),
        Some(None) => told(problem, "package is not a text like \"pkg:npm/name@1.0.0\""),
        None => told(problem, "package is missing"),
    };
    let reason = match table.get("reason").map(Value::as_str) {
        Some(Some(text)) if effect == Effect::Warn && !is_tellable(text) => told(
            problem,
            "reason of a warning: expected 1 to 200 characters of printable ASCII, because clients print it",
        ),
        Some(Some(text)) if !text.trim().is_empty() => Some(text.to_owned()),
        Some(Some(_)) | None if effect == Effect::Block => Some(String::new()),
        Some(None) => told(problem, "reason is not a text"),
        None if effect == Effect::Warn => told(problem, "reason is missing; it is what people read"),
        Some(Some(_)) | None => told(problem, "reason is missing; what is allowed against a feed needs one"),
    };
    let (expires, since) = (moment(table, "expires", problem), moment(table, "since", problem));
    Some(Entry { target: target?, effect, reason: reason?, expires: expires?, since: since? })
}

/// A moment that may be left out, as a text or as TOML's own.
fn moment(table: &Table, key: &str, problem: &mut impl FnMut(String)) -> Option<Option<Timestamp>> {
    let text = match table.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Datetime(date)) => date.to_string(),
        Some(_) => return told(problem, &format!("{key} is not a moment like \"2026-12-01T00:00:00Z\"")),
        None => return Some(None),
    };
    text.parse().map(Some).map_err(|e| problem(format!("{key} {text:?}: {e}"))).ok()
}

fn told<T>(problem: &mut impl FnMut(String), what: &str) -> Option<T> {
    problem(what.to_owned());
    None
}
