//! The upstream's files: where they are, what they are, and their bytes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{HeaderValue, Response, header};
use sekisho_core::PackageName;
use sekisho_upstream::artifacts::Digest;
use sekisho_upstream::guard::location_allowed;
use sekisho_upstream::{FetchError, SourceState, Unavailable, Upstream, Wanted};
use url::Url;

use super::{Asked, artifact, content, upstream_problem};
use crate::app::App;
use crate::config::ArtifactMode;
use crate::gate::Cleared;
use crate::http::{Code, Problem};
use crate::sources::Admitted;

/// Largest core metadata that is passed on. Real ones are some kilobytes, the largest some hundred.
const MAX_CORE_METADATA: u64 = 2 * 1024 * 1024;
/// How long its bytes may take to arrive.
const CORE_METADATA_TIME: Duration = Duration::from_secs(60);

impl App {
    /// The file at an address that the upstream's document gives, if the upstream may send us there.
    pub(super) fn wanted(&self, name: &Admitted, url: &str, digest: Option<Digest>) -> Result<Wanted, Problem> {
        let upstream = self.upstream(name)?;
        let refused = |why: String| {
            Problem::new(Code::UpstreamUnavailable, "The registry names an address for this file that may not be used.")
                .retry_after(60)
                .log(why)
        };
        let url = Url::parse(url).map_err(|e| refused(e.to_string()))?;
        location_allowed(&url, &upstream).map_err(|why| refused(why.to_string()))?;
        Ok(Wanted { upstream, url, digest })
    }

    /// The way to a file, where a redirect is the whole answer and leads to the upstream itself: then there is nothing to look
    /// at in the address, and no hash to read. `None`: [`App::wanted`] and [`App::artifact`] find out.
    pub(super) fn plain_way(&self, asked: &Asked<'_>, name: &Admitted, url: &str) -> Option<HeaderValue> {
        let upstream = self.upstream(name).ok()?;
        let plain = !asked.exchange.head
            && !asked.parts.headers.contains_key(header::RANGE)
            && upstream.begins_own(url)
            && self.artifact_mode(name, &upstream) == ArtifactMode::Redirect;
        if plain { HeaderValue::try_from(url).ok() } else { None }
    }

    /// Answers with a file that was cleared: its size and type to a `HEAD`, else the file, once its row is durable.
    pub(super) async fn artifact(
        &self,
        asked: &Asked<'_>,
        cleared: Cleared,
        file: &str,
        wanted: &Wanted,
    ) -> Result<Response<Body>, Problem> {
        let mode = self.artifact_mode(&cleared.release().name, &wanted.upstream);
        if asked.exchange.head {
            return Box::pin(self.artifact_head(wanted, mode)).await;
        }
        let permit = self.recorder.take(cleared, file, asked.exchange).await?;
        match mode {
            ArtifactMode::Redirect => content::part_or_redirect(self, permit, asked, wanted).await,
            ArtifactMode::Stream => Box::pin(content::stream(self, permit, asked, wanted)).await,
            ArtifactMode::Cache => Box::pin(content::cache(self, permit, asked, wanted)).await,
        }
    }

    /// How files of an upstream are answered. One that wants our credentials has no address that a client could use, and
    /// the bare address of a private one would be for more than its audience.
    fn artifact_mode(&self, name: &PackageName, upstream: &Upstream) -> ArtifactMode {
        match self.settings.artifacts.mode {
            ArtifactMode::Redirect if upstream.has_credentials() || self.sources.is_private(name) => {
                ArtifactMode::Stream
            }
            mode => mode,
        }
    }

    async fn artifact_head(&self, wanted: &Wanted, mode: ArtifactMode) -> Result<Response<Body>, Problem> {
        if mode != ArtifactMode::Redirect {
            return content::head(self, wanted, mode == ArtifactMode::Cache).await;
        }
        let found = self.client.head(&wanted.upstream, &wanted.url).await;
        Ok(artifact::head(&found.map_err(|e| upstream_problem(&e, "This file"))?))
    }

    /// Gets a file's core metadata, whole: a client that reads slowly, or not at all, must not hold one of the few places
    /// at the upstream, which every other caller's page needs too.
    pub(super) async fn core_metadata(&self, upstream: &Upstream, url: &Url) -> Result<Bytes, Problem> {
        let whole = async {
            let opened = self.client.stream(upstream, url, None, MAX_CORE_METADATA).await?;
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
