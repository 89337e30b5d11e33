//! The simple repository API of Python's package indexes: bytes in, bytes out, no I/O.
//!
//! What is read and written: PEP 503 (HTML), 592 (yanked), 629 (repository version), 658 and 714 (core metadata),
//! 691 (JSON), 700 (versions, size, upload time), 740 (provenance) and 792 (project status); API version 1.4. PEP 708
//! (tracks, alternate locations) is left out on purpose: it tells a client to merge other indexes into this one, and
//! those would not have been checked.

pub mod accept;
pub mod canary;
pub mod filename;
pub mod path;
pub mod project;
mod read;
mod refused;
mod render;
pub mod root;

pub use accept::{Answer, Form, NotAcceptable, negotiate};
pub use filename::Candidate;
pub use path::{PathError, PypiPath, PypiRoute};
pub use project::{Contradiction, CoreMetadata, File, Hash, Kind, Project, ProjectError, State, Status, Yanked};
pub use refused::Refused;

/// The version of the simple repository API that rendered pages state (PEP 629).
pub const API_VERSION: &str = "1.4";
