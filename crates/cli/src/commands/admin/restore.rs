//! `sekisho admin restore`: puts a backup in the data's place.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sekisho_server::ambient::{SystemClock, SystemRandom};
use sekisho_server::config::Settings;
use sekisho_server::operate::backup::ended::Ended;
use sekisho_server::operate::backup::restore;

use super::confirm::Confirm;

#[derive(Args)]
#[command(after_help = "\
The server must be stopped. Nothing is touched until every file of the backup was found to be whole; what was there before
is kept in before-restore-… in the data folder.

What was issued or recorded after the backup is not in it. What was revoked, removed or erased after it stays so: that is read
from the database that is replaced. Where that can't be read, nothing is restored unless --revive-ended says that it may
count again.

Example:
  sekisho admin restore /srv/backup/sekisho-2026-11-24 --data /var/lib/sekisho --yes")]
pub(super) struct RestoreArguments {
    /// The folder that `sekisho admin backup` made
    folder: PathBuf,
    /// Have everything count again that was revoked, removed or erased after the backup
    #[arg(long)]
    revive_ended: bool,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) async fn run(settings: &Settings, arguments: RestoreArguments) -> anyhow::Result<ExitCode> {
    let what = format!("This replaces the data in {} by the backup's", settings.data_dir.display());
    if let Some(code) = arguments.confirm.refused(&what) {
        return Ok(code);
    }
    let ambient = (&SystemClock::new() as _, &SystemRandom as _);
    let restored = restore::restore(settings, &arguments.folder, arguments.revive_ended, ambient).await?;
    eprintln!("The backup of {} is in place in {}.", restored.manifest.made_at, settings.data_dir.display());
    tell(&restored.ended);
    eprintln!("Sessions of pipelines and one-time codes have ended; what was issued after the backup is unknown.");
    if let Some(aside) = restored.aside {
        eprintln!("What was there before is in {}; remove it when it is not needed any more.", aside.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(ended: &Ended) {
    let Some(carried) = ended.carried else {
        let why = if ended.revived { "as you said" } else { "because there was no database to read that from" };
        eprintln!(
            "WARNING: everything that was revoked, removed or erased after that moment counts again, {why}: keys, tokens, \
             bots, members, organisations, conditions, people. End it again before you start the server."
        );
        return;
    };
    let parts: Vec<_> = [
        (carried.keys, "personal keys"),
        (carried.org_tokens, "organisations' tokens"),
        (carried.bot_keys, "bot keys"),
        (carried.bots, "bots"),
        (carried.trusts, "conditions of bots"),
        (carried.members, "members"),
        (carried.rules, "organisations' own entries"),
        (carried.organisations, "organisations or their Guard"),
        (carried.people, "erased people"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{what} ({count})"))
    .collect();
    match parts.is_empty() {
        true => eprintln!("Nothing that it has was ended since."),
        false => eprintln!("What was ended since is ended in it too: {}.", parts.join(", ")),
    }
    if !carried.later {
        eprintln!(
            "WARNING: the database that was replaced is no later state of this backup, so only what it names could be ended. \
             Look through tokens, bots and members, and end what ended since before you start the server."
        );
    }
}
