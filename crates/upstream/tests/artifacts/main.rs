//! Files that are passed on and kept: checked, bounded, downloaded once, and whole after whatever happened.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod arriving;
mod bucket;
mod checked;
#[path = "../common/mod.rs"]
mod common;
mod kept;
mod world;
