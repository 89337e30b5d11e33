//! `sekisho admin org`: organisations.

use std::process::ExitCode;

use clap::Subcommand;
use sekisho_core::email::EmailAddress;
use sekisho_server::operate::Operator;
use sekisho_server::operate::lifetimes;
use sekisho_server::operate::orgs::{OrgEdit, OrgShown};

use super::confirm::Confirm;
use super::output::{self, Json};
use super::rules::{self, RulesCommand};
use super::values::{self, Maybe};
use super::{bot, member};
use crate::commands::print;

#[derive(Subcommand)]
pub(super) enum OrgCommand {
    /// Make an organisation, with Guard enabled; prints its id
    #[command(after_help = "Examples:\n  sekisho admin org create acme --owner you@acme.example\n  \
                            org=$(sekisho admin org create acme)")]
    Create {
        /// What it is called
        #[arg(value_parser = values::name)]
        name: String,
        /// Its first owner
        #[arg(long, value_name = "ADDRESS", value_parser = values::email)]
        owner: Option<EmailAddress>,
        /// Leave Guard disabled: its tokens and its API do not work until `enable-guard`
        #[arg(long)]
        disabled: bool,
        #[command(flatten)]
        json: Json,
    },
    /// List the organisations
    #[command(after_help = "Examples:\n  sekisho admin org list\n  sekisho admin org list --json | jq -r '.[].id'")]
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Show one organisation with its members and bots
    #[command(after_help = "Example:\n  sekisho admin org show acme")]
    Show {
        /// Its id or name
        org: String,
        #[command(flatten)]
        json: Json,
    },
    /// Let its tokens and its API work
    #[command(after_help = "Example:\n  sekisho admin org enable-guard acme")]
    EnableGuard {
        /// Its id or name
        org: String,
    },
    /// Let its tokens answer 401 and its API 403, until it is enabled again
    #[command(after_help = "Example:\n  sekisho admin org disable-guard acme")]
    DisableGuard {
        /// Its id or name
        org: String,
    },
    /// Change its name, the longest life of its tokens, or how long its install log is kept
    #[command(after_help = "Examples:\n  sekisho admin org set acme --name acme-inc\n  \
                      sekisho admin org set acme --max-token-lifetime 90d --retention 200d\n  \
                      sekisho admin org set acme --max-token-lifetime none --retention default")]
    Set(SetOrg),
    /// What it blocks, allows and warns of for its own people and pipelines
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Remove it, its members and bots, and revoke its tokens; what the logs say of it stays
    #[command(after_help = "Example:\n  sekisho admin org remove acme --yes")]
    Remove {
        /// Its id or name
        org: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct SetValues {
    /// Another name
    #[arg(long, value_parser = values::name)]
    name: Option<String>,
    /// The longest life of a token that is issued from now on, such as 90d or 12h; none: for ever
    #[arg(long, value_name = "TIME", value_parser = values::lifetime)]
    max_token_lifetime: Option<Maybe>,
    /// How many days the install log is kept, such as 400d; default: what the server's settings say
    #[arg(long, value_name = "DAYS", value_parser = values::retention)]
    retention: Option<Maybe>,
}

#[derive(clap::Args)]
pub(super) struct SetOrg {
    /// Its id or name
    org: String,
    #[command(flatten)]
    values: SetValues,
}

pub(super) async fn run(operator: &Operator, command: OrgCommand) -> anyhow::Result<ExitCode> {
    match command {
        OrgCommand::Create { name, owner, disabled, json } => {
            let made = operator.create_org(&name, !disabled, owner.as_ref()).await?;
            if json.json {
                output::json(&made)?;
            } else {
                eprintln!("The organisation {name:?} was made. Its id:");
                print(&format!("{}\n", made.id));
            }
        }
        OrgCommand::List { json } => list(&operator.orgs().await?, &json)?,
        OrgCommand::Show { org, json } => show(operator, &org, &json).await?,
        OrgCommand::EnableGuard { org } => edit(operator, &org, &guard(true)).await?,
        OrgCommand::DisableGuard { org } => edit(operator, &org, &guard(false)).await?,
        OrgCommand::Set(SetOrg { org, values }) => {
            let max_token_seconds = values.max_token_lifetime.map(|Maybe(seconds)| seconds);
            let retention_days = values.retention.map(|Maybe(days)| days);
            let wanted = OrgEdit { name: values.name, guard: None, max_token_seconds, retention_days };
            edit(operator, &org, &wanted).await?;
        }
        OrgCommand::Rules(command) => return rules::run(operator, command).await,
        OrgCommand::Remove { org, confirm } => {
            let found = operator.show_org(&org).await?;
            let (members, bots) = (found.members.len(), found.bots.len());
            let what = format!(
                "This removes {:?} with its {members} members and {bots} bots, and revokes all its tokens",
                found.org.name
            );
            if let Some(code) = confirm.refused(&what) {
                return Ok(code);
            }
            let removed = operator.remove_org(&org).await?;
            eprintln!("The organisation {:?} ({}) was removed.", removed.name, removed.id);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn guard(enabled: bool) -> OrgEdit {
    OrgEdit { guard: Some(enabled), ..OrgEdit::default() }
}

async fn edit(operator: &Operator, org: &str, edit: &OrgEdit) -> anyhow::Result<()> {
    let changed = operator.edit_org(org, edit).await?;
    eprintln!("{}", if changed { "It is changed." } else { "It was so before: nothing was changed." });
    Ok(())
}

fn list(orgs: &[OrgShown], json: &Json) -> anyhow::Result<()> {
    if json.json {
        return output::json(&orgs);
    }
    let rows: Vec<_> = orgs
        .iter()
        .map(|org| {
            let guard = if org.guard { "enabled" } else { "disabled" };
            [org.id.clone(), org.name.clone(), guard.to_owned(), lifetime(org), retention(org), org.created_at.clone()]
        })
        .collect();
    let none = "There is no organisation yet; `sekisho admin org create <name>` makes one.";
    output::table(["ID", "NAME", "GUARD", "TOKENS LIVE", "LOG KEPT", "CREATED"], &rows, none);
    Ok(())
}

async fn show(operator: &Operator, org: &str, json: &Json) -> anyhow::Result<()> {
    let whole = operator.show_org(org).await?;
    if json.json {
        return output::json(&whole);
    }
    let org = &whole.org;
    print(&format!(
        "id           {}\nname         {}\nguard        {}\ntokens live  {}\nlog kept     {}\ncreated      {}\n\n",
        org.id,
        org.name,
        if org.guard { "enabled" } else { "disabled" },
        lifetime(org),
        retention(org),
        org.created_at
    ));
    member::table(&whole.members);
    print("\n");
    bot::table(&whole.bots);
    Ok(())
}

fn lifetime(org: &OrgShown) -> String {
    org.max_token_seconds.map_or_else(|| "for ever".to_owned(), |seconds| format!("up to {}", lifetimes::show(seconds)))
}

fn retention(org: &OrgShown) -> String {
    org.retention_days.map_or_else(|| "default".to_owned(), |days| format!("{days}d"))
}
