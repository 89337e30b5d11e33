//! End to end: the built program with real package managers in front of the real registries, a real mail server, and
//! `kill -9`. `make e2e` starts what they need.
//!
//! Nothing here names a registry: the tests ask the package managers, as the program itself does.

mod artifacts;
mod big;
mod blocked;
mod discovery;
mod durability;
mod exports;
mod first_minutes;
mod install;
mod keys;
mod login;
mod mail;
mod nodes;
mod nodes_jobs;
mod pipelines;
mod rings;
mod rollout;
mod support;
