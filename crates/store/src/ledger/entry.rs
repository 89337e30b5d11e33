//! What is written down, and the proof that it was.

use std::borrow::Cow;

use sekisho_core::id::EntryId;
use sekisho_core::policy::Refusal;
use sekisho_core::{Ecosystem, Timestamp};

use super::who::Who;
use crate::error::StoreError;

/// A request for an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it came.
    pub at: Timestamp,
    /// Which ecosystem's front it came to.
    pub ecosystem: Ecosystem,
    /// The package's name in its normal form.
    pub name: String,
    /// The release's version; empty if the whole name was refused.
    pub version: String,
    /// The file's name.
    pub file: String,
    /// What it is answered with.
    pub outcome: Outcome,
    /// Who asked.
    pub taker: Taker,
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The artifact, or the way to it.
    Answered,
    /// A refusal.
    Refused(Refusal),
}

/// Who asked for an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taker {
    /// Nobody known: a number is raised, nothing is kept about the person.
    Anonymous,
    /// The owner of a token.
    Token(Trace),
}

/// What is kept about a request with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The row's id.
    pub id: EntryId,
    /// Whose request it was.
    pub who: Who,
    /// The client's name, `pip`; empty if it gave none.
    pub client_name: String,
    /// The client's version; empty if it gave none.
    pub client_version: String,
    /// The client's address: its IPv4, or its IPv6 /64.
    pub address: String,
}

/// The proof that an entry is on disk. Only the ledger makes it, after the commit was synced; an artifact's answer needs
/// one whose outcome is [`Outcome::Answered`].
#[derive(Debug)]
#[must_use = "the proof is what allows an answer"]
pub struct Recorded {
    entry: Entry,
}

impl Recorded {
    /// Called by the writer, after its commit.
    pub(super) fn after_commit(entry: Entry) -> Recorded {
        Recorded { entry }
    }

    /// What was written down.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The entry says that the artifact is answered with, not refused.
    pub fn is_answered(&self) -> bool {
        self.entry.outcome == Outcome::Answered
    }
}

/// Longest text of a column, in bytes. Names, versions and files of real packages are far shorter; PostgreSQL's indexes
/// take 2,700 bytes a row, and one text of a stranger's must not fail a whole group.
const LONGEST: usize = 500;

/// The text, cut where a column's room ends.
pub(super) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

impl Outcome {
    /// The stored text of the kind of outcome.
    pub fn as_str(&self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Refused(_) => "refused",
        }
    }

    pub(super) fn reason(&self) -> &'static str {
        match self {
            Outcome::Answered => "",
            Outcome::Refused(refusal) => refusal.reason.as_str(),
        }
    }

    /// The advisories as a JSON list; nothing for none, which is what almost every row holds.
    pub(super) fn advisories(&self) -> Result<Cow<'static, str>, StoreError> {
        match self {
            Outcome::Refused(refusal) if !refusal.advisories.is_empty() => {
                let text = serde_json::to_string(&refusal.advisories);
                text.map(Cow::Owned).map_err(|_| StoreError::unreadable("list of advisories"))
            }
            _ => Ok(Cow::Borrowed("")),
        }
    }
}

/// Reads what [`Outcome::advisories`] wrote.
pub(super) fn read_advisories(text: &str) -> Result<Vec<String>, StoreError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|_| StoreError::unreadable("list of advisories"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("left-pad"), "left-pad");
        assert_eq!(cut(&"é".repeat(300)).len(), 500);
        assert_eq!(cut(&"語".repeat(300)).len(), 498);
    }
}
