//! Configuration: one TOML file, environment and flags over it, every key checked before anything starts.
//!
//! [`keys::KEYS`] documents every key; [`load`] merges the layers and names file and key in every message.

mod forms;
pub mod keys;
pub mod load;
mod provider;
mod secrets;
mod settings;
#[cfg(test)]
mod tests;
mod upstreams;
mod words;

pub use load::{ConfigError, Layers, SetBy, load};
pub use provider::{Grant, Provider};
pub use secrets::Secret;
pub use settings::*;
pub use upstreams::*;
