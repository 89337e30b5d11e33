//! Yarn 1 and Yarn 4.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown};
use crate::npm;

/// Yarn 1.
pub(crate) static YARN_1: Client = Client {
    name: "yarn 1",
    folder: "yarn-1",
    ecosystem: Ecosystem::Npm,
    agent: "yarn",
    set_up: |seat| {
        let text = match &seat.letter {
            Some(letter) => letter.block("Yarn 1", "~/.npmrc"),
            None => format!("registry={}/\n", seat.npm()),
        };
        seat.home.write("~/.npmrc", &text);
        // Run as root it would keep its cache outside the home, and an install from there asks nobody.
        seat.every_shell("export YARN_CACHE_FOLDER=\"$HOME/.cache/yarn\"");
    },
    project: npm::project,
    install: "yarn install --non-interactive",
    frozen: Some("yarn install --non-interactive --frozen-lockfile"),
    committed: &["package.json", "yarn.lock"],
    takes_more: false,
    shown: Shown {
        passed_over: &[],
        pinned: &["Couldn't find any versions for \"left-pad\" that matches \"1.3.0\""],
        locked: &["{gate}/npm/left-pad/-/left-pad-1.3.0.tgz", "Request failed \"403 Forbidden\""],
        revoked: &["The token is unknown, revoked or incomplete."],
        warned: &[],
    },
};

/// Yarn 4, with a `node_modules` so that what it installed can be read.
pub(crate) static YARN_4: Client = Client {
    name: "yarn 4",
    folder: "yarn-4",
    ecosystem: Ecosystem::Npm,
    agent: "got",
    set_up: |seat| {
        let text = match &seat.letter {
            Some(letter) => letter.block("Yarn 4", "~/.yarnrc.yml"),
            None => format!("npmRegistryServer: \"{}/\"\nunsafeHttpWhitelist: [\"127.0.0.1\"]\n", seat.npm()),
        };
        seat.home.write("~/.yarnrc.yml", &format!("{text}enableTelemetry: false\n"));
    },
    project: |seat, wanted| {
        seat.home.write(".yarnrc.yml", "nodeLinker: node-modules\n");
        npm::project(seat, wanted);
    },
    install: "yarn install --no-immutable",
    frozen: Some("yarn install --immutable"),
    committed: &["package.json", "yarn.lock", ".yarnrc.yml"],
    takes_more: false,
    shown: Shown {
        passed_over: &[],
        pinned: &["left-pad@npm:1.3.0: No candidates found"],
        locked: &["Response Code: 403 (Blocked by Sekisho: the operator's policy)"],
        revoked: &["Invalid authentication"],
        warned: &[],
    },
};
