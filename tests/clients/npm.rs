//! npm.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown, Wanted};
use crate::seat::Seat;

const NPM: Client = Client {
    name: "",
    folder: "",
    ecosystem: Ecosystem::Npm,
    agent: "npm",
    set_up,
    project,
    install: "npm install",
    frozen: Some("npm ci"),
    committed: &["package.json", "package-lock.json"],
    takes_more: false,
    shown: Shown {
        passed_over: &[
            "npm notice npm left-pad 1.3.0 was passed over. Blocked by Sekisho: malware (MAL-2026-0001). {gate}/why/npm/left-pad/1.3.0",
        ],
        pinned: &[
            "No matching version found for left-pad@1.3.0",
            "npm notice npm left-pad 1.3.0 was passed over. Blocked by Sekisho: malware (MAL-2026-0001). {gate}/why/npm/left-pad/1.3.0",
        ],
        locked: &[
            "npm left-pad 1.3.0 is blocked: the operator's policy. Why, and what to do: {gate}/why/npm/left-pad/1.3.0",
        ],
        revoked: &["The token is unknown, revoked or incomplete."],
        warned: &["npm notice npm left-pad 1.3.0: somebody else keeps it by now {gate}/why/npm/left-pad/1.3.0"],
    },
};

/// npm 10.
pub(crate) static NPM_10: Client = Client { name: "npm 10", folder: "npm-10", ..NPM };
/// npm 11.
pub(crate) static NPM_11: Client = Client { name: "npm 11", folder: "npm-11", ..NPM };
/// npm 12.
pub(crate) static NPM_12: Client = Client { name: "npm 12", folder: "npm-12", ..NPM };

/// The user's `.npmrc`, which pnpm reads too.
pub(crate) fn set_up(seat: &mut Seat<'_>) {
    let text = match &seat.letter {
        Some(letter) => letter.block("npm, pnpm", "~/.npmrc"),
        None => format!("registry={}/\n", seat.npm()),
    };
    seat.home.write("~/.npmrc", &text);
}

/// A `package.json`, for every client of npm's registry.
pub(crate) fn project(seat: &Seat<'_>, wanted: &[Wanted]) {
    let dependencies: serde_json::Map<_, _> = wanted.iter().map(|(n, v)| ((*n).to_owned(), (*v).into())).collect();
    let manifest =
        serde_json::json!({"name": "project", "version": "1.0.0", "private": true, "dependencies": dependencies});
    seat.home.write("package.json", &manifest.to_string());
}
