//! `sekisho admin export-person` and `erase-person`: what is held about somebody.

use std::process::ExitCode;

use clap::Args;
use sekisho_server::operate::Operator;
use sekisho_server::operate::person::{Erased, Person};

use super::confirm::Confirm;
use crate::commands::print;

#[derive(Args)]
#[command(after_help = "\
Prints one JSON object a line: account, token (never a secret), login, message, console_session, identity,
console_language, code_attempt, membership, organisation_token, taken (a row of the ledger), rule, audit. The field `kind`
says which it is. The audit log of each organisation that holds something about the person notes the export.

Examples:
  sekisho admin export-person me@example.com > me.ndjson
  sekisho admin export-person acme:me@acme.example")]
pub(super) struct ExportArguments {
    /// An address, or <organisation>:<user identifier>
    #[arg(value_parser = Person::parse)]
    person: Person,
}

#[derive(Args)]
#[command(after_help = "\
Of an address: its tokens are revoked; the address, its logins, mails and roles go. Rows of the ledger keep the account's
id, which nothing links to the address any more.
Of <organisation>:<user identifier>: its tokens are revoked; a pseudonym takes its place in them and in the ledger.
In audit logs every row stays, with a pseudonym where the name stood. Backups keep what they have.

Examples:
  sekisho admin erase-person me@example.com --yes
  sekisho admin erase-person acme:me@acme.example --yes")]
pub(super) struct EraseArguments {
    /// An address, or <organisation>:<user identifier>
    #[arg(value_parser = Person::parse)]
    person: Person,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) async fn export(operator: &Operator, arguments: ExportArguments) -> anyhow::Result<ExitCode> {
    let count = operator.export_person(&arguments.person, &mut |value| print(&format!("{value}\n"))).await?;
    if count == 0 {
        eprintln!("Nothing is held about this person.");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn erase(operator: &Operator, arguments: EraseArguments) -> anyhow::Result<ExitCode> {
    if let Some(code) = arguments.confirm.refused("This forgets a person for good and ends every token of theirs") {
        return Ok(code);
    }
    match operator.erase_person(&arguments.person).await? {
        Erased::Address { pseudonym, notes, account, left_in } => {
            match account {
                Some(id) => eprintln!("The address is forgotten. Rows of the ledger keep the account's id {id}."),
                None => eprintln!("The address is forgotten; there was no account."),
            }
            if notes > 0 {
                eprintln!("{pseudonym} stands in its place in {notes} rows of audit logs.");
            }
            for org in left_in {
                eprintln!("{org:?} gave tokens to this address: `sekisho admin erase-person \"{org}:<address>\"`.");
            }
        }
        Erased::Identifier { pseudonym, tokens, notes, rows } => {
            eprintln!(
                "{pseudonym} stands in its place, in {tokens} tokens, {rows} rows of the ledger and {notes} of the audit log."
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
