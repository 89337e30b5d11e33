//! PDM.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown};
use crate::pip;

/// PDM.
pub(crate) static PDM: Client = Client {
    name: "pdm",
    folder: "pdm",
    ecosystem: Ecosystem::Pypi,
    agent: "pdm",
    set_up: |seat| {
        seat.every_shell("export PDM_CHECK_UPDATE=false PDM_NON_INTERACTIVE=1");
        let command = match &seat.letter {
            Some(letter) => letter.block("PDM", "shell"),
            None => format!("pdm config pypi.url {}\n", seat.simple()),
        };
        seat.run(&command).succeeded();
    },
    project: |seat, wanted| pip::pyproject(seat, wanted, "[tool.pdm]\ndistribution = false\n"),
    install: "pdm install",
    frozen: Some("pdm install --frozen-lockfile"),
    committed: &["pyproject.toml", "pdm.lock"],
    takes_more: true,
    shown: Shown {
        passed_over: &[],
        pinned: &["Client error '403 Forbidden' for url"],
        locked: &["Client error '403 Forbidden' for url"],
        revoked: &["Unable to find candidates for six"],
        warned: &[],
    },
};
