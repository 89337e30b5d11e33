//! The only outgoing HTTP client for registries: where the upstreams are, how they are asked, what is kept.
//!
//! An upstream is hostile until shown otherwise: sizes are capped, addresses guarded, waits bounded, and every way in
//! which an answer can be wrong is a [`FetchError`].

pub mod artifacts;
pub mod cache;
pub mod client;
pub mod credentials;
pub mod discovery;
pub mod error;
pub mod guard;
pub mod metrics;
pub mod routes;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;

pub use artifacts::{ArtifactConfig, Artifacts, Wanted};
pub use cache::{CacheConfig, CacheParts, Document, Entry, Folder, MetadataCache, RawDocument, Shelved};
pub use client::{Caps, Client, ClientConfig, Download, Fetched, FetchedBody, Head, Hops, Streamed, Validators};
pub use credentials::Credentials;
pub use discovery::{Discovered, Discovery, Machine};
pub use error::{FetchError, Unavailable};
pub use metrics::Counters;
pub use routes::{Pattern, Private, Routes};
pub use source::{SourceState, Upstream};
