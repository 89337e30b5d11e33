//! `sekisho admin backup`: copies the data while the server runs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sekisho_server::config::Settings;
use sekisho_server::operate::Operator;

use super::output::{self, Json};

#[derive(Args)]
#[command(after_help = "\
The backup is a folder with copies of both database files, the server's secret and a manifest with their hashes. It holds
every answer that was recorded before it began. Keep it as safe as the data folder.

Example:
  sekisho admin backup /srv/backup/sekisho-$(date +%F)")]
pub(super) struct BackupArguments {
    /// The folder to make; it must not be there
    folder: PathBuf,
    #[command(flatten)]
    json: Json,
}

pub(super) async fn run(
    operator: &Operator,
    settings: &Settings,
    arguments: BackupArguments,
) -> anyhow::Result<ExitCode> {
    let manifest = operator.backup(settings, &arguments.folder).await?;
    if arguments.json.json {
        output::json(&manifest)?;
    } else {
        let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        let (files, folder) = (manifest.files.len(), arguments.folder.display());
        eprintln!("The backup of {} is in {folder}: {files} files, {bytes} bytes.", manifest.made_at);
    }
    Ok(ExitCode::SUCCESS)
}
