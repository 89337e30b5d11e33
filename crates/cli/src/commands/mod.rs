//! One file per command.

pub(crate) mod admin;
pub(crate) mod config;
pub(crate) mod mailbox;
pub(crate) mod serve;

/// Prints. Whoever reads it may stop early (`sekisho config keys | head`), and that is no error of ours.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
