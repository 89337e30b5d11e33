//! pip, and the projects that Python's clients read.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown, Wanted};
use crate::seat::Seat;

const PIP: Client = Client {
    name: "",
    folder: "",
    ecosystem: Ecosystem::Pypi,
    agent: "pip",
    set_up,
    project: requirements,
    install: "pip --python .venv/bin/python install --no-input -r requirements.txt",
    frozen: None,
    committed: &["requirements.txt"],
    takes_more: false,
    shown: Shown {
        passed_over: &[],
        pinned: &["403 Client Error: Blocked by Sekisho: malware (MAL-2026-0002)"],
        locked: &[],
        revoked: &["No matching distribution found for six"],
        warned: &[],
    },
};

/// pip 23, which many systems still have.
pub(crate) static PIP_23: Client = Client { name: "pip 23", folder: "pip-23", ..PIP };
/// The newest pip.
pub(crate) static PIP_26: Client = Client { name: "pip 26", folder: "pip", ..PIP };

fn set_up(seat: &mut Seat<'_>) {
    make_venv(seat);
    let line = match &seat.letter {
        Some(letter) => letter.block("pip (PIP_INDEX_URL)", "shell"),
        None => format!("export PIP_INDEX_URL={}", seat.simple()),
    };
    seat.every_shell(&line);
}

/// A virtual environment without pip in it: pip comes from the path.
pub(crate) fn make_venv(seat: &mut Seat<'_>) {
    seat.run("python3 -m venv --without-pip .venv").succeeded();
}

/// A `requirements.txt`.
pub(crate) fn requirements(seat: &Seat<'_>, wanted: &[Wanted]) {
    let lines: String = wanted.iter().map(|(name, spec)| format!("{name}{spec}\n")).collect();
    seat.home.write("requirements.txt", &lines);
}

/// A `pyproject.toml` with this at its end.
pub(crate) fn pyproject(seat: &Seat<'_>, wanted: &[Wanted], rest: &str) {
    let wanted: Vec<_> = wanted.iter().map(|(name, spec)| format!("{name}{spec}")).collect();
    seat.home.write(
        "pyproject.toml",
        &format!(
            "[project]\nname = \"project\"\nversion = \"1.0.0\"\nrequires-python = \">=3.9,<4\"\n\
             dependencies = {wanted:?}\n\n{rest}"
        ),
    );
}
