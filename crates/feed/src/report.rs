//! What a compilation has to say, and how it fails.

use serde::{Deserialize, Serialize};

/// What was compiled, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Records in the blocklist: pairs of a record and a package that it blocks.
    pub records: u64,
    /// Names in the blocklist.
    pub names: u64,
    /// Left out because they are withdrawn.
    pub withdrawn: u64,
    /// Left out because neither id nor alias has a prefix that blocks.
    pub not_blocking: u64,
    /// Packages left out because their ecosystem is none of ours.
    pub other_ecosystems: u64,
    /// Packages left out because their name can't exist in their ecosystem.
    pub invalid_names: u64,
    /// What each source held, in the order of the settings.
    pub sources: Vec<SourceReport>,
    /// What an operator should know, in words; at most twenty.
    pub notes: Vec<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// One source's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReport {
    /// The source as messages name it.
    pub source: String,
    /// How many OSV records it held, blocking or not.
    pub read: u64,
}

/// How many notes are kept: a feed can be wrong a hundred thousand times in the same way.
const MAX_NOTES: usize = 20;

impl Report {
    /// How many records and packages were left out.
    pub fn skipped(&self) -> u64 {
        self.withdrawn + self.not_blocking + self.other_ecosystems + self.invalid_names
    }

    pub(crate) fn note(&mut self, note: impl FnOnce() -> String) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note());
        }
    }

    /// Adds another part's counts.
    pub(crate) fn absorb(&mut self, part: Report) {
        self.withdrawn += part.withdrawn;
        self.not_blocking += part.not_blocking;
        self.other_ecosystems += part.other_ecosystems;
        self.invalid_names += part.invalid_names;
        self.sources.extend(part.sources);
        part.notes.into_iter().for_each(|text| self.note(|| text));
    }
}

/// Why nothing new was compiled. The messages are for the operator: they name the source and the entry.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// A source can't be read at all.
    #[error("{from}: {problem}")]
    Source {
        /// The source.
        from: String,
        /// What is wrong.
        problem: String,
    },
    /// A record can't be read: one that is skipped might be the one that matters.
    #[error("{from}: {entry}: {problem}")]
    Record {
        /// The source.
        from: String,
        /// The file or the zip's entry, made printable.
        entry: String,
        /// What is wrong.
        problem: String,
    },
    /// A source is empty: a wrong folder or a broken copy, far sooner than the end of all malware.
    #[error(
        "{from}: it holds no record ({before} before); name the place of the OSV files, or take it out of feed.sources"
    )]
    Empty {
        /// The source.
        from: String,
        /// How many there were at the last load; 0 if there was none.
        before: u64,
    },
    /// The feed's own folder can't be used.
    #[error("the feed's folder: {0}")]
    Folder(#[from] std::io::Error),
}

impl FeedError {
    /// The source that failed, as messages name it; `None`: it is no source's fault.
    pub fn source_name(&self) -> Option<&str> {
        match self {
            FeedError::Source { from, .. } | FeedError::Record { from, .. } | FeedError::Empty { from, .. } => {
                Some(from)
            }
            FeedError::Folder(_) => None,
        }
    }
}

/// A problem inside a source, before it is known which source that is.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) entry: Option<String>,
    pub(crate) what: String,
}

impl Problem {
    pub(crate) fn whole(what: impl ToString) -> Problem {
        Problem { entry: None, what: printable(&what.to_string()) }
    }

    pub(crate) fn at(entry: &str, what: impl ToString) -> Problem {
        Problem { entry: Some(printable(entry)), what: printable(&what.to_string()) }
    }

    pub(crate) fn of(self, source: &crate::Source) -> FeedError {
        let from = source.to_string();
        match self.entry {
            Some(entry) => FeedError::Record { from, entry, problem: self.what },
            None => FeedError::Source { from, problem: self.what },
        }
    }
}

/// Text that a stranger wrote, made fit for a log: no control characters, and not long.
pub(crate) fn printable(text: &str) -> String {
    const MAX: usize = 200;
    let shown: String = text.chars().take(MAX).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(MAX).is_some() { shown + "…" } else { shown }
}
