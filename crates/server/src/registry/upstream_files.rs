//! The upstream's files: where they are, what they are, and their bytes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::Response;
use sekisho_upstream::guard::location_allowed;
use sekisho_upstream::{FetchError, SourceState, Unavailable, Upstream};
use url::Url;

use super::{artifact, upstream_problem};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::sources::Admitted;

/// Largest core metadata that is passed on. Real ones are some kilobytes, the largest some hundred.
const MAX_CORE_METADATA: u64 = 2 * 1024 * 1024;
/// How long its bytes may take to arrive.
const CORE_METADATA_TIME: Duration = Duration::from_secs(60);

impl App {
    /// The address of a file as the upstream's document gives it, if the upstream may send us there.
    pub(super) fn artifact_location(&self, name: &Admitted, url: &str) -> Result<Url, Problem> {
        let upstream = self.upstream(name)?;
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
    pub(super) async fn artifact_head(&self, name: &Admitted, url: &Url) -> Result<Response<Body>, Problem> {
        let upstream = self.upstream(name)?;
        let found = self.client.head(&upstream, url).await.map_err(|e| upstream_problem(&e, "This file"))?;
        Ok(artifact::head(&found))
    }

    /// Gets a file's core metadata, whole: a client that reads slowly, or not at all, must not hold one of the few places
    /// at the upstream, which every other caller's page needs too.
    pub(super) async fn core_metadata(&self, name: &Admitted, url: &Url) -> Result<Bytes, Problem> {
        let upstream = self.upstream(name)?;
        let whole = async {
            let opened = self.client.stream(&upstream, url, None, MAX_CORE_METADATA).await?;
            let take = |mut all: Vec<u8>, piece: Bytes| async move {
                all.extend_from_slice(&piece);
                Ok(all)
            };
            opened.body.try_fold(Vec::new(), take).await.map(Bytes::from)
        };
        let arrived = tokio::time::timeout(CORE_METADATA_TIME, whole).await;
        let arrived = arrived.unwrap_or(Err(FetchError::Unavailable(Unavailable::Timeout)));
        arrived.map_err(|e| upstream_problem(&e, "This file's core metadata"))
    }

    fn upstream(&self, name: &Admitted) -> Result<Arc<Upstream>, Problem> {
        ready(self.sources.routes(name.ecosystem()).state(name)).map_err(|e| upstream_problem(&e, "This file"))
    }
}

/// The upstream, if it is known by now.
pub(super) fn ready(state: SourceState) -> Result<Arc<Upstream>, FetchError> {
    match state {
        SourceState::Ready(upstream) => Ok(upstream),
        SourceState::Off(message) => Err(FetchError::Off(message)),
        SourceState::Discovering => Err(FetchError::Unavailable(Unavailable::Discovering)),
    }
}
