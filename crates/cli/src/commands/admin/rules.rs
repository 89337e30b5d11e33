//! `sekisho admin org rules`: what an organisation blocks, allows and warns of for its own people.

use std::process::ExitCode;

use clap::Subcommand;
use sekisho_core::id::RuleId;
use sekisho_core::policy::Effect;
use sekisho_core::{PackageUrl, Timestamp};
use sekisho_server::operate::Operator;
use sekisho_server::operate::rules::RuleShown;

use super::confirm::Confirm;
use super::output::{self, Json};
use super::values;
use crate::commands::print;

#[derive(Subcommand)]
pub(super) enum RulesCommand {
    /// List the entries, ended ones too
    #[command(after_help = "Examples:\n  sekisho admin org rules list acme\n  \
                            sekisho admin org rules list acme --json | jq -r '.[].package'")]
    List {
        /// The organisation's id or name
        org: String,
        #[command(flatten)]
        json: Json,
    },
    /// Add an entry; prints its id. One with the same effect for the same package goes
    #[command(after_help = "\
Examples:
  sekisho admin org rules add acme block pkg:npm/left-pad@1.3.0 --reason 'not in this house'
  sekisho admin org rules add acme allow pkg:pypi/example --reason 'ticket 17' --expires 2026-12-01T00:00:00Z
  sekisho admin org rules add acme warn pkg:npm/%40scope/old --reason 'Use @scope/new.'

It counts for the organisation's tokens and pipelines only. What the operator blocks stays blocked; apart from that an
entry comes before the advisories.")]
    Add {
        /// The organisation's id or name
        org: String,
        /// What it does
        #[arg(value_parser = values::effect())]
        effect: Effect,
        /// A release, or without a version every release: pkg:npm/name@1.0.0
        #[arg(value_parser = values::package)]
        package: PackageUrl,
        /// Why; of a warning it is what people read
        #[arg(long)]
        reason: String,
        /// When it ends, such as 2026-12-01T00:00:00Z
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
        #[command(flatten)]
        json: Json,
    },
    /// Remove an entry
    #[command(after_help = "Example:\n  sekisho admin org rules remove acme RU01… --yes")]
    Remove {
        /// The organisation's id or name
        org: String,
        /// The entry's id, as `list` shows it
        #[arg(value_parser = values::rule_id)]
        id: RuleId,
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(super) async fn run(operator: &Operator, command: RulesCommand) -> anyhow::Result<ExitCode> {
    match command {
        RulesCommand::List { org, json } => {
            let rules = operator.rules(&org).await?;
            if json.json {
                output::json(&rules)?;
            } else {
                table(&rules);
            }
        }
        RulesCommand::Add { org, effect, package, reason, expires, json } => {
            let put = operator.add_rule(&org, effect, package, &reason, expires).await?;
            if put.unchanged {
                eprintln!("It was so before: nothing was changed.");
            }
            if json.json {
                output::json(&put)?;
            } else {
                eprintln!("{} {} in {org:?}. The entry's id:", put.rule.effect, put.rule.package);
                print(&format!("{}\n", put.rule.id));
            }
        }
        RulesCommand::Remove { org, id, confirm } => {
            if let Some(code) = confirm.refused(&format!("This removes the entry {id} of the organisation {org:?}")) {
                return Ok(code);
            }
            operator.remove_rule(&org, id).await?;
            eprintln!("The entry {id} was removed.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(rules: &[RuleShown]) {
    let until = |rule: &RuleShown| match &rule.expires_at {
        None => "no end".to_owned(),
        Some(end) if rule.ended => format!("{end} (ended)"),
        Some(end) => end.clone(),
    };
    let row = |rule: &RuleShown| {
        let (effect, package) = (rule.effect.to_owned(), rule.package.clone());
        [rule.id.clone(), effect, package, until(rule), rule.made_by.clone(), rule.reason.clone()]
    };
    let rows: Vec<_> = rules.iter().map(row).collect();
    let none = "The organisation has no entries; `sekisho admin org rules add` makes one.";
    output::table(["ID", "EFFECT", "PACKAGE", "UNTIL", "MADE BY", "REASON"], &rows, none);
}
