//! What an advisory says about a package, already read from its source's format.

use crate::PackageName;

/// One advisory about one package. A record that names several packages becomes several of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// The record's id, printable ASCII: `MAL-2026-1234`.
    pub id: String,
    /// The package it is about.
    pub name: PackageName,
    /// Which versions it hits.
    pub hits: Vec<Hit>,
}

/// One way in which an advisory hits versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// Every version there is or will be.
    Every,
    /// Exactly this version, in every spelling that clients take for it (byte equality where none would).
    Exactly(String),
    /// The versions between two events of an OSV range, by the ecosystem's order.
    Between {
        /// The first version that is hit; `None` is OSV's `introduced: "0"`, below everything.
        from: Option<String>,
        /// Where it ends.
        until: Until,
    },
}

/// The end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// No end is known.
    Forever,
    /// OSV's `fixed`: this version is not hit any more.
    Before(String),
    /// OSV's `last_affected`: this version is the last one that is hit.
    Through(String),
}
