//! What an advisory says about a package, already read from its source's format.

use std::fmt;

use crate::{PackageName, Timestamp};

/// One advisory about one package. A record that names several packages becomes several of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// The record's id, printable ASCII: `MAL-2026-1234`.
    pub id: String,
    /// The package it is about.
    pub name: PackageName,
    /// Since when the record is there, by its source. It decides nothing.
    pub since: Option<Timestamp>,
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

impl fmt::Display for Hit {
    /// As people write it: `every version`, `1.2.3`, `>= 1.0.0, < 1.2.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = match self {
            Hit::Every => return f.write_str("every version"),
            Hit::Exactly(text) => return f.write_str(text),
            Hit::Between { from, until } => (from, until),
        };
        if let Some(from) = from {
            write!(f, ">= {from}")?;
        }
        let comma = if from.is_some() { ", " } else { "" };
        match until {
            Until::Forever => Ok(()),
            Until::Before(end) => write!(f, "{comma}< {end}"),
            Until::Through(end) => write!(f, "{comma}<= {end}"),
        }
    }
}
