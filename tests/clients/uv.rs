//! uv, by `uv pip` and by `uv sync`.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown};
use crate::pip::{make_venv, requirements};

const SHOWN: Shown = Shown {
    passed_over: &[],
    pinned: &[
        "Server message: Blocked by Sekisho, PyPI six 1.17.0 is blocked: malware (MAL-2026-0002). Why, and what to do: {gate}/why/pypi/six/1.17.0",
        "403 Blocked by Sekisho: malware (MAL-2026-0002)",
    ],
    locked: &[
        "Server message: Blocked by Sekisho, PyPI six 1.17.0 is blocked: the operator's policy. Why, and what to do: {gate}/why/pypi/six/1.17.0",
        "403 Blocked by Sekisho: the operator's policy",
    ],
    revoked: &["401 Unauthorized"],
    warned: &[],
};

/// `uv pip install`.
pub(crate) static UV_PIP: Client = Client {
    name: "uv pip",
    folder: "uv",
    ecosystem: Ecosystem::Pypi,
    agent: "uv",
    set_up: |seat| {
        make_venv(seat);
        let line = match &seat.letter {
            Some(letter) => letter.block("uv (UV_DEFAULT_INDEX)", "shell"),
            None => format!("export UV_DEFAULT_INDEX={}", seat.simple()),
        };
        seat.every_shell(&line);
    },
    project: requirements,
    install: "uv pip install -r requirements.txt",
    frozen: None,
    committed: &["requirements.txt"],
    takes_more: false,
    shown: SHOWN,
};

/// `uv sync`, with the index in the project and the key in the environment.
pub(crate) static UV_SYNC: Client = Client {
    name: "uv sync",
    folder: "uv",
    ecosystem: Ecosystem::Pypi,
    agent: "uv",
    set_up: |seat| {
        if let Some(letter) = &seat.letter {
            let lines = letter.block("uv (pyproject.toml)", "shell");
            seat.every_shell(&lines);
        }
    },
    project: |seat, wanted| {
        let index = match &seat.letter {
            Some(letter) => letter.block("uv (pyproject.toml)", "pyproject.toml"),
            None => format!("[[tool.uv.index]]\nname = \"sekisho\"\nurl = \"{}\"\ndefault = true\n", seat.simple()),
        };
        crate::pip::pyproject(seat, wanted, &index);
    },
    install: "uv sync",
    frozen: Some("uv sync --frozen"),
    committed: &["pyproject.toml", "uv.lock"],
    takes_more: true,
    shown: SHOWN,
};
