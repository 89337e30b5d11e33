//! Bun.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown};
use crate::npm;

/// Bun.
pub(crate) static BUN: Client = Client {
    name: "bun",
    folder: "bun",
    ecosystem: Ecosystem::Npm,
    agent: "Bun",
    set_up: |seat| {
        let text = match &seat.letter {
            Some(letter) => letter.block("Bun", "~/.bunfig.toml"),
            None => format!("[install]\nregistry = \"{}/\"\n", seat.npm()),
        };
        seat.home.write("~/.bunfig.toml", &text);
    },
    project: npm::project,
    install: "bun install",
    frozen: Some("bun install --frozen-lockfile"),
    committed: &["package.json", "bun.lock"],
    takes_more: false,
    shown: Shown {
        passed_over: &[],
        pinned: &["No version matching \"1.3.0\" found for specifier \"left-pad\" (but package exists)"],
        locked: &["{gate}/npm/left-pad/-/left-pad-1.3.0.tgz - 403"],
        revoked: &["{gate}/npm/left-pad - 401"],
        warned: &[],
    },
};
