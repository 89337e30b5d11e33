//! What can be wrong with a question to the log: which parameter, and what was expected of it.

use super::query::KNOWN;
use crate::http::{Code, Problem};

/// Why a query can't be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A parameter that nothing here is called.
    Unknown,
    /// One that stands there twice.
    Twice(&'static str),
    /// Neither npm nor pypi.
    Ecosystem,
    /// The package URL is of another ecosystem.
    OtherEcosystem,
    /// A name without an ecosystem.
    NoEcosystem,
    /// No name of a package.
    Package,
    /// No package URL.
    PackageUrl,
    /// A version beside a package URL that has one.
    TwoVersions,
    /// A version or a range of no package.
    NoPackage,
    /// A version and a range.
    VersionAndRange,
    /// No range.
    Range,
    /// No beginning of an identifier.
    Prefix,
    /// No bot's id.
    Bot,
    /// Neither answered nor refused.
    Outcome,
    /// No moment.
    Moment(&'static str),
    /// Empty, too long, or with control characters.
    Length(&'static str),
    /// No number of rows.
    Limit,
    /// Not the cursor of a page.
    Cursor,
    /// Something about pages, where everything is given out.
    Pages,
}

impl Wrong {
    /// The parameter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Wrong::Unknown => "",
            Wrong::Twice(name) | Wrong::Moment(name) | Wrong::Length(name) => name,
            Wrong::Ecosystem | Wrong::OtherEcosystem => "ecosystem",
            Wrong::NoEcosystem | Wrong::Package | Wrong::PackageUrl => "package",
            Wrong::TwoVersions => "version",
            Wrong::NoPackage | Wrong::VersionAndRange => "version and range",
            Wrong::Range => "range",
            Wrong::Prefix => "user_identifier_prefix",
            Wrong::Bot => "bot_id",
            Wrong::Outcome => "outcome",
            Wrong::Limit => "limit",
            Wrong::Cursor => "cursor",
            Wrong::Pages => "limit and cursor",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Wrong::Unknown => "is not known",
            Wrong::Twice(_) => "was sent twice",
            Wrong::Ecosystem => "has to be npm or pypi",
            Wrong::OtherEcosystem => "is not that of the package URL",
            Wrong::NoEcosystem => "needs ecosystem beside it, or is a package URL",
            Wrong::Package => "is no name of a package",
            Wrong::PackageUrl => "is no package URL like pkg:npm/name@1.2.3",
            Wrong::TwoVersions => "was sent twice: the package URL has one too",
            Wrong::NoPackage => "need a package",
            Wrong::VersionAndRange => "exclude each other",
            Wrong::Range => {
                "can't be read: comparisons like \">=1.0.0 <2\" or \">=1,<2\", npm's ^ ~ x and ||, Python's ~= and ==1.*"
            }
            Wrong::Prefix => "may have at most 255 characters out of A-Z, a-z, 0-9 and . _ @ + -",
            Wrong::Bot => "is no id of a bot like BT01...",
            Wrong::Outcome => "has to be answered or refused",
            Wrong::Moment(_) => "is no moment like 2026-11-23T09:00:00Z",
            Wrong::Length(_) => "has to have 1 to 500 bytes and no control characters",
            Wrong::Limit => "has to be a number from 1 to 1000",
            Wrong::Cursor => "is not one that next_cursor gave",
            Wrong::Pages => "belong to pages of JSON; an export has everything",
        }
    }
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Problem {
        // What is not known is a stranger's word: it is not said again.
        let detail = match wrong {
            Wrong::Unknown => {
                format!("The query has a parameter that is not known here. Known are: {}.", KNOWN.join(", "))
            }
            wrong => format!("The query's {} {}.", wrong.name(), wrong.words()),
        };
        Problem::new(Code::InvalidRequest, detail)
    }
}
