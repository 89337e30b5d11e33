//! The settings as they are written, and the checks that need more than one key.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::secrets::Secret;

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
    pub feed: Feed,
    #[serde(default)]
    pub policy: PolicyFile,
    pub mail: Mail,
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

/// `upstream.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Upstreams {
    pub npm: Front,
    pub pypi: Front,
    pub patience_seconds: u64,
    pub max_transfer_mb: u64,
    pub max_document_mb: u64,
    pub connections: usize,
}

/// `upstream.npm.*` and `upstream.pypi.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Front {
    pub url: Option<String>,
    pub enabled: bool,
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

/// `limits.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Limits {
    pub anonymous_per_minute: u32,
    pub personal_per_minute: u32,
    pub hold_seconds: u64,
    pub hold_waiting: u32,
    pub registrations_per_hour: u32,
    pub mails_per_hour: u32,
    pub connections: usize,
    pub header_kb: usize,
    pub header_seconds: u64,
    pub shutdown_seconds: u64,
}

impl Settings {
    /// Checks what one key alone can't tell. The answer names a key and what is wrong with it.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let fail = |key, why: &str| Err((key, why.to_owned()));
        for (key, value) in [
            ("upstream.patience_seconds", self.upstream.patience_seconds),
            ("upstream.max_transfer_mb", self.upstream.max_transfer_mb),
            ("upstream.max_document_mb", self.upstream.max_document_mb),
            ("upstream.connections", self.upstream.connections as u64),
            ("cache.memory_mb", self.cache.memory_mb),
            ("feed.interval_seconds", self.feed.interval_seconds),
            ("limits.anonymous_per_minute", self.limits.anonymous_per_minute.into()),
            ("limits.personal_per_minute", self.limits.personal_per_minute.into()),
            ("limits.registrations_per_hour", self.limits.registrations_per_hour.into()),
            ("limits.mails_per_hour", self.limits.mails_per_hour.into()),
            ("limits.connections", self.limits.connections as u64),
            ("limits.header_seconds", self.limits.header_seconds),
        ] {
            if value == 0 {
                return fail(key, "must be at least 1");
            }
        }
        if self.limits.header_kb < 8 {
            return fail("limits.header_kb", "must be at least 8");
        }
        if self.cache.min_seconds > self.cache.max_seconds {
            return fail("cache.min_seconds", "must not be larger than cache.max_seconds");
        }
        if self.feed.prefixes.iter().any(String::is_empty) {
            return fail("feed.prefixes", "an empty prefix would block every record's packages");
        }
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            return fail("tls", "tls.cert and tls.key go together: set both or neither");
        }
        if self.registration == Registration::Domains && self.registration_domains.is_empty() {
            return fail("registration_domains", "must name a domain when registration = \"domains\"");
        }
        if self.mail.transport == MailTransport::Smtp && self.mail.smtp.host.is_none() {
            return fail("mail.smtp.host", "must be set when mail.transport = \"smtp\"");
        }
        if self.mail.transport == MailTransport::Smtp && self.mail.from.is_none() {
            return fail("mail.from", "must be set when mail.transport = \"smtp\"");
        }
        if self.npm_host.is_some() && self.npm_host == self.pypi_host {
            return fail("pypi_host", "must differ from npm_host");
        }
        for (key, front) in [("upstream.npm.url", &self.upstream.npm), ("upstream.pypi.url", &self.upstream.pypi)] {
            if let Some(url) = &front.url {
                upstream_url(url).map_err(|why| (key, why))?;
            }
        }
        for url in &self.public_urls {
            public_url(url).map_err(|why| ("public_urls", format!("{url:?}: {why}")))?;
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

/// An upstream's address: http or https, a host, no query, no fragment.
fn upstream_url(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|e| format!("not an address: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must start with https:// or http://".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have no query and no fragment".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user name or password".to_owned());
    }
    Ok(())
}

/// A public address: scheme and host, perhaps a port, no path.
fn public_url(text: &str) -> Result<(), String> {
    upstream_url(text)?;
    let url = url::Url::parse(text).map_err(|e| e.to_string())?;
    if url.path() != "/" {
        return Err("must have no path".to_owned());
    }
    Ok(())
}

/// An empty text means that there is no such listener.
fn optional_address<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| serde::de::Error::custom("expected an address like 127.0.0.1:8418, or an empty text"))
}
