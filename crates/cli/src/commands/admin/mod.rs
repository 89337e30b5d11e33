//! `sekisho admin`: what the operator does to the database, beside a running server or without one.

mod bot;
mod confirm;
mod member;
mod org;
mod output;
mod token;
mod values;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sekisho_server::operate::Operator;

use crate::arguments::SettingsArguments;

#[derive(Args)]
#[command(after_help = "\
Data goes to standard output and everything else to standard error, so that commands can be piped. Where something is
named, its id or its name will do. The commands work beside a running server, which follows within a second.

Exit codes: 0 it is done, 1 it was not done, 2 the command was wrong.")]
pub(crate) struct AdminArguments {
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Organisations: make, show, change, remove
    #[command(subcommand)]
    Org(org::OrgCommand),
    /// Members of an organisation and their roles
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Bots of an organisation and their keys
    #[command(subcommand)]
    Bot(bot::BotCommand),
    /// Tokens that an organisation gave to people and machines
    #[command(subcommand)]
    Token(token::TokenCommand),
}

pub(crate) fn run(settings: &SettingsArguments, arguments: AdminArguments) -> anyhow::Result<ExitCode> {
    let (settings, _) = settings.load(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let operator = Operator::open(&settings).await?;
        let done = match arguments.command {
            AdminCommand::Org(command) => org::run(&operator, command).await,
            AdminCommand::Member(command) => member::run(&operator, command).await,
            AdminCommand::Bot(command) => bot::run(&operator, command).await,
            AdminCommand::Token(command) => token::run(&operator, command).await,
        };
        operator.close().await;
        done
    })
}
