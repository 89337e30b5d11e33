//! One request to its end: guard, retries, redirects, and what a status means.

use std::error::Error;
use std::sync::PoisonError;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use super::Client;
use crate::error::{FetchError, Unavailable};
use crate::guard::{Why, address_allowed, same_origin};
use crate::source::Upstream;

/// Redirects that are followed; the next one is an error.
const MAX_REDIRECTS: usize = 5;
/// Waits before the second and third try.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// How long nothing more is said of credentials that an upstream refuses.
const REPEAT: Duration = Duration::from_secs(600);
/// Longest target of a redirect.
const MAX_LOCATION: usize = 8 * 1024;

/// An answer's head, and the address that gave it.
pub(super) struct Opened {
    pub(super) response: reqwest::Response,
    pub(super) url: Url,
}

impl Client {
    /// Sends, retries and follows until an answer that is neither a redirect nor an error, or until the moment `until`.
    pub(super) async fn open(
        &self,
        upstream: &Upstream,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        until: Instant,
    ) -> Result<Opened, FetchError> {
        let outcome = tokio::time::timeout_at(until, self.follow(upstream, method, url, headers)).await;
        let outcome = outcome.unwrap_or(Err(FetchError::Unavailable(Unavailable::Timeout)));
        if outcome.as_ref().is_err_and(|e| *e != FetchError::NotFound) {
            self.0.counters.upstream_errors.add(1);
        }
        outcome
    }

    async fn follow(
        &self,
        upstream: &Upstream,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Opened, FetchError> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            self.allowed(&url, upstream)?;
            let response = self.retried(upstream, &method, &url, headers).await?;
            match redirect_target(&response, &url)? {
                Some(next) => url = next,
                None => {
                    self.told_who_we_are(upstream, &url, response.status());
                    return judge(response.status()).map(|()| Opened { response, url });
                }
            }
        }
        Err(FetchError::Unavailable(Unavailable::Redirects))
    }

    /// An upstream that does not know us, or no longer: whoever set the credentials has to hear of it, because callers
    /// only see that a package is not to be had. Said once in a while for each upstream.
    fn told_who_we_are(&self, upstream: &Upstream, url: &Url, status: StatusCode) {
        let shown = upstream.authorization(url).is_some();
        if !upstream.is_own(url) || !(status == StatusCode::UNAUTHORIZED || shown && status == StatusCode::FORBIDDEN) {
            return;
        }
        let now = Instant::now();
        let mut last = self.0.not_known_at.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(upstream.base()).is_some_and(|last| now.duration_since(*last) < REPEAT) {
            return;
        }
        // As many as there are upstreams.
        last.insert(upstream.base().clone(), now);
        drop(last);
        let (base, setting, status) = (upstream.base(), upstream.setting(), status.as_u16());
        match shown {
            true => tracing::error!(
                "{base} answered {status} to our credentials: look at {setting}.token, or {setting}.user and {setting}.password (or their _file forms)"
            ),
            false => tracing::error!(
                "{base} answered {status}: it wants credentials; set {setting}.token_file, or {setting}.user and {setting}.password_file"
            ),
        }
    }

    pub(super) fn allowed(&self, url: &Url, upstream: &Upstream) -> Result<(), FetchError> {
        self.may_ask(url, Some(upstream.base()))
    }

    /// The guard at the URL. The environment's proxies are let through by the resolver, so they are refused here as a target.
    pub(super) fn may_ask(&self, url: &Url, own: Option<&Url>) -> Result<(), FetchError> {
        address_allowed(url, own).map_err(invalid)?;
        let is_proxy = |host: &str| self.0.config.proxy_hosts.iter().any(|proxy| proxy.eq_ignore_ascii_case(host));
        match url.host_str() {
            Some(host) if is_proxy(host) && own.is_none_or(|own| !same_origin(url, own)) => {
                Err(invalid(Why::Private(host.to_owned())))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn retried(
        &self,
        upstream: &Upstream,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<reqwest::Response, FetchError> {
        let mut waits = RETRY_AFTER.into_iter();
        loop {
            let outcome = self.once(upstream, method, url, headers).await;
            let again = match &outcome {
                Ok(response) => matches!(response.status().as_u16(), 502..=504),
                Err(FetchError::Unavailable(kind)) => matches!(kind, Unavailable::Connect | Unavailable::Truncated),
                Err(_) => false,
            };
            match waits.next() {
                Some(wait) if again => tokio::time::sleep(wait).await,
                _ => return outcome,
            }
        }
    }

    async fn once(
        &self,
        upstream: &Upstream,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<reqwest::Response, FetchError> {
        let http = if upstream.is_own(url) { &self.0.own } else { &self.0.guarded };
        self.0.counters.upstream_requests.add(1);
        let mut request =
            http.request(method.clone(), url.clone()).headers(headers.clone()).header(header::VIA, self.0.via.clone());
        if let Some(credentials) = upstream.authorization(url) {
            request = request.header(header::AUTHORIZATION, credentials.clone());
        }
        request.send().await.map_err(|e| failure(&e))
    }
}

fn invalid(why: Why) -> FetchError {
    FetchError::Invalid(why.to_string())
}

fn redirect_target(response: &reqwest::Response, from: &Url) -> Result<Option<Url>, FetchError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.filter(|text| text.len() <= MAX_LOCATION);
    let target = location.and_then(|text| from.join(text).ok());
    target.map(Some).ok_or_else(|| FetchError::Invalid("a redirect without a usable address".into()))
}

/// What a status means. Those left over are for the caller: 2xx, 304 and 416.
pub(super) fn judge(status: StatusCode) -> Result<(), FetchError> {
    match status.as_u16() {
        200..=299 | 304 | 416 => Ok(()),
        404 | 410 => Err(FetchError::NotFound),
        508 => Err(FetchError::Loop),
        status @ (401 | 402 | 403 | 407 | 429 | 451) => Err(FetchError::Refused(status)),
        status => Err(FetchError::Unavailable(Unavailable::Status(status))),
    }
}

/// The client library's error as ours. Its own text is not used: it has the whole address in it.
pub(super) fn failure(error: &reqwest::Error) -> FetchError {
    let mut tls = false;
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(why) = inner.downcast_ref::<Why>() {
            return invalid(why.clone());
        }
        tls |= inner.is::<rustls::Error>();
        // An I/O error hides what it wraps from `source`.
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = wrapped.map(|wrapped| wrapped as _).or_else(|| inner.source());
    }
    FetchError::Unavailable(if tls {
        Unavailable::Tls
    } else if error.is_connect() {
        Unavailable::Connect
    } else if error.is_timeout() {
        Unavailable::Timeout
    } else {
        Unavailable::Truncated
    })
}

/// An error with its causes in one line. Only for errors that have no address in them.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
