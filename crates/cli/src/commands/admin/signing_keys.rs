//! `sekisho admin rotate-signing-keys`: a new key for the tokens of pipelines.

use std::process::ExitCode;

use sekisho_server::config::Settings;
use sekisho_server::operate::Operator;

pub(super) async fn rotate(operator: &Operator, settings: &Settings) -> anyhow::Result<ExitCode> {
    let from = operator.rotate_signing_keys(settings).await?;
    eprintln!("The new key is published and signs from {from} on. Older ones count until their last token ends.");
    Ok(ExitCode::SUCCESS)
}
