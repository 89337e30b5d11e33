//! Lets the feed ask for https sources through the outgoing client, and no more often than configured.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use sekisho_core::Clock;
use sekisho_feed::{Fetch, FetchError, FetchOutcome};
use sekisho_upstream::{Client, Download};
use url::Url;

/// The feed's way out.
pub(crate) struct FeedFetch {
    client: Client,
    clock: Arc<dyn Clock>,
    interval: Duration,
    asked: Mutex<HashMap<Url, Duration>>,
}

impl FeedFetch {
    /// Asks each address at most once per `interval`, failures aside.
    pub(crate) fn new(client: Client, clock: Arc<dyn Clock>, interval: Duration) -> FeedFetch {
        FeedFetch { client, clock, interval, asked: Mutex::default() }
    }

    fn asked_lately(&self, url: &Url) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(url).is_some_and(|at| self.clock.monotonic().saturating_sub(*at) < self.interval)
    }
}

impl Fetch for FeedFetch {
    async fn fetch(&self, url: &Url, etag: Option<&str>) -> Result<FetchOutcome, FetchError> {
        // Without a tag nothing was fetched yet, and there is nothing that could still hold.
        if etag.is_some() && self.asked_lately(url) {
            return Ok(FetchOutcome::NotModified);
        }
        let answer = self.client.download(url, etag).await.map_err(|e| FetchError(e.to_string()))?;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(url.clone(), self.clock.monotonic());
        Ok(match answer {
            Download::NotModified => FetchOutcome::NotModified,
            Download::Body { etag, body } => {
                let body = body.map(|chunk| chunk.map_err(|e| FetchError(e.to_string())));
                FetchOutcome::Fetched { etag, body: Box::pin(body) }
            }
        })
    }
}
