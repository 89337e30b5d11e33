//! `sekisho serve`: start the server, say where it is and what to type next, stop cleanly on SIGTERM and Ctrl-C.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use sekisho_server::boot;
use sekisho_server::config::Settings;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::arguments::{ServeArguments, SettingsArguments};

/// What the person typed to start this program, so that the next commands can be copied as they stand.
fn program() -> String {
    std::env::args().next().filter(|name| !name.is_empty()).unwrap_or_else(|| "sekisho".to_owned())
}

/// What is logged.
pub(crate) fn log_filter(settings: &Settings) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(&settings.log).with_context(|| format!("log: {:?} is not a filter", settings.log))
}

pub(crate) fn run(settings: &SettingsArguments, arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    let (settings, _) = settings.load(Some(arguments))?;
    let filter = log_filter(&settings)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let running = boot::start(settings).await?;
        // A closed standard output must not stop a server.
        let _ = std::io::stdout().write_all(running.welcome(&program()).as_bytes());
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: running requests may finish, new ones are refused");
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
