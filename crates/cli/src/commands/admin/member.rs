//! `sekisho admin member`: who may do what in an organisation.

use std::process::ExitCode;

use clap::Subcommand;
use sekisho_core::email::EmailAddress;
use sekisho_core::org::Role;
use sekisho_server::operate::Operator;
use sekisho_server::operate::members::MemberShown;

use super::confirm::Confirm;
use super::output::{self, Json};
use super::values;

#[derive(Subcommand)]
pub(super) enum MemberCommand {
    /// Add a member
    #[command(after_help = "Example:\n  sekisho admin member add acme me@acme.example --role guard_manager")]
    Add {
        /// The organisation's id or name
        org: String,
        /// The member's address
        #[arg(value_parser = values::email)]
        address: EmailAddress,
        /// What the member may do
        #[arg(long, value_parser = values::role())]
        role: Role,
    },
    /// List the members
    #[command(after_help = "Example:\n  sekisho admin member list acme")]
    List {
        /// The organisation's id or name
        org: String,
        #[command(flatten)]
        json: Json,
    },
    /// Give a member another role; the last owner stays one
    #[command(after_help = "Example:\n  sekisho admin member role acme me@acme.example owner")]
    Role {
        /// The organisation's id or name
        org: String,
        /// The member's address
        #[arg(value_parser = values::email)]
        address: EmailAddress,
        /// What the member may do
        #[arg(value_parser = values::role())]
        role: Role,
    },
    /// Remove a member; the last owner stays
    #[command(after_help = "Example:\n  sekisho admin member remove acme me@acme.example --yes")]
    Remove {
        /// The organisation's id or name
        org: String,
        /// The member's address
        #[arg(value_parser = values::email)]
        address: EmailAddress,
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(super) async fn run(operator: &Operator, command: MemberCommand) -> anyhow::Result<ExitCode> {
    match command {
        MemberCommand::Add { org, address, role } => {
            let added = operator.add_member(&org, &address, role).await?;
            eprintln!("{address} {} {role}.", if added { "is now" } else { "was already" });
        }
        MemberCommand::List { org, json } => {
            let members = operator.members(&org).await?;
            if json.json {
                output::json(&members)?;
            } else {
                table(&members);
            }
        }
        MemberCommand::Role { org, address, role } => {
            let changed = operator.set_member_role(&org, &address, role).await?;
            eprintln!("{address} {} {role}.", if changed { "is now" } else { "was already" });
        }
        MemberCommand::Remove { org, address, confirm } => {
            if let Some(code) = confirm.refused(&format!("This takes {address} out of the organisation {org:?}")) {
                return Ok(code);
            }
            operator.remove_member(&org, &address).await?;
            eprintln!(
                "{address} is no member any more. Tokens that were issued to this address, if any, still count: \
                 `sekisho admin token revoke {org:?} --identifier {address}` ends them."
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn table(members: &[MemberShown]) {
    let rows: Vec<_> = members.iter().map(|m| [m.email.clone(), m.role.to_owned(), m.created_at.clone()]).collect();
    output::table(["MEMBER", "ROLE", "SINCE"], &rows, "No members; `sekisho admin member add` adds one.");
}
