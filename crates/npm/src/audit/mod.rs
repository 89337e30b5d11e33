//! npm's audit: what clients ask, what registries answer, and the two forms in which the answer goes back.
//!
//! [`Query::parse`] reads npm's bulk request and [`Tree::parse`] the request of older clients, which sends the whole
//! tree of dependencies. Both ask for the same: names and versions. [`Advisories`] come from [`read_answer`] or are made
//! here, and [`render_bulk`] or [`render_report`] writes them.

mod advisory;
mod query;
mod range;
mod reading;
mod report;
mod tree;

pub use advisory::{Advisories, Advisory, read_answer, render_bulk};
pub use query::Query;
pub use report::render_report;
pub use tree::Tree;

/// Most names in one request. The largest monorepos have some thousands.
pub const MAX_NAMES: usize = 20_000;
/// Most versions in one request, all names together.
pub const MAX_VERSIONS: usize = 40_000;
/// Most dependencies in one tree, wherever they are in it: five for each name.
pub const MAX_NODES: usize = 100_000;
/// Longest version that is looked at: npm's own limit.
const MAX_VERSION: usize = 256;

/// Why an audit's body can't be read. The text is ours alone and may be shown to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Not JSON, or of another shape.
    #[error("not what npm's audit sends or answers (line {line}, column {column})")]
    Shape {
        /// Where, counted from one.
        line: usize,
        /// Where, counted from one.
        column: usize,
    },
    /// More names than anybody has.
    #[error("more than {MAX_NAMES} package names")]
    Names,
    /// More versions than anybody has.
    #[error("more than {MAX_VERSIONS} versions")]
    Versions,
    /// A larger tree than anybody has.
    #[error("more than {MAX_NODES} dependencies in the tree")]
    Nodes,
}

impl From<serde_json::Error> for AuditError {
    fn from(error: serde_json::Error) -> AuditError {
        AuditError::Shape { line: error.line(), column: error.column() }
    }
}
