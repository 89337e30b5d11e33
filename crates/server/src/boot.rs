//! Start and stop: opens everything, listens, and only then does the work that can wait.

mod check;
mod explain;
mod files;

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sekisho_core::secret::ServerSecret;
use sekisho_core::{Clock, Random};
use sekisho_feed::{Feed, FeedSettings, Source};
use sekisho_mail::mailbox::Mailbox;
use sekisho_mail::{Encryption, Password, Sender, Smtp, SmtpSettings, Transport};
use sekisho_store::{DatabaseConfig, Store};
use sekisho_upstream::{Client, ClientConfig, Counters};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::ambient::{SystemClock, SystemRandom};
use crate::app::App;
use crate::assemble::{Assembly, assemble};
use crate::config::{ArtifactMode, MailTransport, Settings, SmtpTls};
use crate::console::{self, OwnerCode};
use crate::folder_lock;
use crate::gate::{Gate, Knowledge};
use crate::jobs::advisories::PolicyWatch;
use crate::jobs::discovery::Discovery;
use crate::jobs::outbox::Outgoing;
use crate::sources::Sources;
use crate::{jobs, serve};

pub use explain::explain;

/// Why the server can't start. The message names what to change.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BootError(String);

impl BootError {
    fn at(what: &str, why: impl std::fmt::Display) -> BootError {
        BootError(format!("{what}: {why}"))
    }
}

/// A server that runs.
pub struct Running {
    app: Arc<App>,
    bound: SocketAddr,
    admin: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    serving: Vec<JoinHandle<()>>,
    jobs: Vec<JoinHandle<()>>,
    owner: Option<OwnerCode>,
    /// Ours as long as it is open; dropped last, after the database was closed.
    _lock: File,
}

/// Starts the server: it answers by the time that this returns.
pub async fn start(settings: Settings) -> Result<Running, BootError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    files::make_data_dir(&settings.data_dir)?;
    let lock = files::take(&settings.data_dir)?;
    folder_lock::is_whole(&settings.data_dir).map_err(|why| BootError::at("data_dir", why))?;
    check::store(&settings)?;
    let secret = files::secret(&settings, &*random)?;
    let instance = files::instance(&settings.data_dir, &*random)?;
    let tls = match (&settings.tls.cert, &settings.tls.key) {
        (Some(cert), Some(key)) => Some(serve::acceptor(cert, key).map_err(|e| BootError(e.to_string()))?),
        _ => None,
    };
    let outgoing = Arc::new(outgoing(&settings)?);
    let listener = bind("listen", settings.listen).await?;
    let bound = listener.local_addr().map_err(|e| BootError::at("listen", e))?;
    let admin_listener = match settings.admin_listen {
        Some(address) => Some(bind("admin_listen", address).await?),
        None => None,
    };
    let admin = admin_listener.as_ref().and_then(|l| l.local_addr().ok());
    let store = Store::open(&database(&settings)).await.map_err(|e| BootError::at("database", e.told()))?;
    let feed = Arc::new(feed(&settings, clock.clone())?);
    policy_is_there(&settings)?;
    let (policy_watch, policy) = PolicyWatch::start(settings.policy_path()).map_err(|e| BootError(e.to_string()))?;
    let snapshot = feed.load_snapshot();
    let compiled_at = snapshot.as_ref().map(|snapshot| snapshot.compiled_at);
    let (knowledge, blocklist) = match (feed.is_configured(), snapshot) {
        (false, _) => (Knowledge::OwnEntriesOnly, Default::default()),
        (true, Some(snapshot)) => (Knowledge::Loaded, Arc::new(snapshot.blocklist)),
        (true, None) => (Knowledge::NothingLoaded, Default::default()),
    };
    let gate = Gate::new(knowledge, blocklist, Arc::new(policy), clock.clone());
    let counters = Arc::new(Counters::default());
    let client = client(&settings, &instance, &counters)?;
    let artifacts = crate::assemble::artifacts(&settings, &client, &clock, &counters);
    let artifacts = artifacts.map_err(|(key, why)| BootError::at(key, why))?;
    let (discovery, npm, pypi) = Discovery::new(&settings);
    let sources = Sources::new(&settings, npm, pypi).map_err(BootError)?;
    let parts = Assembly { settings, clock, random, secret, store, bound, gate, client, artifacts, counters, sources };
    let app = assemble(parts);
    if let Err(error) = app.follow_entries().await {
        tracing::warn!(
            "organisations' own entries could not be read, and they get no packages until they are: {error}"
        );
    }
    compiled_at.into_iter().for_each(|at| app.feed_health.succeeded(at));
    check::for_nobody(&app.settings).iter().for_each(|line| tracing::warn!("{line}"));

    let (stop, stopped) = watch::channel(false);
    let limits = app.settings.limits.clone();
    let mut serving = Vec::new();
    if let Some(listener) = admin_listener {
        let (admin, limits, stopped) = (Arc::new(Admin(app.clone())), limits.clone(), stopped.clone());
        serving.push(tokio::spawn(async move { serve::serve(admin, listener, None, &limits, &[], stopped).await }));
    }
    let (public, trusted) = (app.clone(), app.settings.trusted_proxies.clone());
    serving.push(tokio::spawn(async move { serve::serve(public, listener, tls, &limits, &trusted, stopped).await }));
    let mut jobs = vec![
        tokio::spawn(discovery.run(app.clone())),
        tokio::spawn(jobs::advisories::run(app.clone(), feed)),
        tokio::spawn(policy_watch.run(app.clone())),
        tokio::spawn(jobs::outbox::run(app.clone(), outgoing)),
        tokio::spawn(jobs::housekeeping::run(app.clone())),
        tokio::spawn(jobs::retention::run(app.clone())),
        tokio::spawn(jobs::install_days::run(app.clone())),
        tokio::spawn(jobs::revocations::run(app.clone())),
        tokio::spawn(jobs::own_entries::run(app.clone())),
        tokio::spawn(jobs::token_ends::run(app.clone())),
    ];
    if app.settings.artifacts.mode == ArtifactMode::Cache {
        jobs.push(tokio::spawn(app.artifacts.clone().survey()));
    }
    let owner = match app.settings.console.enabled {
        true => console::announce(&app).await.map_err(|e| BootError::at("database", e.told()))?,
        false => None,
    };
    Ok(Running { app, bound, admin, stop, serving, jobs, owner, _lock: lock })
}

impl Running {
    /// Where it is and what to type next; `program` is how the person calls this program.
    pub fn welcome(&self, program: &str) -> String {
        explain::welcome(&self.app, self.bound, self.admin, self.owner.as_ref(), program)
    }

    /// Accepts nothing new, lets running requests finish, writes down what is in memory, and disconnects.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for serving in self.serving {
            let _ = serving.await;
        }
        for job in self.jobs {
            job.abort();
            let _ = job.await;
        }
        if let Err(error) = self.app.callers.write_uses().await {
            tracing::warn!("the last uses of tokens were not written down: {error}");
        }
        if tokio::time::timeout(Duration::from_secs(10), self.app.store.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
    }
}

/// Without a setting there may be no list; with one, a list that is not there is a spelling mistake, and what it blocks
/// would pass.
fn policy_is_there(settings: &Settings) -> Result<(), BootError> {
    match &settings.policy.file {
        Some(path) if !path.exists() => Err(BootError::at("policy.file", format!("{} is not there", path.display()))),
        _ => Ok(()),
    }
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, BootError> {
    let flag = if setting == "listen" { "--listen <address>" } else { "--set admin_listen=<address>" };
    let hint = format!("is another server running? Choose another address with {flag}");
    TcpListener::bind(address).await.map_err(|e| BootError(format!("{setting}: {address}: {e}; {hint}")))
}

pub(crate) fn database(settings: &Settings) -> DatabaseConfig {
    match &settings.database.url {
        Some(url) => DatabaseConfig::Postgres { url: url.expose().to_owned() },
        None => DatabaseConfig::Sqlite { dir: settings.data_dir.clone() },
    }
}

/// The secret of a server that was started before: a command that made one would seal what no server could open.
pub(crate) fn existing_secret(settings: &Settings) -> Result<ServerSecret, BootError> {
    let path = settings.data_dir.join("secret");
    if settings.secret.is_none() && !path.exists() {
        return Err(BootError::at(&path.display().to_string(), "is not there: start the server once, or set `secret`"));
    }
    files::secret(settings, &SystemRandom)
}

/// A client for a command: it takes the ways out that the server would.
pub(crate) fn outgoing_client(settings: &Settings) -> Result<Client, BootError> {
    client(settings, "command", &Arc::new(Counters::default()))
}

pub(crate) fn feed(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Feed, BootError> {
    let sources: Result<Vec<Source>, BootError> = settings
        .feed
        .sources
        .iter()
        .map(|text| Source::parse(text).map_err(|e| BootError::at("feed.sources", e)))
        .collect();
    let feed =
        FeedSettings { prefixes: settings.feed.prefixes.clone(), ..FeedSettings::new(sources?, &settings.data_dir) };
    Ok(Feed::new(feed, clock))
}

pub(crate) fn client(settings: &Settings, instance: &str, counters: &Arc<Counters>) -> Result<Client, BootError> {
    let upstream = &settings.upstream;
    let config = ClientConfig {
        patience: settings.patience(),
        connections: upstream.connections,
        artifact_connections: settings.artifacts.connections,
        max_transfer: upstream.max_transfer_mb << 20,
        max_body: upstream.max_document_mb << 20,
        ..ClientConfig::new(env!("CARGO_PKG_VERSION"), instance, std::env::vars())
    };
    Client::new(config, counters.clone()).map_err(|e| BootError(e.to_string()))
}

pub(crate) fn outgoing(settings: &Settings) -> Result<Outgoing, BootError> {
    let sender = match &settings.mail.from {
        Some(from) => Sender::parse(from).map_err(|e| BootError::at("mail.from", e))?,
        None => Sender::default(),
    };
    let transport = match settings.mail.transport {
        MailTransport::Mailbox => Transport::Mailbox(Mailbox::new(settings.mailbox_dir())),
        MailTransport::Smtp => Transport::Smtp(Smtp::new(smtp(settings)).map_err(|e| BootError::at("mail.smtp", e))?),
    };
    Ok(Outgoing { transport, sender })
}

fn smtp(settings: &Settings) -> SmtpSettings {
    let smtp = &settings.mail.smtp;
    let encryption = match smtp.tls {
        SmtpTls::Tls => Encryption::Tls,
        SmtpTls::Starttls => Encryption::StartTls,
        SmtpTls::None => Encryption::None,
    };
    let password = smtp.password.as_ref().map(|p| p.expose().to_owned()).unwrap_or_default();
    SmtpSettings {
        host: smtp.host.clone().unwrap_or_default(),
        port: smtp.port.unwrap_or(encryption.default_port()),
        encryption,
        login: smtp.user.clone().map(|user| (user, Password::new(password))),
        ca: None,
    }
}
