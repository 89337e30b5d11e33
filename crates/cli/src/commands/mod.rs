//! One file per command.

pub mod config;
pub mod mailbox;
pub mod serve;
