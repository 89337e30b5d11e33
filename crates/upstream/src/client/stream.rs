//! Passing bytes on as they arrive: `.metadata` and artifacts.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderValue, Method, header};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::send::failure;
use super::{Client, Lane, text};
use crate::error::FetchError;
use crate::source::Upstream;

/// The upstream's headers that are passed on.
const PASSED: [header::HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::ETAG,
    header::LAST_MODIFIED,
];

/// An answer whose body arrives while it is passed on.
#[derive(Debug)]
pub struct Streamed<B = ByteStream> {
    /// 200, 206 or 416.
    pub status: u16,
    /// Only headers that describe the body.
    pub headers: HeaderMap,
    /// The body.
    pub body: B,
}

impl<B> Streamed<B> {
    /// The body's length, where it is announced.
    pub fn length(&self) -> Option<u64> {
        self.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The same with another body.
    pub(crate) fn map<C>(self, change: impl FnOnce(B) -> C) -> Streamed<C> {
        Streamed { status: self.status, headers: self.headers, body: change(self.body) }
    }
}

/// A body in pieces. Ends with an error if it is longer than the cap or breaks off; holds a place among the
/// requests at once until it is dropped.
pub struct ByteStream {
    inner: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    left: u64,
    limit: u64,
    ended: bool,
    _slot: OwnedSemaphorePermit,
}

impl std::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByteStream").field("limit", &self.limit).field("left", &self.left).finish_non_exhaustive()
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, FetchError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let item = match std::task::ready!(self.inner.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => match self.left.checked_sub(chunk.len() as u64) {
                Some(left) => {
                    self.left = left;
                    return Poll::Ready(Some(Ok(chunk)));
                }
                None => Some(Err(FetchError::TooLarge { limit: self.limit })),
            },
            Some(Err(e)) => Some(Err(failure(&e))),
            None => None,
        };
        self.ended = true;
        Poll::Ready(item)
    }
}

impl Client {
    /// Opens a body for passing on, as it is (no compression), at most `limit` bytes of it.
    pub async fn stream(
        &self,
        upstream: &Upstream,
        url: &Url,
        range: Option<&str>,
        limit: u64,
    ) -> Result<Streamed, FetchError> {
        self.passing(upstream, url, range, limit, Lane::Documents).await
    }

    /// The same for an artifact. It has places of its own: a large file, or a client that reads slowly, must not hold one
    /// of those that documents need.
    pub async fn artifact(
        &self,
        upstream: &Upstream,
        url: &Url,
        range: Option<&str>,
        limit: u64,
    ) -> Result<Streamed, FetchError> {
        self.passing(upstream, url, range, limit, Lane::Artifacts).await
    }

    async fn passing(
        &self,
        upstream: &Upstream,
        url: &Url,
        range: Option<&str>,
        limit: u64,
        lane: Lane,
    ) -> Result<Streamed, FetchError> {
        let until = self.patient_until();
        let slot = self.slot(upstream, lane, until).await?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(range) = range {
            headers.insert(header::RANGE, text(range)?);
        }
        let opened = self.open(upstream, Method::GET, url, &headers, until).await?;
        let response = opened.response;
        let status = response.status().as_u16();
        if status != 200 && !(range.is_some() && matches!(status, 206 | 416)) {
            return Err(FetchError::Invalid(format!("unexpected status {status}")));
        }
        let encoding = response.headers().get(header::CONTENT_ENCODING);
        if encoding.is_some_and(|value| value != "identity") {
            return Err(FetchError::Invalid("a content encoding that was not asked for".into()));
        }
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(FetchError::TooLarge { limit });
        }
        let mut headers = HeaderMap::new();
        for name in PASSED {
            if let Some(value) = response.headers().get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let inner = Box::pin(response.bytes_stream());
        let body = ByteStream { inner, left: limit, limit, ended: false, _slot: slot };
        Ok(Streamed { status, headers, body })
    }
}
