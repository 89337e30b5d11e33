//! `sekisho admin first-owner` and `sekisho admin sign-out`: the console's people.

use std::process::ExitCode;

use clap::Args;
use sekisho_core::email::EmailAddress;
use sekisho_server::config::Settings;
use sekisho_server::operate::Operator;

use super::values;

#[derive(Args)]
#[command(after_help = "\
Examples:
  sekisho admin sign-out someone@example.com
  sekisho admin sign-out someone@example.com --forget-identity")]
pub(super) struct SignOutArguments {
    /// Whose sessions end
    #[arg(value_parser = values::email)]
    address: EmailAddress,
    /// Also forget who this is at the identity provider, so that a new person with the same address can sign in
    #[arg(long)]
    forget_identity: bool,
}

pub(super) async fn first_owner(operator: &Operator, settings: &Settings) -> anyhow::Result<ExitCode> {
    let shown = operator.owner_code(settings).await?;
    println!("{}", shown.code);
    eprintln!("Type it at {} to make an organisation. It counts once, until {}.", shown.page, shown.until);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn sign_out(operator: &Operator, arguments: SignOutArguments) -> anyhow::Result<ExitCode> {
    let ended = operator.sign_out(&arguments.address, arguments.forget_identity).await?;
    let sessions = if ended == 1 { "session" } else { "sessions" };
    eprintln!("{ended} {sessions} of {} ended.", arguments.address);
    Ok(ExitCode::SUCCESS)
}
