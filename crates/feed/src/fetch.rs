//! The outgoing client as this crate needs it. The server passes one in.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use url::Url;

/// A body as it arrives.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, FetchError>> + Send>>;

/// Gets a document, if it changed.
pub trait Fetch: Sync {
    /// `GET` with `If-None-Match: <etag>` if one is given. Redirects, proxies, TLS and timeouts are the client's
    /// business; any status but 200 and 304 is an error, and so is a body that ends early.
    fn fetch(&self, url: &Url, etag: Option<&str>) -> impl Future<Output = Result<FetchOutcome, FetchError>> + Send;
}

/// What came back.
pub enum FetchOutcome {
    /// 304: what was fetched before still holds.
    NotModified,
    /// 200.
    Fetched {
        /// The `ETag` header, as it stands there.
        etag: Option<String>,
        /// The document. The receiver caps it and writes it to a file.
        body: Body,
    },
}

/// Why a document did not come, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);
