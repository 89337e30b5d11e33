//! The organisations' API under `/o/{org_id}/guard/`. One endpoint per file.

pub mod installs;
