//! Asks before something is destroyed.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;

#[derive(Args)]
pub(super) struct Confirm {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Confirm {
    /// The exit code to end with, if it is not to be done. Where nobody can be asked, that is wrong usage.
    pub(super) fn refused(&self, what: &str) -> Option<ExitCode> {
        if self.yes {
            return None;
        }
        if !io::stdin().is_terminal() {
            eprintln!("sekisho: {what}: say --yes, because there is no terminal here to ask at");
            return Some(ExitCode::from(2));
        }
        eprint!("{what}. Go on? [y/N] ");
        let mut answer = String::new();
        let _ = io::stderr().flush();
        match io::stdin().read_line(&mut answer) {
            Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => None,
            _ => {
                eprintln!("Nothing was changed.");
                Some(ExitCode::FAILURE)
            }
        }
    }
}
