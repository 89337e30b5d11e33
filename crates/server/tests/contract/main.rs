//! The HTTP contract, line by line. One file per section; refusals and mails are compared whole.
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod addresses;
mod artifacts;
mod asides;
mod audit;
mod bad_input;
mod boot;
mod compression;
mod console;
mod credentials;
mod database_down;
mod decision;
mod exchange;
mod explain;
mod gate;
mod hostile_upstream;
mod leaks;
mod limits;
mod login;
mod login_pages;
mod npm;
mod openapi;
mod operator;
mod orgs;
mod osv;
mod private;
mod pypi;
mod recovery;
mod refusals;
mod registration;
mod sending;
mod serving_paths;
mod support;
mod survival;
mod usage;
mod wire;
