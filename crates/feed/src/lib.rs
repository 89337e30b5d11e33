//! Advisories in, blocklist out.
//!
//! Sources of OSV records (folders, files, zips, addresses of zips) are compiled into one
//! [`sekisho_core::blocklist::Blocklist`], which is kept in the data folder for the next start. The operator's own
//! entries come from a file of their own ([`policy_file`]).

mod compile;
mod download;
mod feed;
mod fetch;
mod files;
mod fingerprint;
mod osv;
pub mod policy_file;
mod range;
mod report;
mod snapshot;
mod source;
mod workers;
mod zips;

pub use compile::compile_records;
pub use feed::{Feed, FeedSettings, Refresh};
pub use fetch::{Body, Fetch, FetchError, FetchOutcome};
pub use files::Stamp;
pub use report::{FeedError, Report, SourceReport};
pub use snapshot::Snapshot;
pub use source::{Source, SourceError};
