//! npm's wire format: bytes in, bytes out, no I/O.
//!
//! [`Packument::compile`] reads an upstream document once; [`Packument::hide`] takes the decision's refusals; the
//! `render_*` methods write what clients get. [`path::parse`] names what a request asks for.
//!
//! The canary ([`sekisho_core::policy::canary`]) is refused as a whole name, so it needs no document here.

mod address;
pub mod audit;
mod hidden;
mod packument;
pub mod path;
mod render;
mod scan;
pub mod search;
pub mod signed;

pub use hidden::{Hidden, MovedTag, Resolved};
pub use packument::{Contradiction, Packument, PackumentError, ReleaseRow, Tag};
pub use path::{NpmPath, NpmPathError, NpmRoute};
