//! Poetry.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown};
use crate::pip;
use crate::seat::Seat;

/// Poetry.
pub(crate) static POETRY: Client = Client {
    name: "poetry",
    folder: "poetry",
    ecosystem: Ecosystem::Pypi,
    agent: "poetry",
    set_up: |seat| {
        seat.every_shell("export POETRY_VIRTUALENVS_IN_PROJECT=true POETRY_VIRTUALENVS_OPTIONS_NO_PIP=true");
        // No desktop's key ring: Poetry then keeps the key in a file of its own.
        seat.every_shell("export PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring");
        if seat.letter.is_some() {
            let command = of_the_mail(seat, "poetry config");
            seat.run(&command).succeeded();
        }
    },
    project: |seat, wanted| {
        pip::pyproject(seat, wanted, "[tool.poetry]\npackage-mode = false\n");
        let command = match &seat.letter {
            Some(_) => of_the_mail(seat, "poetry source add"),
            None => format!("poetry source add --priority=primary sekisho {}\n", seat.simple()),
        };
        seat.run(&command).succeeded();
    },
    install: "poetry install --no-interaction",
    frozen: Some("poetry install --no-interaction"),
    committed: &["pyproject.toml", "poetry.lock"],
    takes_more: true,
    shown: Shown {
        passed_over: &[],
        pinned: &["403 Client Error: Blocked by Sekisho: malware (MAL-2026-0002)"],
        locked: &[
            "403 Client Error: Blocked by Sekisho: the operator's policy",
            "Reason for being yanked: Blocked by Sekisho: the operator's policy. Why, and what to do: {gate}/why/pypi/six/1.17.0",
        ],
        revoked: &["Authorization error accessing {gate}/pypi/simple/six/"],
        warned: &[],
    },
};

/// The line of the mail that begins like this. One is for the project, the other for the machine.
fn of_the_mail(seat: &Seat<'_>, begin: &str) -> String {
    let block = seat.letter.as_ref().expect("a mail").block("Poetry", "shell");
    block.lines().find(|line| line.starts_with(begin)).expect("a line of the mail").to_owned()
}
