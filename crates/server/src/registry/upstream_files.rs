//! The upstream's files: where they are, what they are, and their bytes.

use axum::body::Body;
use http::Response;
use sekisho_core::Ecosystem;
use sekisho_upstream::guard::location_allowed;
use sekisho_upstream::{FetchError, SourceState, Streamed, Upstream};
use std::sync::Arc;
use url::Url;

use super::{artifact, upstream_problem};
use crate::app::App;
use crate::http::{Code, Problem};

/// Largest core metadata that is passed on. Real ones are some kilobytes.
const MAX_CORE_METADATA: u64 = 8 * 1024 * 1024;

impl App {
    /// The address of a file as the upstream's document gives it, if the upstream may send us there.
    pub(super) fn artifact_location(&self, ecosystem: Ecosystem, url: &str) -> Result<Url, Problem> {
        let upstream = self.upstream(ecosystem)?;
        let refused = |why: String| {
            Problem::new(Code::UpstreamUnavailable, "The registry names an address for this file that may not be used.")
                .retry_after(60)
                .log(why)
        };
        let url = Url::parse(url).map_err(|e| refused(e.to_string()))?;
        location_allowed(&url, &upstream).map_err(|why| refused(why.to_string()))?;
        Ok(url)
    }

    /// Asks the upstream for a file's size and type.
    pub(super) async fn artifact_head(&self, ecosystem: Ecosystem, url: &Url) -> Result<Response<Body>, Problem> {
        let upstream = self.upstream(ecosystem)?;
        let found = self.client.head(&upstream, url).await.map_err(|e| upstream_problem(&e, "This file"))?;
        Ok(artifact::head(&found))
    }

    /// Opens a file's core metadata.
    pub(super) async fn core_metadata(&self, ecosystem: Ecosystem, url: &Url) -> Result<Streamed, Problem> {
        let upstream = self.upstream(ecosystem)?;
        let opened = self.client.stream(&upstream, url, None, MAX_CORE_METADATA).await;
        opened.map_err(|e| upstream_problem(&e, "This file's core metadata"))
    }

    fn upstream(&self, ecosystem: Ecosystem) -> Result<Arc<Upstream>, Problem> {
        match self.sources.of(ecosystem) {
            SourceState::Ready(upstream) => Ok(upstream),
            SourceState::Off(message) => Err(upstream_problem(&FetchError::Off(message), "This file")),
            SourceState::Discovering => {
                Err(Problem::new(Code::UpstreamUnavailable, "The registry is still being looked for.").retry_after(1))
            }
        }
    }
}
