//! The domain: what a package, a version, a token and a verdict are, and the one function that decides.
//!
//! No I/O, no clock and no randomness of its own: time and chance are passed in (see [`clock`]).

pub mod advisory;
pub mod base;
pub mod blocklist;
pub mod browser;
pub mod clock;
pub mod code;
pub mod ecosystem;
pub mod email;
pub mod id;
pub mod language;
pub mod login;
pub mod name;
pub mod org;
pub mod outgoing;
pub mod policy;
pub mod purl;
pub mod secret;
pub mod token;
pub mod version;

pub use clock::{Clock, Random, Timestamp};
pub use ecosystem::Ecosystem;
pub use language::Language;
pub use name::PackageName;
pub use purl::{PackageUrl, Release};
pub use version::Version;
