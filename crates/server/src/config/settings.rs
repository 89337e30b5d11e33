//! The settings as they are written, and the checks that need more than one key.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::forms::{artifact_store, issuer, log_levels, public_url, registry_host, upstream_url};
use super::provider::Provider;
use super::secrets::Secret;
use super::upstreams::Upstreams;
use super::words::with_example;

/// Everything that can be configured. Field names are the keys of `sekisho.toml`; see [`super::keys::KEYS`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "keys::KEYS documents every key, and a test holds the two together")]
pub struct Settings {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    #[serde(deserialize_with = "optional_address")]
    pub admin_listen: Option<SocketAddr>,
    pub public_urls: Vec<String>,
    pub npm_host: Option<String>,
    pub pypi_host: Option<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub anonymous: bool,
    pub registration: Registration,
    pub registration_domains: Vec<String>,
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
    pub log: String,
    #[serde(default)]
    pub tls: Tls,
    #[serde(default)]
    pub database: Database,
    pub upstream: Upstreams,
    pub cache: Cache,
    pub artifacts: ArtifactSettings,
    pub feed: Feed,
    #[serde(default)]
    pub policy: PolicyFile,
    pub mail: Mail,
    #[serde(default)]
    pub leaks: Leaks,
    pub bots: Bots,
    pub console: Console,
    pub ledger: LedgerSettings,
    pub limits: Limits,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Addresses of `registration_domains`.
    Domains,
    /// Nobody.
    Off,
}

/// `tls.*`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Tls {
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// `database.*`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Database {
    pub url: Option<Secret>,
    pub url_file: Option<PathBuf>,
}

/// `cache.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Cache {
    pub memory_mb: u64,
    pub disk_mb: u64,
    pub min_seconds: u64,
    pub max_seconds: u64,
    pub max_stale_hours: u64,
}

/// `artifacts.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct ArtifactSettings {
    pub mode: ArtifactMode,
    pub store: Option<String>,
    pub max_gb: u64,
    pub max_file_mb: u64,
    pub connections: usize,
    pub s3: S3Settings,
}

/// How a file is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactMode {
    /// With its address at the upstream.
    Redirect,
    /// With its bytes, passed on.
    Stream,
    /// With its bytes, kept.
    Cache,
}

/// `artifacts.s3.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct S3Settings {
    pub endpoint: Option<String>,
    pub region: String,
    pub access_key: Option<Secret>,
    pub access_key_file: Option<PathBuf>,
    pub secret_key: Option<Secret>,
    pub secret_key_file: Option<PathBuf>,
}

/// `feed.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Feed {
    pub sources: Vec<String>,
    pub interval_seconds: u64,
    pub prefixes: Vec<String>,
}

/// `policy.*`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct PolicyFile {
    pub file: Option<PathBuf>,
}

/// `mail.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Mail {
    pub transport: MailTransport,
    pub from: Option<String>,
    pub smtp: Smtp,
}

/// How mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Into the data folder.
    Mailbox,
    /// Through a mail server.
    Smtp,
}

/// `mail.smtp.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Smtp {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub tls: SmtpTls,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<PathBuf>,
}

/// How the connection to the mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "see keys::KEYS")]
pub enum SmtpTls {
    Tls,
    Starttls,
    None,
}

/// `leaks.*`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Leaks {
    pub github_keys_url: Option<String>,
}

/// `bots.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Bots {
    pub audiences: Vec<String>,
    pub issuers: Vec<String>,
    pub internal_issuers: Vec<String>,
}

/// `console.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Console {
    pub enabled: bool,
    pub idle_minutes: u32,
    pub session_hours: u32,
    pub oidc: Provider,
}

/// `ledger.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct LedgerSettings {
    pub retention_days: u32,
}

/// `limits.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Limits {
    pub anonymous_per_minute: u32,
    pub personal_per_minute: u32,
    pub organisation_per_ten_seconds: u32,
    pub hold_seconds: u64,
    pub hold_waiting: u32,
    pub registrations_per_hour: u32,
    pub exchanges_per_minute: u32,
    pub mails_per_hour: u32,
    pub exports: usize,
    pub connections: usize,
    pub connections_per_address: usize,
    pub header_kb: usize,
    pub header_seconds: u64,
    pub shutdown_seconds: u64,
}

impl Settings {
    /// Checks what one key alone can't tell. The answer names a key and what is wrong with it.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let fail = |key, why: &str| Err((key, why.to_owned()));
        self.check_numbers()?;
        log_levels(&self.log).map_err(|why| ("log", why))?;
        if self.cache.min_seconds > self.cache.max_seconds {
            return fail("cache.min_seconds", "must not be larger than cache.max_seconds");
        }
        if self.feed.prefixes.iter().any(String::is_empty) {
            return fail("feed.prefixes", "an empty prefix would block every record's packages");
        }
        // Where one key wants another, the place that is named is that of the key which is set.
        match (&self.tls.cert, &self.tls.key) {
            (Some(_), None) => return fail("tls.cert", "needs tls.key: set both or neither"),
            (None, Some(_)) => return fail("tls.key", "needs tls.cert: set both or neither"),
            _ => {}
        }
        if self.registration == Registration::Domains && self.registration_domains.is_empty() {
            return fail("registration", "\"domains\" needs registration_domains to name at least one");
        }
        if self.mail.transport == MailTransport::Smtp && self.mail.smtp.host.is_none() {
            return fail("mail.transport", "\"smtp\" needs mail.smtp.host");
        }
        if self.mail.transport == MailTransport::Smtp && self.mail.from.is_none() {
            return fail("mail.transport", "\"smtp\" needs mail.from");
        }
        if let Some(store) = &self.artifacts.store {
            artifact_store(store).map_err(|why| ("artifacts.store", why))?;
            let s3 = &self.artifacts.s3;
            let keys = (s3.access_key.is_some() || s3.access_key_file.is_some())
                && (s3.secret_key.is_some() || s3.secret_key_file.is_some());
            if store.starts_with("s3://") && !keys {
                return fail("artifacts.store", "needs artifacts.s3.access_key and artifacts.s3.secret_key");
            }
        }
        if let Some(endpoint) = &self.artifacts.s3.endpoint {
            upstream_url(endpoint).map_err(|why| ("artifacts.s3.endpoint", why))?;
        }
        if self.npm_host.is_some() && self.npm_host == self.pypi_host {
            return fail("pypi_host", "must differ from npm_host");
        }
        for (key, host) in [("npm_host", &self.npm_host), ("pypi_host", &self.pypi_host)] {
            if let Some(host) = host {
                registry_host(host).map_err(|why| (key, why))?;
            }
        }
        for (key, front) in [("upstream.npm.url", &self.upstream.npm), ("upstream.pypi.url", &self.upstream.pypi)] {
            if let Some(url) = &front.url {
                upstream_url(url).map_err(|why| (key, with_example(key, &why)))?;
            }
        }
        if let Some(url) = &self.leaks.github_keys_url {
            upstream_url(url).map_err(|why| ("leaks.github_keys_url", why))?;
        }
        for (key, texts, internal) in
            [("bots.issuers", &self.bots.issuers, false), ("bots.internal_issuers", &self.bots.internal_issuers, true)]
        {
            for text in texts {
                issuer(text, internal).map_err(|why| (key, with_example(key, &why)))?;
            }
        }
        if self.bots.issuers.iter().any(|one| self.bots.internal_issuers.contains(one)) {
            return fail("bots.internal_issuers", "one of them stands in bots.issuers too");
        }
        if self.bots.audiences.iter().any(String::is_empty) {
            return fail("bots.audiences", "an empty text is no audience");
        }
        let oidc = &self.console.oidc;
        if let Some(text) = &oidc.issuer {
            let key = "console.oidc.issuer";
            issuer(text, oidc.internal).map_err(|why| (key, with_example(key, &why)))?;
            if oidc.client_id.is_none() {
                return fail(key, "needs console.oidc.client_id: the name that the provider gave to this checkpoint");
            }
        } else if oidc.client_id.is_some() || !oidc.roles.is_empty() {
            return fail("console.oidc.issuer", "is not set, and other keys of console.oidc are");
        }
        for url in &self.public_urls {
            // The address itself is not said: a wrong one may carry a password.
            public_url(url).map_err(|why| ("public_urls", with_example("public_urls", &why)))?;
        }
        Ok(())
    }

    /// Every number lies where the program can work with it: none overflows when it becomes bytes or milliseconds.
    fn check_numbers(&self) -> Result<(), (&'static str, String)> {
        const MANY: u64 = 1_000_000_000;
        let (upstream, cache, limits) = (&self.upstream, &self.cache, &self.limits);
        let artifacts = &self.artifacts;
        for (key, value, least, most) in [
            ("upstream.patience_seconds", upstream.patience_seconds, 1, 3600),
            ("upstream.max_transfer_mb", upstream.max_transfer_mb, 1, 4096),
            ("upstream.max_document_mb", upstream.max_document_mb, 1, 4096),
            ("upstream.connections", upstream.connections as u64, 1, 1_000_000),
            ("cache.memory_mb", cache.memory_mb, 1, MANY),
            ("cache.disk_mb", cache.disk_mb, 0, MANY),
            ("cache.min_seconds", cache.min_seconds, 0, MANY),
            ("cache.max_seconds", cache.max_seconds, 0, MANY),
            ("cache.max_stale_hours", cache.max_stale_hours, 0, 1_000_000),
            ("artifacts.max_gb", artifacts.max_gb, 1, 1_000_000),
            ("artifacts.max_file_mb", artifacts.max_file_mb, 1, 1_000_000),
            ("artifacts.connections", artifacts.connections as u64, 1, 1_000_000),
            ("feed.interval_seconds", self.feed.interval_seconds, 1, MANY),
            ("ledger.retention_days", self.ledger.retention_days.into(), 1, 36_500),
            ("limits.anonymous_per_minute", limits.anonymous_per_minute.into(), 1, MANY),
            ("limits.personal_per_minute", limits.personal_per_minute.into(), 1, MANY),
            ("limits.organisation_per_ten_seconds", limits.organisation_per_ten_seconds.into(), 1, MANY),
            ("limits.hold_seconds", limits.hold_seconds, 0, 3600),
            ("limits.hold_waiting", limits.hold_waiting.into(), 0, MANY),
            ("limits.registrations_per_hour", limits.registrations_per_hour.into(), 1, MANY),
            ("console.idle_minutes", self.console.idle_minutes.into(), 5, 10_080),
            ("console.session_hours", self.console.session_hours.into(), 1, 2_160),
            ("limits.exchanges_per_minute", limits.exchanges_per_minute.into(), 1, 1_000_000),
            ("limits.exports", limits.exports as u64, 1, 1000),
            ("limits.mails_per_hour", limits.mails_per_hour.into(), 1, MANY),
            ("limits.connections", limits.connections as u64, 1, 1_000_000),
            ("limits.connections_per_address", limits.connections_per_address as u64, 1, 1_000_000),
            ("limits.header_kb", limits.header_kb as u64, 8, 16 * 1024),
            ("limits.header_seconds", limits.header_seconds, 1, 3600),
            ("limits.shutdown_seconds", limits.shutdown_seconds, 0, 3600),
        ] {
            if value < least {
                return Err((key, with_example(key, &format!("must be at least {least}"))));
            }
            if value > most {
                return Err((key, with_example(key, &format!("must be at most {most}"))));
            }
        }
        Ok(())
    }

    /// The server speaks HTTPS itself.
    pub fn serves_tls(&self) -> bool {
        self.tls.cert.is_some()
    }

    /// How long a request waits for an upstream.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.upstream.patience_seconds)
    }

    /// The operator's block and allow list.
    pub fn policy_path(&self) -> PathBuf {
        self.policy.file.clone().unwrap_or_else(|| self.data_dir.join("policy.toml"))
    }

    /// Where mails go with the mailbox transport.
    pub fn mailbox_dir(&self) -> PathBuf {
        self.data_dir.join("mailbox")
    }
}

/// An empty text means that there is no such listener.
fn optional_address<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| serde::de::Error::custom("expected an address and port, or an empty text"))
}
