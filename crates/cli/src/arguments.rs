//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use sekisho_server::config::{self, Layers, Settings};

use crate::commands::admin::AdminArguments;

/// A checkpoint between package managers and the npm and PyPI registries.
#[derive(Parser)]
#[command(version, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// Reads the command line; ends the program if it is wrong, or asks for help.
    pub(crate) fn read(words: &[OsString]) -> Arguments {
        let mut arguments = Arguments::parse_from(words);
        arguments.settings.set = every_set(words);
        arguments
    }
}

/// The values of every `--set`: of those before a command's name clap keeps none if there is one behind it. Clap has read
/// the words before, so behind each `--set` there is a value.
fn every_set(words: &[OsString]) -> Vec<String> {
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    let mut values = Vec::new();
    while let Some(word) = words.next() {
        match word.strip_prefix("--set=") {
            Some(value) => values.push(value.to_owned()),
            None if word == "--set" => values.extend(words.next().map(str::to_owned)),
            None => {}
        }
    }
    values
}

/// Where the settings come from; the same for every command.
#[derive(Args)]
pub(crate) struct SettingsArguments {
    /// Configuration file [default: sekisho.toml in the working directory, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "SEKISHO_CONFIG")]
    config: Option<PathBuf>,
    /// Folder for everything that the server keeps [default: sekisho-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Set one configuration key, such as --set limits.hold_seconds=2; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start the server
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArguments),
    /// Check and explain the configuration
    Config(ConfigArguments),
    /// Manage organisations, members, bots and tokens
    Admin(AdminArguments),
    /// Read the mails that the server wrote into its data folder
    Mailbox(MailboxArguments),
}

const SERVE_EXAMPLES: &str = "\
Examples:
  sekisho serve
  sekisho serve --listen 0.0.0.0:8417 --set public_urls=http://gate.example:8417
  sekisho serve --config /etc/sekisho.toml --data /var/lib/sekisho
  SEKISHO_FEED_SOURCES=/srv/advisories sekisho serve";

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// Address and port for package managers and the API [default: 127.0.0.1:8417]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

#[derive(Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration and say what it means; exits with 1 if it can't be used
    #[command(after_help = "Examples:\n  sekisho config check\n  sekisho --config /etc/sekisho.toml config check")]
    Check,
    /// List every key with its environment variable, default and meaning
    Keys {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct MailboxArguments {
    #[command(subcommand)]
    pub(crate) command: MailboxCommand,
}

#[derive(Subcommand)]
pub(crate) enum MailboxCommand {
    /// List the mails, oldest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one mail as readable text
    #[command(after_help = "Examples:\n  sekisho mailbox show\n  sekisho mailbox show 20261123T090000000Z-7f3a")]
    Show {
        /// The mail's id as `sekisho mailbox list` shows it
        #[arg(default_value = "last")]
        id: String,
    },
}

impl SettingsArguments {
    /// Reads the settings from all their layers.
    pub(crate) fn load(&self, serve: Option<&ServeArguments>) -> anyhow::Result<(Settings, config::SetBy)> {
        let mut flags = Vec::new();
        for pair in &self.set {
            let (key, value) = pair.split_once('=').with_context(|| format!("--set {pair}: expected KEY=VALUE"))?;
            flags.push((key.trim().to_owned(), value.to_owned()));
        }
        if let Some(data) = &self.data {
            flags.push(("data_dir".to_owned(), data.display().to_string()));
        }
        if let Some(listen) = serve.and_then(|s| s.listen.clone()) {
            flags.push(("listen".to_owned(), listen));
        }
        let default = PathBuf::from("sekisho.toml");
        let file = self.config.clone().or_else(|| default.exists().then_some(default));
        let environment = std::env::vars()
            .filter(|(name, _)| name.starts_with("SEKISHO_") && !NOT_SETTINGS.contains(&name.as_str()))
            .collect();
        Ok(config::load(&Layers { file, environment, flags })?)
    }
}

/// Variables with our prefix that are no settings: the file's own name, what users keep their key in, and the tests'.
const NOT_SETTINGS: [&str; 3] = ["SEKISHO_CONFIG", "SEKISHO_TOKEN", "SEKISHO_TEST_POSTGRES"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_before_and_behind_a_command_all_count_in_their_order() {
        for (line, expected) in [
            ("sekisho --set a=1 serve --set b=2", &["a=1", "b=2"][..]),
            ("sekisho --set=a=1 admin --set b=2 org --set=c=3 list", &["a=1", "b=2", "c=3"]),
            ("sekisho --set a=1 serve", &["a=1"]),
            ("sekisho serve", &[]),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(Arguments::read(&words).settings.set, expected, "{line}");
        }
    }
}
