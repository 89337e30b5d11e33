//! `sekisho admin`: the built program on both engines.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod apply;
mod backup;
mod bots;
mod console;
mod doctor;
mod fixtures;
mod follow;
mod orgs;
mod person;
mod restored;
mod rules;
mod server;
mod support;
mod tokens;
mod trust;
mod who;
