//! Whether an upstream answers at all, and what time it is there. For whoever looks for what is wrong.

use std::time::Duration;

use http::{HeaderMap, Method, header};
use sekisho_core::Timestamp;

use super::Client;
use crate::error::{FetchError, Unavailable};
use crate::source::Upstream;

/// Longest wait for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an upstream answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The status.
    pub status: u16,
    /// Its clock, to the second, if it said so.
    pub date: Option<Timestamp>,
}

impl Client {
    /// Asks for the upstream's base address. Every answer counts: registries differ in what they say there.
    pub async fn reach(&self, upstream: &Upstream) -> Result<Reached, FetchError> {
        self.allowed(upstream.base(), upstream)?;
        let headers = HeaderMap::new();
        let asking = self.retried(upstream, &Method::HEAD, upstream.base(), &headers);
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        let answer = answer.unwrap_or(Err(FetchError::Unavailable(Unavailable::Timeout)))?;
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        Ok(Reached { status: answer.status().as_u16(), date: date.and_then(Timestamp::of_http_date) })
    }
}
