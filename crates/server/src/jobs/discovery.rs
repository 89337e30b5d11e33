//! Finds out which registries stand behind the fronts. Asking a package manager may take a second, so it runs after
//! listening; requests that come meanwhile wait for it.

use std::sync::Arc;

use sekisho_core::Ecosystem;
use sekisho_upstream::SourceState;
use sekisho_upstream::discovery::{self, Discovered, Machine};
use tokio::sync::watch;
use url::Url;

use crate::app::App;
use crate::config::{Front, Settings};

/// The fronts' upstreams, as far as they are known.
pub struct Discovery {
    npm: watch::Sender<SourceState>,
    pypi: watch::Sender<SourceState>,
}

impl Discovery {
    /// Nothing is known yet, but which fronts are switched off.
    pub fn new(settings: &Settings) -> (Discovery, watch::Receiver<SourceState>, watch::Receiver<SourceState>) {
        let (npm, npm_seen) = watch::channel(before(Ecosystem::Npm, settings));
        let (pypi, pypi_seen) = watch::channel(before(Ecosystem::Pypi, settings));
        (Discovery { npm, pypi }, npm_seen, pypi_seen)
    }

    /// Finds the upstreams, says in the log what was found and how, and ends.
    pub async fn run(self, app: Arc<App>) {
        let own: Vec<Url> = app.origins.bases().iter().filter_map(|base| Url::parse(base).ok()).collect();
        let finder = discovery::Discovery::new(&app.settings.data_dir, own, Machine::this());
        let find = async |ecosystem: Ecosystem, sender: &watch::Sender<SourceState>| {
            let front = app.settings.upstream.front(ecosystem);
            if front.enabled {
                let found = finder.find(ecosystem, front.url.as_deref()).await;
                say(ecosystem, &found);
                sender.send_replace(with_credentials(found.into_state(ecosystem), front));
            }
        };
        tokio::join!(find(Ecosystem::Npm, &self.npm), find(Ecosystem::Pypi, &self.pypi));
        // The senders live as long as the server: a receiver whose sender is gone would look like one that never knows.
        std::future::pending::<()>().await;
    }
}

fn say(ecosystem: Ecosystem, found: &Discovered) {
    match found {
        Discovered::Found { url, how } => tracing::info!("{} packages come from {url} ({how})", ecosystem.label()),
        Discovered::NotFound { message } => tracing::error!("the {} front is off: {message}", ecosystem.label()),
    }
}

/// Configured credentials go with the configured address; the configuration's check holds the two together.
fn with_credentials(state: SourceState, front: &Front) -> SourceState {
    let SourceState::Ready(upstream) = state else { return state };
    match front.access().credentials() {
        Ok(credentials) => SourceState::Ready(Arc::new((*upstream).clone().with_credentials(credentials))),
        Err((key, why)) => SourceState::Off(format!("upstream.{}.{key}: {why}", upstream.ecosystem())),
    }
}

fn before(ecosystem: Ecosystem, settings: &Settings) -> SourceState {
    match settings.upstream.front(ecosystem).enabled {
        true => SourceState::Discovering,
        false => {
            let (label, setting) = (ecosystem.label(), discovery::setting(ecosystem));
            let setting = setting.replace(".url", ".enabled");
            SourceState::Off(format!("The {label} front is switched off here ({setting} = false)."))
        }
    }
}
