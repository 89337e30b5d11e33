//! `sekisho admin`: what the operator does to the database, beside a running server or without one.

mod apply;
mod backup;
mod bot;
mod confirm;
mod console;
mod doctor;
mod member;
mod org;
mod output;
mod person;
mod restore;
mod rules;
mod signing_keys;
mod token;
mod trust;
mod values;
mod who;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sekisho_server::config::Settings;
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
    /// Organisations: make, show, change, remove; what they block and allow for themselves
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
    /// Make organisations, members and bots what a file says
    Apply(apply::ApplyArguments),
    /// Copy the data while the server runs (SQLite)
    Backup(backup::BackupArguments),
    /// Have a new key sign the tokens of pipelines; those that are out stay valid
    RotateSigningKeys,
    /// Put a backup in the data's place (SQLite)
    Restore(restore::RestoreArguments),
    /// Look at everything that the server stands on, and say what to do
    Doctor(doctor::DoctorArguments),
    /// Print a code with which somebody makes an organisation in the console and becomes its owner
    FirstOwner,
    /// End somebody's sessions of the console
    SignOut(console::SignOutArguments),
    /// Who took a release, in all organisations and accounts
    Who(who::WhoArguments),
    /// Print what is held about a person
    ExportPerson(person::ExportArguments),
    /// Forget a person, and end every token of theirs
    ErasePerson(person::EraseArguments),
}

pub(crate) fn run(settings: &SettingsArguments, arguments: AdminArguments) -> anyhow::Result<ExitCode> {
    let (settings, _) = settings.load(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let settings = &settings;
        match arguments.command {
            AdminCommand::Org(command) => with(settings, async |o| org::run(o, command).await).await,
            AdminCommand::Member(command) => with(settings, async |o| member::run(o, command).await).await,
            AdminCommand::Bot(command) => with(settings, async |o| bot::run(o, settings, command).await).await,
            AdminCommand::Token(command) => with(settings, async |o| token::run(o, command).await).await,
            AdminCommand::Apply(arguments) => with(settings, async |o| apply::run(o, settings, arguments).await).await,
            AdminCommand::Backup(arguments) => {
                with(settings, async |o| backup::run(o, settings, arguments).await).await
            }
            AdminCommand::RotateSigningKeys => with(settings, async |o| signing_keys::rotate(o, settings).await).await,
            AdminCommand::Restore(arguments) => restore::run(settings, arguments).await,
            AdminCommand::ExportPerson(arguments) => with(settings, async |o| person::export(o, arguments).await).await,
            AdminCommand::ErasePerson(arguments) => with(settings, async |o| person::erase(o, arguments).await).await,
            AdminCommand::FirstOwner => with(settings, async |o| console::first_owner(o, settings).await).await,
            AdminCommand::SignOut(arguments) => with(settings, async |o| console::sign_out(o, arguments).await).await,
            AdminCommand::Who(arguments) => with(settings, async |o| who::run(o, arguments).await).await,
            AdminCommand::Doctor(arguments) => doctor::run(settings, &arguments).await,
        }
    })
}

/// Works on the database of these settings.
async fn with(
    settings: &Settings,
    work: impl AsyncFnOnce(&Operator) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let operator = Operator::open(settings).await?;
    let done = work(&operator).await;
    operator.close().await;
    done
}
