//! What this machine's package managers are set to, in their own order of precedence.

use std::path::PathBuf;

use sekisho_core::Ecosystem;

use super::Machine;
use super::files::{ini, read};

/// An address as it is written, and where.
type Candidate = (String, String);

/// Every address that is set, the one that counts first.
pub(super) fn read_all(machine: &Machine, ecosystem: Ecosystem) -> Vec<Candidate> {
    match ecosystem {
        Ecosystem::Npm => npm(machine),
        Ecosystem::Pypi => {
            let mut found = python_env(machine);
            found.extend(pip_files(machine));
            found.extend(uv_files(machine));
            found
        }
    }
}

/// npm: environment, user's file, global file (npm-config, "npmrc files"); pnpm and Yarn 1 read the same.
fn npm(machine: &Machine) -> Vec<Candidate> {
    let mut found = Vec::new();
    if let Some((name, value)) = npm_var(machine, "registry") {
        found.push((value, format!("from {name}")));
    }
    let user = match npm_var(machine, "userconfig") {
        Some((_, path)) => machine.locate(&path),
        None => machine.in_home(".npmrc"),
    };
    let user_lines = user.as_deref().and_then(read).map(|text| ini(&text)).unwrap_or_default();
    let prefix = npm_key(machine, &user_lines, "prefix");
    found.extend(npm_registry(machine, user, &user_lines));
    for path in npm_globals(machine, prefix) {
        let lines = read(&path).map(|text| ini(&text)).unwrap_or_default();
        found.extend(npm_registry(machine, Some(path), &lines));
    }
    found
}

/// npm reads `npm_config_*` in any case and passes over empty values.
fn npm_var(machine: &Machine, key: &str) -> Option<(String, String)> {
    let wanted = format!("npm_config_{key}");
    let mut hits = machine.env.iter().filter(|(name, value)| name.eq_ignore_ascii_case(&wanted) && !value.is_empty());
    hits.next().map(|(name, value)| (name.clone(), value.clone()))
}

fn npm_registry(machine: &Machine, path: Option<PathBuf>, lines: &[(String, String, String)]) -> Option<Candidate> {
    let value = npm_key(machine, lines, "registry")?;
    Some((value, format!("from {}", machine.shown(&path?))))
}

/// A top-level key; the last one counts. `${NAME}` is replaced from the environment.
fn npm_key(machine: &Machine, lines: &[(String, String, String)], wanted: &str) -> Option<String> {
    let value = lines.iter().rev().find(|(section, key, _)| section.is_empty() && key == wanted).map(|(_, _, v)| v)?;
    Some(expanded(machine, value)).filter(|value| !value.is_empty())
}

fn expanded(machine: &Machine, value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        // A variable that is not set stays as it is written, as npm does; it makes no URL then.
        match machine.var(name.trim_end_matches('?')) {
            Some(value) => out.push_str(value),
            None => out.push_str(&format!("${{{name}}}")),
        }
        rest = tail;
    }
    out + rest
}

/// The global file: named, else `<prefix>/etc/npmrc`, where the prefix is named or is the folder above node's.
fn npm_globals(machine: &Machine, user_prefix: Option<String>) -> Vec<PathBuf> {
    if let Some((_, path)) = npm_var(machine, "globalconfig") {
        return machine.locate(&path).into_iter().collect();
    }
    let named = npm_var(machine, "prefix").map(|(_, value)| value).or(user_prefix);
    if let Some(prefix) = named.or_else(|| machine.var("PREFIX").map(str::to_owned)) {
        return machine.locate(&prefix).map(|prefix| prefix.join("etc/npmrc")).into_iter().collect();
    }
    let folders = machine.var("PATH").unwrap_or_default().split(':').filter_map(|folder| machine.locate(folder));
    let node = folders.map(|folder| folder.join("node")).find(|node| node.is_file());
    let prefix = node.and_then(|node| node.canonicalize().ok()).and_then(|n| Some(n.parent()?.parent()?.to_owned()));
    let mut files: Vec<PathBuf> = prefix.map(|prefix| prefix.join("etc/npmrc")).into_iter().collect();
    // Debian's own npm.
    files.extend(machine.locate("/etc/npmrc"));
    files.dedup();
    files
}

fn python_env(machine: &Machine) -> Vec<Candidate> {
    let set = ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"].into_iter();
    set.filter_map(|name| Some((unnamed(machine.var(name)?), format!("from {name}")))).collect()
}

/// uv allows `name=url`.
fn unnamed(value: &str) -> String {
    match value.split_once('=') {
        Some((name, url)) if !name.contains([':', '/', '?']) => url.to_owned(),
        _ => value.to_owned(),
    }
}

/// pip loads system, then user, then `PIP_CONFIG_FILE`; later ones win, and `[install]` wins over `[global]`.
/// `PIP_CONFIG_FILE=/dev/null` (`os.devnull`) means no file at all.
fn pip_files(machine: &Machine) -> Vec<Candidate> {
    let named = machine.var("PIP_CONFIG_FILE");
    if named == Some("/dev/null") {
        return Vec::new();
    }
    let mut files: Vec<PathBuf> = named.and_then(|path| machine.locate(path)).into_iter().collect();
    files.extend(config_home(machine).map(|folder| folder.join("pip/pip.conf")));
    files.extend(machine.in_home(".pip/pip.conf"));
    files.extend(machine.locate("/etc/pip.conf"));
    files.extend(config_dirs(machine).into_iter().rev().map(|folder| folder.join("pip/pip.conf")));
    let mut found = Vec::new();
    let read: Vec<_> = files.into_iter().filter_map(|path| Some((ini(&read(&path)?), path))).collect();
    for wanted in ["install", "global"] {
        for (lines, path) in &read {
            let is_index = |key: &str| key.trim_start_matches("--").replace('_', "-").eq_ignore_ascii_case("index-url");
            let hit = lines
                .iter()
                .rev()
                .find(|(section, key, value)| section == wanted && is_index(key) && !value.is_empty());
            found.extend(hit.map(|(_, _, value)| (value.clone(), format!("from {}", machine.shown(path)))));
        }
    }
    found
}

/// uv: the user's file, then the system's; `UV_CONFIG_FILE` instead of both, `UV_NO_CONFIG` none.
fn uv_files(machine: &Machine) -> Vec<Candidate> {
    if machine.var("UV_NO_CONFIG").is_some_and(|value| !matches!(value, "0" | "false")) {
        return Vec::new();
    }
    let files: Vec<PathBuf> = match machine.var("UV_CONFIG_FILE") {
        Some(path) => machine.locate(path).into_iter().collect(),
        None => {
            let user = config_home(machine);
            let system = config_dirs(machine).into_iter().chain(machine.locate("/etc"));
            user.into_iter().chain(system).map(|folder| folder.join("uv/uv.toml")).collect()
        }
    };
    let indexed = |path: PathBuf| Some((uv_index(&read(&path)?)?, format!("from {}", machine.shown(&path))));
    files.into_iter().filter_map(indexed).collect()
}

/// The default index of a `uv.toml`: `[[index]]` with `default = true`, else `index-url`, else that of `[pip]`.
fn uv_index(text: &str) -> Option<String> {
    let table: toml::Table = text.parse().ok()?;
    let url = |value: Option<&toml::Value>| Some(value?.as_str()?.to_owned()).filter(|url| !url.is_empty());
    let list = table.get("index").and_then(toml::Value::as_array);
    let default = list
        .and_then(|list| list.iter().find(|index| index.get("default").and_then(toml::Value::as_bool) == Some(true)));
    url(default.and_then(|index| index.get("url")))
        .or_else(|| url(table.get("index-url")))
        .or_else(|| url(table.get("pip").and_then(|pip| pip.get("index-url"))))
}

/// `$XDG_CONFIG_HOME`, else `~/.config`.
fn config_home(machine: &Machine) -> Option<PathBuf> {
    match machine.var("XDG_CONFIG_HOME") {
        Some(path) => machine.locate(path),
        None => machine.in_home(".config"),
    }
}

/// `$XDG_CONFIG_DIRS`, else `/etc/xdg`.
fn config_dirs(machine: &Machine) -> Vec<PathBuf> {
    let dirs = machine.var("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    dirs.split(':').filter_map(|folder| machine.locate(folder)).collect()
}
