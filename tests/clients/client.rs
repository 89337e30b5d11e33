//! What the matrix knows about a package manager: how it is set up, what it is told to do, and what its user reads.

use sekisho_core::Ecosystem;

use crate::seat::Seat;

/// A package and which releases of it a project takes, as its ecosystem writes that.
pub(crate) type Wanted = (&'static str, &'static str);

/// A package manager in one version.
pub(crate) struct Client {
    /// Its name in the table, and what `ONLY` selects by.
    pub(crate) name: &'static str,
    /// Its line in `versions.txt` and its folder in `.test/clients`.
    pub(crate) folder: &'static str,
    pub(crate) ecosystem: Ecosystem,
    /// What the ledger calls it: the first word of its `User-Agent`.
    pub(crate) agent: &'static str,
    /// Points it at the gate, with the seat's key if it has one.
    pub(crate) set_up: fn(&mut Seat<'_>),
    /// Writes a project that wants these packages.
    pub(crate) project: fn(&Seat<'_>, &[Wanted]),
    /// Resolves and installs what the project wants.
    pub(crate) install: &'static str,
    /// Installs from the lock file and nothing else; `None` where it has no lock file.
    pub(crate) frozen: Option<&'static str>,
    /// The project's files that a colleague gets, lock file included.
    pub(crate) committed: &'static [&'static str],
    /// It may take files of more releases than it installs, because its lock file is for every platform.
    pub(crate) takes_more: bool,
    pub(crate) shown: Shown,
}

/// What the user reads; `{gate}` stands for the gate's address. Everything listed has to be there.
pub(crate) struct Shown {
    /// A range passed a refused release over. Nothing, where the client has no way to tell.
    pub(crate) passed_over: &'static [&'static str],
    /// Exactly the refused release was wanted.
    pub(crate) pinned: &'static [&'static str],
    /// A lock file has the refused release.
    pub(crate) locked: &'static [&'static str],
    /// The key was revoked.
    pub(crate) revoked: &'static [&'static str],
    /// The release is allowed, and the operator warns of it.
    pub(crate) warned: &'static [&'static str],
}

/// The packages that the cells use, by ecosystem.
pub(crate) struct Packages {
    /// A tree of some dozen packages.
    pub(crate) tree: &'static [Wanted],
    /// A few packages; for npm with a scoped one.
    pub(crate) small: &'static [Wanted],
    /// The name of which one release is refused.
    pub(crate) name: &'static str,
    /// The refused release.
    pub(crate) refused: &'static str,
    /// What is taken instead.
    pub(crate) instead: &'static str,
    /// A range that has both.
    pub(crate) range: &'static [Wanted],
    /// Nothing but the refused release.
    pub(crate) pin: &'static [Wanted],
    /// The record that names it.
    pub(crate) record: &'static str,
}

impl Client {
    /// The packages of its ecosystem.
    pub(crate) fn packages(&self) -> &'static Packages {
        match self.ecosystem {
            Ecosystem::Npm => &Packages {
                tree: &[("express", "^4.21.0")],
                small: &[("@babel/code-frame", "^7.26.0"), ("left-pad", "^1.2.0")],
                name: "left-pad",
                refused: "1.3.0",
                instead: "1.2.0",
                range: &[("left-pad", "^1.2.0")],
                pin: &[("left-pad", "1.3.0")],
                record: "MAL-2026-0001",
            },
            Ecosystem::Pypi => &Packages {
                tree: &[("flask", ">=3.0,<4")],
                small: &[("itsdangerous", ">=2.1,<3"), ("six", ">=1.16,<1.18")],
                name: "six",
                refused: "1.17.0",
                instead: "1.16.0",
                range: &[("six", ">=1.16,<1.18")],
                pin: &[("six", "==1.17.0")],
                record: "MAL-2026-0002",
            },
        }
    }
}
