//! What runs beside the requests. Nothing here stands in a request's way; what fails is said in the log and tried again.

pub mod advisories;
pub mod discovery;
pub mod housekeeping;
pub mod install_days;
pub mod outbox;
pub mod own_entries;
pub mod retention;
pub mod revocations;
pub mod token_ends;
