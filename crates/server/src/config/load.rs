//! Merges the layers (defaults, file, environment, flags) and says which of them is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::Settings;
use super::keys::{KEYS, Key, PRIVATE};
use super::words;

/// Where settings come from, weakest first: built-in defaults, the file, the environment, flags.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// `sekisho.toml`; an explicit one must exist.
    pub file: Option<PathBuf>,
    /// Environment variables, as pairs.
    pub environment: Vec<(String, String)>,
    /// Flags, as (key, value) pairs: `--listen`, `--set key=value`.
    pub flags: Vec<(String, String)>,
}

/// What is wrong with the configuration: where it stands, which key, and why. Never a value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    place: String,
    message: String,
}

impl ConfigError {
    pub(super) fn new(place: &str, message: &str) -> ConfigError {
        ConfigError { place: place.to_owned(), message: message.to_owned() }
    }
}

/// Which layer set a key, for messages and for `sekisho config check`.
pub type SetBy = BTreeMap<String, String>;

/// Reads and checks the configuration.
pub fn load(layers: &Layers) -> Result<(Settings, SetBy), ConfigError> {
    let mut origins = SetBy::new();
    let mut table = defaults();
    if let Some(path) = &layers.file {
        let file = read(path)?;
        note_origins("", &file, &path.display().to_string(), &mut origins);
        merge(&mut table, file);
    }
    for (variable, text) in &layers.environment {
        let Some(key) = KEYS.iter().find(|k| k.variable() == *variable) else {
            return Err(ConfigError::new(variable, "no setting has this name; `sekisho config keys` lists them all"));
        };
        set(&mut table, key.path, value_of(key.path, text));
        origins.insert(key.path.to_owned(), variable.clone());
    }
    for (path, text) in &layers.flags {
        let Some(key) = KEYS.iter().find(|k| k.path == path) else {
            return Err(ConfigError::new(path, "no setting has this name; `sekisho config keys` lists them all"));
        };
        set(&mut table, key.path, value_of(key.path, text));
        origins.insert(key.path.to_owned(), "command line".to_owned());
    }
    let mut settings = parse(table, &origins)?;
    settings.check().map_err(|(key, why)| at(key, &why, &origins))?;
    settings.read_secret_files().map_err(|(key, why)| at(&key, &why, &origins))?;
    settings.upstream.check().map_err(|(key, why)| at(&key, &why, &origins))?;
    Ok((settings, origins))
}

/// The message for a key, with the layer that set it.
fn at(key: &str, why: &str, origins: &SetBy) -> ConfigError {
    // Of a section where something is missing, no key of its own was set, but others were.
    let in_section = format!("{key}.");
    let origin = origins.get(key).or_else(|| {
        origins.range(in_section.clone()..).next().filter(|(set, _)| set.starts_with(&in_section)).map(|(_, by)| by)
    });
    let place = match origin {
        Some(origin) => format!("{origin}: {key}"),
        None => key.to_owned(),
    };
    ConfigError::new(&place, why)
}

fn parse(table: Table, origins: &SetBy) -> Result<Settings, ConfigError> {
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let path = error.path().to_string();
        let (key, why) = words::of(&path, error.inner().message());
        at(key, &why, origins)
    })
}

/// The defaults, read from the same table that documents them.
fn defaults() -> Table {
    let mut table = Table::new();
    for section in ["tls", "database", "policy"] {
        table.insert(section.to_owned(), Value::Table(Table::new()));
    }
    for key in KEYS.iter().filter(|k| !k.default.is_empty()) {
        set(&mut table, key.path, literal(key.default).expect("every default in the table is TOML"));
    }
    table
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| ConfigError::new(&place, &e.to_string()))?;
    let table: Table = text.parse().map_err(|e: toml::de::Error| {
        let line =
            e.span().map_or(1, |span| 1 + text.get(..span.start).map_or(0, |before| before.matches('\n').count()));
        ConfigError::new(&format!("{place}, line {line}"), e.message().trim())
    })?;
    known_only("", &table, &place)?;
    Ok(table)
}

/// Every key of the file has to be one of ours, with its whole path in the message and the nearest name as a hint.
fn known_only(prefix: &str, table: &Table, place: &str) -> Result<(), ConfigError> {
    for (name, value) in table {
        let path = format!("{prefix}{name}");
        let section = format!("{path}.");
        let listed = listed(&path);
        match value {
            Value::Table(inner) if keys().any(|k| k.path.starts_with(&format!("{listed}."))) => {
                known_only(&section, inner, place)?
            }
            _ if keys().any(|k| k.path == listed) => {}
            _ => {
                let why = "no setting has this name; `sekisho config keys` lists them all";
                return Err(ConfigError::new(&format!("{place}: {path}"), why));
            }
        }
    }
    Ok(())
}

fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(PRIVATE)
}

/// The path as the table lists it: the name of a private upstream is the operator's own.
pub(super) fn listed(path: &str) -> String {
    match path.strip_prefix("upstream.private.") {
        None => path.to_owned(),
        Some(rest) => match rest.split_once('.') {
            None => "upstream.private.<name>".to_owned(),
            Some((_, key)) => format!("upstream.private.<name>.{key}"),
        },
    }
}

fn note_origins(prefix: &str, table: &Table, place: &str, origins: &mut SetBy) {
    for (name, value) in table {
        match value {
            Value::Table(inner) => note_origins(&format!("{prefix}{name}."), inner, place, origins),
            _ => drop(origins.insert(format!("{prefix}{name}"), place.to_owned())),
        }
    }
}

fn merge(under: &mut Table, over: Table) {
    for (name, value) in over {
        match (under.get_mut(&name), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (_, value) => drop(under.insert(name, value)),
        }
    }
}

fn set(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        Some((section, rest)) => {
            let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = entry {
                set(inner, rest, value);
            }
        }
        None => drop(table.insert(path.to_owned(), value)),
    }
}

/// A text from the environment or a flag: TOML where the key's default is a number, a boolean or a list (a list may
/// also be written with commas), the bare text otherwise.
fn value_of(path: &str, text: &str) -> Value {
    let default = KEYS.iter().find(|k| k.path == path).and_then(|k| literal(k.default));
    match default {
        Some(Value::Array(_)) => literal(text).filter(Value::is_array).unwrap_or_else(|| {
            let items = text.split(',').map(str::trim).filter(|t| !t.is_empty());
            Value::Array(items.map(|t| Value::String(t.to_owned())).collect())
        }),
        Some(Value::String(_)) => Value::String(text.to_owned()),
        None if path.ends_with("port") => literal(text).unwrap_or_else(|| Value::String(text.to_owned())),
        None => Value::String(text.to_owned()),
        Some(_) => literal(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

/// Reads one TOML value.
fn literal(text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    Value::deserialize(toml::de::ValueDeserializer::parse(text).ok()?).ok()
}
