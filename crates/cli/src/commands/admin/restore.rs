//! `sekisho admin restore`: puts a backup in the data's place.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sekisho_server::ambient::SystemClock;
use sekisho_server::config::Settings;
use sekisho_server::operate::backup::restore;

use super::confirm::Confirm;

#[derive(Args)]
#[command(after_help = "\
The server must be stopped. Nothing is touched until every file of the backup was found to be whole; what was there before
is kept in before-restore-… in the data folder. Whatever was revoked, issued or recorded after the backup is not in it.

Example:
  sekisho admin restore /srv/backup/sekisho-2026-11-24 --data /var/lib/sekisho --yes")]
pub(super) struct RestoreArguments {
    /// The folder that `sekisho admin backup` made
    folder: PathBuf,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) async fn run(settings: &Settings, arguments: RestoreArguments) -> anyhow::Result<ExitCode> {
    let what = format!("This replaces the data in {} by the backup's", settings.data_dir.display());
    if let Some(code) = arguments.confirm.refused(&what) {
        return Ok(code);
    }
    let restored = restore::restore(settings, &arguments.folder, &SystemClock::new()).await?;
    eprintln!("The backup of {} is in place in {}.", restored.manifest.made_at, settings.data_dir.display());
    eprintln!(
        "Keys, tokens, bots and organisations that ended after that moment count again: revoke or remove them again."
    );
    if let Some(aside) = restored.aside {
        eprintln!("What was there before is in {}; remove it when it is not needed any more.", aside.display());
    }
    Ok(ExitCode::SUCCESS)
}
