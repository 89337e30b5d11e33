//! Where the upstreams are: configured, else what this machine's package managers are set to, else their own default.
//!
//! No registry's address is written in this program. What was found is kept in the data folder, so that a machine
//! that later points its clients at this server does not make the server its own upstream.

mod ask;
mod files;
mod kept;
mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_core::Ecosystem;
use url::{Host, Url};

pub use ask::{Question, Runner, SystemRunner};

use crate::source::{SourceState, Upstream, parse_base};
use kept::Kept;

/// What a discovery found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovered {
    /// The upstream's base address, and where it comes from: `configured`, `from ~/.npmrc`, `the default of npm` …
    Found {
        /// The address, without credentials.
        url: Url,
        /// Where it comes from, in words.
        how: String,
    },
    /// None. The message names the setting.
    NotFound {
        /// For the log, and for the front's answers.
        message: String,
    },
}

impl Discovered {
    /// The state for the caches and fronts.
    pub fn into_state(self, ecosystem: Ecosystem) -> SourceState {
        match self {
            Discovered::NotFound { message } => SourceState::Off(message),
            Discovered::Found { url, .. } => match Upstream::new(ecosystem, url.as_str()) {
                Ok(upstream) => SourceState::Ready(Arc::new(upstream)),
                Err(why) => SourceState::Off(format!("{} can't be used: {why}", setting(ecosystem))),
            },
        }
    }
}

/// The machine as discovery sees it: passed in, so that tests don't depend on the one they run on.
#[derive(Clone)]
pub struct Machine {
    /// The environment's variables.
    pub env: BTreeMap<String, String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The root of the file system: `/`.
    pub root: PathBuf,
    /// Runs package managers.
    pub runner: Arc<dyn Runner>,
}

impl Machine {
    /// The machine that this process runs on. Variables that are not Unicode are left out.
    pub fn this() -> Machine {
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = env.get("HOME").filter(|home| Path::new(home).is_absolute()).map(PathBuf::from);
        Machine { env, home, root: PathBuf::from("/"), runner: Arc::new(SystemRunner) }
    }

    /// A variable that is set and not empty.
    fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }
}

/// Finds the upstreams of one installation.
pub struct Discovery {
    machine: Machine,
    own: Vec<Url>,
    kept: Kept,
}

impl Discovery {
    /// `data` is the data folder; `own` are the addresses under which clients come to us.
    pub fn new(data: &Path, own: Vec<Url>, machine: Machine) -> Discovery {
        Discovery { machine, own, kept: Kept::new(data.join("upstreams.json")) }
    }

    /// Finds an ecosystem's upstream. With nothing configured and nothing kept it may take seconds.
    pub async fn find(&self, ecosystem: Ecosystem, configured: Option<&str>) -> Discovered {
        if let Some(text) = configured.filter(|text| !text.trim().is_empty()) {
            return self.configured(ecosystem, text);
        }
        if let Some(found) = self.kept.get(ecosystem).await.and_then(|(url, how)| self.usable(&url, how)) {
            return found;
        }
        for (url, how) in self.candidates(ecosystem).await {
            if let Some(found) = self.usable(&url, how) {
                if let Discovered::Found { url, how } = &found {
                    self.kept.put(ecosystem, url, how).await;
                }
                return found;
            }
        }
        Discovered::NotFound { message: not_found(ecosystem) }
    }

    fn configured(&self, ecosystem: Ecosystem, text: &str) -> Discovered {
        let setting = setting(ecosystem);
        match parse_base(text) {
            Ok(url) if self.is_ours(&url) => Discovered::NotFound {
                message: format!(
                    "{setting} is this server's own address: it would ask itself. Set it to the registry behind this server."
                ),
            },
            Ok(url) => Discovered::Found { url, how: "configured".into() },
            Err(why) => Discovered::NotFound { message: format!("{setting} can't be used: {why}.") },
        }
    }

    /// Lazily in spirit: package managers are only asked if their settings name nothing usable.
    async fn candidates(&self, ecosystem: Ecosystem) -> Vec<(String, String)> {
        let machine = self.machine.clone();
        let read = tokio::task::spawn_blocking(move || settings::read_all(&machine, ecosystem)).await;
        let set = read.unwrap_or_default();
        if set.iter().any(|(url, how)| self.usable(url, how.clone()).is_some()) {
            return set;
        }
        ask::defaults(&self.machine, ecosystem).await
    }

    fn usable(&self, text: &str, how: String) -> Option<Discovered> {
        let url = parse_base(text).ok().filter(|url| !self.is_ours(url))?;
        Some(Discovered::Found { url, how })
    }

    /// By host and port: whatever its scheme and path, it would come back to us. All loopback names are one.
    fn is_ours(&self, url: &Url) -> bool {
        let place = |url: &Url| match url.host() {
            Some(host) if is_loopback(&host) => Some(("loopback".to_owned(), url.port_or_known_default())),
            host => host.map(|host| (host.to_string(), url.port_or_known_default())),
        };
        let wanted = place(url);
        self.own.iter().any(|own| place(own) == wanted)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
        Host::Ipv6(address) => address.is_loopback() || address.is_unspecified(),
    }
}

/// The key that names an ecosystem's upstream.
pub fn setting(ecosystem: Ecosystem) -> String {
    format!("upstream.{ecosystem}.url")
}

fn not_found(ecosystem: Ecosystem) -> String {
    let asked = match ecosystem {
        Ecosystem::Npm => "npm and pnpm are not set to one and not installed",
        Ecosystem::Pypi => "pip and uv are not set to one and not installed",
    };
    format!(
        "No upstream for {} was found: {asked}. Set {} to the registry's address.",
        ecosystem.label(),
        setting(ecosystem)
    )
}
