//! `sekisho admin apply`: makes the database what a file says.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use sekisho_server::config::Settings;
use sekisho_server::operate::Operator;
use sekisho_server::operate::apply::{File, Manner};
use serde_json::json;

use super::confirm::Confirm;
use super::output::{self, Json};
use crate::commands::print;

#[derive(Args)]
#[command(after_help = "\
The file:
  [organisations.acme]
  guard = true                    # a key that is not there leaves what is
  max_token_lifetime = \"90d\"      # or \"none\"
  retention = \"400d\"              # or \"default\"

  [organisations.acme.members]
  \"ann@acme.example\" = \"owner\"

  [[organisations.acme.block]]    # and allow, warn: what counts for its own people and pipelines
  package = \"pkg:npm/left-pad@1.3.0\"
  reason = \"not in this house\"
  expires = \"2026-12-01T00:00:00Z\"   # may be left out

  [organisations.acme.bots.ci]
  role = \"guard_viewer\"

  [[organisations.acme.bots.ci.trust]]    # as `sekisho admin bot trust add --file` reads it
  provider = \"gitlab\"
  issuer = \"https://gitlab.com\"
  project_id = 20

Examples:
  sekisho admin apply org.toml --dry-run
  sekisho admin apply org.toml")]
pub(super) struct ApplyArguments {
    /// The file
    file: PathBuf,
    /// Show what would be different, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove organisations, members, bots, conditions and entries that the file does not name
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    json: Json,
}

pub(super) async fn run(
    operator: &Operator,
    settings: &Settings,
    arguments: ApplyArguments,
) -> anyhow::Result<ExitCode> {
    let path = &arguments.file;
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let file = File::parse(&text).map_err(|why| anyhow!("{}: {why}", path.display()))?;
    if arguments.prune && !arguments.dry_run {
        let what = "--prune removes every organisation, member, bot and condition that the file does not name";
        if let Some(code) = arguments.confirm.refused(what) {
            return Ok(code);
        }
    }
    let manner = Manner { trial: arguments.dry_run, prune: arguments.prune };
    let done = operator.apply(settings, &file, manner).await?;
    if arguments.json.json {
        output::json(&json!({"applied": !arguments.dry_run, "changes": done}))?;
        return Ok(ExitCode::SUCCESS);
    }
    for change in &done {
        print(&format!("{change}\n"));
    }
    match (done.len(), arguments.dry_run) {
        (0, _) => eprintln!("Nothing to change."),
        (count, true) => eprintln!("{count} to change; nothing was changed yet."),
        (count, false) => eprintln!("{count} changed."),
    }
    Ok(ExitCode::SUCCESS)
}
