//! Documents that an operator configured by address and that are no registry's: advisory feeds.

use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Method, header};
use url::Url;

use super::{Client, copied, text};
use crate::error::{FetchError, Unavailable};
use crate::source::Upstream;

/// What came of asking.
pub enum Download<S> {
    /// 304: what was downloaded before still holds.
    NotModified,
    /// 200.
    Body {
        /// The `ETag`, as it was sent.
        etag: Option<String>,
        /// The bytes as they arrive; the caller caps them.
        body: S,
    },
}

impl Client {
    /// Asks for the document at `url`, an operator's choice; redirects pass the guard like a registry's. Only the wait for
    /// its head and silences within its body are limited, because a feed may be large.
    pub async fn download(
        &self,
        url: &Url,
        etag: Option<&str>,
    ) -> Result<Download<impl Stream<Item = Result<bytes::Bytes, FetchError>> + Send + use<>>, FetchError> {
        // The guard lets through what lies on the address's own host, as it does for a registry.
        let place = Upstream::new(sekisho_core::Ecosystem::Npm, url.as_str())
            .map_err(|why| FetchError::Invalid(why.to_string()))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, http::HeaderValue::from_static("identity"));
        if let Some(etag) = etag {
            headers.insert(header::IF_NONE_MATCH, text(etag)?);
        }
        let response = self.open(&place, Method::GET, url, &headers, self.patient_until()).await?.response;
        match response.status().as_u16() {
            304 if etag.is_some() => return Ok(Download::NotModified),
            200 => {}
            other => return Err(FetchError::Invalid(format!("unexpected status {other}"))),
        }
        let etag = copied(response.headers(), header::ETAG);
        let body = response.bytes_stream();
        let body = body.map(|chunk| chunk.map_err(|_| FetchError::Unavailable(Unavailable::Truncated)));
        Ok(Download::Body { etag, body })
    }
}
