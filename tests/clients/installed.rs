//! What a package manager installed, read from the files that a program would load.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use sekisho_core::Ecosystem;

use crate::seat::Seat;

/// Names and versions, sorted, each once.
pub(crate) fn of(seat: &Seat<'_>) -> Vec<(String, String)> {
    let mut installed = match seat.client.ecosystem {
        Ecosystem::Npm => node_modules(&seat.home.project().join("node_modules")),
        Ecosystem::Pypi if seat.home.project().join(".venv/lib").exists() => seat.home.python_installed(),
        Ecosystem::Pypi => Vec::new(),
    };
    installed.sort();
    installed.dedup();
    installed
}

/// Every package below a `node_modules`. pnpm links packages into stores where their dependencies lie beside them, so
/// links are followed and the folders around their targets are read too.
fn node_modules(top: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![top.to_owned()];
    let mut seen = HashSet::new();
    while let Some(folder) = waiting.pop() {
        let Ok(folder) = fs::canonicalize(&folder) else { continue };
        if !seen.insert(folder.clone()) {
            continue;
        }
        for package in packages_in(&folder) {
            let Ok(real) = fs::canonicalize(&package) else { continue };
            let Ok(manifest) = fs::read_to_string(real.join("package.json")) else { continue };
            let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("a package's manifest");
            let text = |field: &str| manifest[field].as_str().unwrap_or_default().to_owned();
            found.push((text("name"), text("version")));
            waiting.push(real.join("node_modules"));
            waiting.extend(real.ancestors().find(|a| a.ends_with("node_modules")).map(Path::to_owned));
        }
    }
    found
}

/// The packages that lie in a `node_modules`: its folders, and those in its scopes.
fn packages_in(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (scopes, mut packages): (Vec<_>, Vec<_>) = list(folder)
        .into_iter()
        .filter(|path| !name(path).starts_with('.'))
        .partition(|path| name(path).starts_with('@'));
    packages.extend(scopes.iter().flat_map(|scope| list(scope)));
    packages
}
