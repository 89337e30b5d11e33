//! pnpm, which reads npm's settings.

use sekisho_core::Ecosystem;

use crate::client::{Client, Shown};
use crate::npm;

const PNPM: Client = Client {
    name: "",
    folder: "",
    ecosystem: Ecosystem::Npm,
    agent: "pnpm",
    set_up: npm::set_up,
    project: npm::project,
    install: "pnpm install",
    frozen: Some("pnpm install --frozen-lockfile"),
    committed: &["package.json", "pnpm-lock.yaml"],
    takes_more: false,
    shown: Shown {
        passed_over: &[],
        pinned: &["ERR_PNPM_NO_MATCHING_VERSION", "No matching version found for left-pad@1.3.0"],
        locked: &[],
        revoked: &["ERR_PNPM_FETCH_401"],
        warned: &[],
    },
};

/// pnpm 10.
pub(crate) static PNPM_10: Client = Client {
    name: "pnpm 10",
    folder: "pnpm-10",
    shown: Shown { locked: &["ERR_PNPM_FETCH_403", "Blocked by Sekisho: the operator's policy - 403"], ..PNPM.shown },
    ..PNPM
};
/// pnpm 12, which looks at the packuments of what a lock file has.
pub(crate) static PNPM_12: Client = Client {
    name: "pnpm 12",
    folder: "pnpm-12",
    shown: Shown {
        locked: &[
            "ERR_PNPM_MINIMUM_RELEASE_AGE_VIOLATION",
            "left-pad@1.3.0 could not be checked against minimumReleaseAge",
        ],
        ..PNPM.shown
    },
    ..PNPM
};
