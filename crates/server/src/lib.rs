//! Everything that speaks HTTP to callers, and the background jobs. The tree mirrors the URLs; one endpoint per file.

pub mod admin;
pub mod agent;
pub mod ambient;
pub mod api;
pub mod app;
pub mod assemble;
pub mod audience;
pub mod authority;
pub mod boot;
pub mod callers;
pub mod config;
#[allow(dead_code, reason = "its pages follow")]
pub mod console;
pub mod exchange;
pub mod explain;
mod feed_fetch;
pub mod feed_health;
pub mod folder_lock;
pub mod gate;
pub mod handle;
pub mod http;
pub mod jobs;
mod last_use;
pub mod limits;
pub mod login;
pub mod mail;
pub mod metrics;
pub mod operate;
pub mod osv;
pub mod pipelines;
pub mod record;
pub mod refusal;
pub mod registry;
mod row_ids;
pub mod serve;
pub mod sources;
