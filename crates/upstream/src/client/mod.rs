//! The only outgoing HTTP client for registries: guarded, bounded, patient to a limit, and without a caller's headers.

mod answer;
mod body;
mod download;
mod post;
mod reach;
mod send;
mod stream;
mod unpack;
mod via;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

pub use body::Caps;
pub use download::Download;
pub use reach::Reached;
pub use stream::{ByteStream, Streamed};
pub use via::Hops;

use crate::error::{FetchError, Unavailable};
use crate::guard::GuardedResolver;
use crate::metrics::Counters;
use crate::source::Upstream;

/// How the client behaves. [`ClientConfig::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Our version, for the `User-Agent`.
    pub version: String,
    /// This installation's id, for `Via`: letters, digits, `-`.
    pub instance: String,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for an answer's head, with the wait for a place, retries and redirects, and longest silence within a body.
    pub patience: Duration,
    /// Longest time for a whole document.
    pub total: Duration,
    /// Requests for documents at once per upstream; more wait.
    pub connections: usize,
    /// Downloads of artifacts at once per upstream; more wait.
    pub artifact_connections: usize,
    /// Largest body as it travels, in bytes.
    pub max_transfer: u64,
    /// Largest body once decompressed, in bytes.
    pub max_body: u64,
    /// Bytes of documents that are being fetched or compiled at once, all together.
    pub max_in_flight: u64,
    /// Whether the environment's proxy variables count (`HTTPS_PROXY` …).
    pub system_proxy: bool,
    /// Hosts of those proxies: the guard lets our connections to them through, and refuses them as a target.
    pub proxy_hosts: Vec<String>,
}

impl ClientConfig {
    /// The defaults, with the proxies that `env` (name, value) names.
    pub fn new(version: &str, instance: &str, env: impl IntoIterator<Item = (String, String)>) -> ClientConfig {
        ClientConfig {
            version: version.to_owned(),
            instance: instance.to_owned(),
            connect: Duration::from_secs(5),
            patience: Duration::from_secs(30),
            total: Duration::from_secs(120),
            connections: 32,
            artifact_connections: 64,
            max_transfer: 64 << 20,
            max_body: 128 << 20,
            max_in_flight: 512 << 20,
            system_proxy: true,
            proxy_hosts: env.into_iter().filter_map(|(name, value)| proxy_host(&name, &value)).collect(),
        }
    }
}

fn proxy_host(name: &str, value: &str) -> Option<String> {
    if !matches!(name.to_ascii_lowercase().as_str(), "http_proxy" | "https_proxy" | "all_proxy") {
        return None;
    }
    let url = Url::parse(value).ok().filter(Url::has_host).or_else(|| Url::parse(&format!("http://{value}")).ok())?;
    url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned())
}

/// The client could not be built: usually no certificate store on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the outgoing client can't start: {0}")]
pub struct ClientError(String);

/// The outgoing client. Clones share connections and limits.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// Which places at an upstream a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Lane {
    Documents,
    Artifacts,
}

struct Inner {
    /// For the upstream's own scheme, host and port, which may be private: an operator chose them.
    own: reqwest::Client,
    /// For every other address: resolves to public addresses only.
    guarded: reqwest::Client,
    via: HeaderValue,
    received_by: String,
    config: ClientConfig,
    /// Places among the requests at once, by the upstream's base address: one that hangs leaves the others theirs.
    slots: Mutex<HashMap<(Url, Lane), Arc<Semaphore>>>,
    budget: Arc<body::Budget>,
    /// When it was last said that an upstream refuses our credentials, by its base address.
    not_known_at: Mutex<HashMap<Url, Instant>>,
    counters: Arc<Counters>,
}

/// What is known of a document already, to ask only for what changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// The `ETag`, as the upstream wrote it.
    pub etag: Option<String>,
    /// The `Last-Modified`, as the upstream wrote it.
    pub last_modified: Option<String>,
}

/// A document's answer.
#[derive(Debug)]
pub enum Fetched {
    /// What is known still holds.
    NotModified {
        /// The answer's `Cache-Control`.
        cache_control: Option<String>,
    },
    /// The document, decompressed.
    Body(Box<FetchedBody>),
}

/// A document as it arrived.
#[derive(Debug)]
pub struct FetchedBody {
    /// The decompressed body.
    pub bytes: Bytes,
    /// The body as it travelled, if it was compressed.
    pub packed: Option<Bytes>,
    /// SHA-256 of the body as it travelled.
    pub digest: [u8; 32],
    /// The `Content-Type`, empty if there was none.
    pub content_type: String,
    /// What to ask with next time.
    pub validators: Validators,
    /// The `Cache-Control`.
    pub cache_control: Option<String>,
    /// The address that answered in the end: what relative links are relative to.
    pub final_url: Url,
    /// Its part of the memory for documents under way.
    pub(crate) charge: body::Charge,
}

/// What a `HEAD` told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status, 200 to 299; others are errors.
    pub status: u16,
    /// `Content-Length`, if it is a number.
    pub length: Option<u64>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Accept-Ranges`.
    pub accept_ranges: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Client {
    /// Builds the client. Reads the system's certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` count): some
    /// milliseconds of blocking work.
    pub fn new(config: ClientConfig, counters: Arc<Counters>) -> Result<Client, ClientError> {
        let build = |guarded: bool| {
            let mut builder = reqwest::Client::builder()
                .user_agent(format!("sekisho/{}", config.version))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(config.connect)
                .read_timeout(config.patience)
                .pool_max_idle_per_host(config.connections);
            if !config.system_proxy {
                builder = builder.no_proxy();
            }
            if guarded {
                builder = builder.dns_resolver(GuardedResolver::new(config.proxy_hosts.clone()));
            }
            builder.build().map_err(|e| ClientError(send::causes(&e)))
        };
        let received_by = format!("{}{}", via::NAME, config.instance);
        let via = HeaderValue::from_str(&format!("1.1 {received_by}")).map_err(|e| ClientError(e.to_string()))?;
        Ok(Client(Arc::new(Inner {
            own: build(false)?,
            guarded: build(true)?,
            via,
            received_by,
            slots: Mutex::default(),
            budget: body::Budget::new(config.max_in_flight),
            not_known_at: Mutex::default(),
            config,
            counters,
        })))
    }

    /// True if a request already passed through this server (RFC 9110, 7.6.3): the server answers it `508`.
    pub fn via_has_us(&self, headers: &HeaderMap) -> bool {
        via::received_by(headers).any(|by| by.eq_ignore_ascii_case(&self.0.received_by))
    }

    /// Fetches a document whole, decompressed, within the caps and the patience; `hops` are named to the upstream.
    pub async fn fetch(
        &self,
        upstream: &Upstream,
        url: &Url,
        accept: &str,
        known: &Validators,
        hops: &Hops,
    ) -> Result<Fetched, FetchError> {
        self.fetch_until(self.patient_until(), upstream, url, accept, known, hops).await
    }

    /// As [`Client::fetch`], where some of our patience was spent before: the answer's head has to be there at `until`.
    /// The body may take as long as a whole document may.
    pub async fn fetch_until(
        &self,
        until: Instant,
        upstream: &Upstream,
        url: &Url,
        accept: &str,
        known: &Validators,
        hops: &Hops,
    ) -> Result<Fetched, FetchError> {
        let mut headers = HeaderMap::new();
        hops.add_to(&mut headers);
        headers.insert(header::ACCEPT, text(accept)?);
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if let Some(etag) = &known.etag {
            headers.insert(header::IF_NONE_MATCH, text(etag)?);
        }
        if let Some(moment) = &known.last_modified {
            headers.insert(header::IF_MODIFIED_SINCE, text(moment)?);
        }
        let conditional = known.etag.is_some() || known.last_modified.is_some();
        let deadline = Instant::now() + self.0.config.total;
        let _slot = self.slot(upstream, Lane::Documents, until).await?;
        let opened = self.open(upstream, Method::GET, url, &headers, until).await?;
        let cache_control = copied(opened.response.headers(), header::CACHE_CONTROL);
        match opened.response.status().as_u16() {
            304 if conditional => return Ok(Fetched::NotModified { cache_control }),
            200 => {}
            other => return Err(FetchError::Invalid(format!("unexpected status {other}"))),
        }
        let final_url = opened.url;
        let answer = opened.response.headers();
        let content_type = copied(answer, header::CONTENT_TYPE).unwrap_or_default();
        let validators =
            Validators { etag: copied(answer, header::ETAG), last_modified: copied(answer, header::LAST_MODIFIED) };
        let caps = Caps { transfer: self.0.config.max_transfer, body: self.0.config.max_body };
        let read = body::read(opened.response, caps, self.0.budget.charge());
        let body::Whole { plain: bytes, packed, digest, charge } = tokio::time::timeout_at(deadline, read)
            .await
            .map_err(|_| FetchError::Unavailable(Unavailable::Timeout))??;
        let body = FetchedBody { bytes, packed, digest, content_type, validators, cache_control, final_url, charge };
        Ok(Fetched::Body(Box::new(body)))
    }

    /// Asks for an address's size and type.
    pub async fn head(&self, upstream: &Upstream, url: &Url) -> Result<Head, FetchError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let until = self.patient_until();
        let _slot = self.slot(upstream, Lane::Documents, until).await?;
        let opened = self.open(upstream, Method::HEAD, url, &headers, until).await?;
        let answer = opened.response.headers();
        let status = opened.response.status().as_u16();
        if !(200..300).contains(&status) {
            return Err(FetchError::Invalid(format!("unexpected status {status}")));
        }
        Ok(Head {
            status,
            length: copied(answer, header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            content_type: copied(answer, header::CONTENT_TYPE),
            accept_ranges: copied(answer, header::ACCEPT_RANGES),
            etag: copied(answer, header::ETAG),
            last_modified: copied(answer, header::LAST_MODIFIED),
        })
    }

    /// When our patience ends that begins now. One moment for all that a request waits for: waits that each have a patience
    /// of their own add up.
    fn patient_until(&self) -> Instant {
        Instant::now() + self.0.config.patience
    }

    /// A place among the requests at once.
    async fn slot(
        &self,
        upstream: &Upstream,
        lane: Lane,
        until: Instant,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, FetchError> {
        let config = &self.0.config;
        let most = match lane {
            Lane::Documents => config.connections,
            Lane::Artifacts => config.artifact_connections,
        };
        let slots = {
            // As many as there are upstreams; what is inserted is whole, so a panic elsewhere leaves the map right.
            let mut all = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = || Arc::new(Semaphore::new(most.max(1)));
            all.entry((upstream.base().clone(), lane)).or_insert_with(fresh).clone()
        };
        match tokio::time::timeout_at(until, slots.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(FetchError::Unavailable(Unavailable::Internal)),
            Err(_) => Err(FetchError::Unavailable(Unavailable::Busy)),
        }
    }
}

fn text(value: &str) -> Result<HeaderValue, FetchError> {
    HeaderValue::from_str(value).map_err(|_| FetchError::Invalid("a header that can't be sent".into()))
}

/// A header's text, if it is visible ASCII and of a sane length.
fn copied(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= 1024).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_found_in_the_environment_in_every_spelling() {
        let env = [("HTTPS_PROXY", "http://u:p@proxy.corp:3128"), ("http_proxy", "10.0.0.9:8080"), ("NO_PROXY", "a.b")];
        let config = ClientConfig::new("0", "x", env.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(config.proxy_hosts, ["proxy.corp", "10.0.0.9"]);
    }

    #[test]
    fn our_own_via_is_recognised_among_others() {
        let client = Client::new(ClientConfig::new("0", "ab12", []), Arc::default()).unwrap();
        let has = |via: &str| {
            let mut headers = HeaderMap::new();
            headers.append(header::VIA, HeaderValue::from_static("1.0 edge"));
            headers.append(header::VIA, via.parse().unwrap());
            client.via_has_us(&headers)
        };
        assert!(has("1.1 nginx, 1.1 sekisho-AB12 (comment)"));
        assert!(!has("1.1 sekisho-ab123, 1.1 nginx"));
        assert!(!has("sekisho-ab12"));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_a_private_address_is_refused_by_the_guarded_half_only() {
        let config = ClientConfig { system_proxy: false, ..ClientConfig::new("0", "x", []) };
        let client = Client::new(config, Arc::default()).unwrap();
        let failed = async |half: &reqwest::Client| {
            let error = half.get("http://localhost:1/").send().await.unwrap_err();
            send::failure(&error)
        };
        let refused = FetchError::Invalid("localhost lies in a private network".into());
        assert_eq!(failed(&client.0.guarded).await, refused);
        assert_eq!(failed(&client.0.own).await, FetchError::Unavailable(Unavailable::Connect));
    }
}
