//! The console: who may open which page, what its forms do, and what a hostile text does not do.

mod audit;
mod bots;
mod everything;
mod full;
mod home;
mod installs;
mod me;
mod members;
mod overview;
mod provider;
mod settings;
mod sign_in;
pub(crate) mod support;
mod tokens;
mod why;
