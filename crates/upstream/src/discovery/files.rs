//! Reading package managers' settings files: bounded, regular files only, never relative to the working directory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Machine;

/// Largest settings file that is read.
const MAX_FILE: u64 = 1 << 20;

impl Machine {
    /// Where an absolute path (or one under `~`) lies on this machine; a relative one lies nowhere, because the
    /// working directory may be a hostile checkout.
    pub(super) fn locate(&self, path: &str) -> Option<PathBuf> {
        if let Some(rest) = path.strip_prefix("~/") {
            return Some(self.home.as_ref()?.join(rest));
        }
        let path = Path::new(path);
        if path.starts_with(&self.root) {
            return Some(path.to_owned());
        }
        path.strip_prefix("/").ok().map(|rest| self.root.join(rest))
    }

    pub(super) fn in_home(&self, path: &str) -> Option<PathBuf> {
        Some(self.home.as_ref()?.join(path))
    }

    /// How a file is named to people: with `~` for the home folder.
    pub(super) fn shown(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => match path.strip_prefix(&self.root) {
                Ok(rest) => format!("/{}", rest.display()),
                Err(_) => path.display().to_string(),
            },
        }
    }
}

/// A small regular file's text.
pub(super) fn read(path: &Path) -> Option<String> {
    // Asked before opening: a pipe would hold us at the opening.
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_FILE).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The `key = value` lines of an ini file, each with its section (empty before the first).
pub(super) fn ini(text: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        if line.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
        } else if let Some((key, value)) = line.split_once(['=']).or_else(|| line.split_once(':')) {
            let value = value.trim();
            let bare = value.strip_prefix(['"', '\'']).and_then(|v| v.strip_suffix(['"', '\''])).unwrap_or(value);
            lines.push((section.clone(), key.trim().to_owned(), bare.trim().to_owned()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ini_lines_know_their_section() {
        let text = "\u{feff}; x = 1\na = \"b=c\"\n[s]\nindex-url: https://index.example\nnothing\n=\n";
        let line = |s: &str, k: &str, v: &str| (s.to_owned(), k.to_owned(), v.to_owned());
        assert_eq!(ini(text)[..2], [line("", "a", "b=c"), line("s", "index-url", "https://index.example")]);
    }
}
