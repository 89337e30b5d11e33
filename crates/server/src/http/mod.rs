//! What every endpoint stands on: the address a request came under, who sent it from where, and the one error body.

pub mod client;
pub mod code;
pub(crate) mod form;
mod memory;
pub(crate) mod multipart;
pub mod negotiate;
mod object;
pub mod origin;
pub mod posted;
pub mod problem;
pub mod range;

pub use client::ClientNet;
pub use code::Code;
pub use object::Object;
pub use origin::{Origin, Origins, Site};
pub use posted::{BodyCaps, PostedBodies};
pub use problem::Problem;
