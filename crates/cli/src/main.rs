//! The `sekisho` program: argument parsing and wiring, one file per command.

mod arguments;
mod commands;

use std::process::ExitCode;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::read(&std::env::args_os().collect::<Vec<_>>());
    let done = match arguments.command {
        Command::Serve(serve) => commands::serve::run(&arguments.settings, &serve),
        Command::Config(config) => commands::config::run(&arguments.settings, &config),
        Command::Admin(admin) => commands::admin::run(&arguments.settings, admin),
        Command::Mailbox(mailbox) => commands::mailbox::run(&arguments.settings, &mailbox),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sekisho: {error:#}");
            ExitCode::FAILURE
        }
    }
}
