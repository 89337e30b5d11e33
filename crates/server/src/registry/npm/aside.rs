//! What the registry is asked besides packages: audits, searches, its keys, attestations. A luxury: few at a time, so that
//! packages keep their places at the registry, never long, and kept for a minute.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use sekisho_core::{Ecosystem, Timestamp};
use sekisho_upstream::{FetchError, Fetched, Hops, Unavailable, Upstream, Validators};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::Url;

use crate::app::App;
use crate::http::{Code, Problem};
use crate::registry::Asked;
use crate::registry::upstream_files::ready;

/// The kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Aside {
    /// Advisories about names and versions.
    Audit,
    /// A search.
    Search,
    /// What the registry signs with.
    Keys,
    /// Where a release was built.
    Attestations,
}

/// How long all of one question may take.
pub(super) const WITHIN: Duration = Duration::from_secs(5);
/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(60);
/// Bytes of answers that are kept.
const CAPACITY: u64 = 16 << 20;
/// Largest answer.
const LARGEST: usize = 4 << 20;
/// Questions at once.
const AT_ONCE: usize = 8;

/// Questions and answers. A registry that does not know a kind of question is not asked it again for a while.
pub struct Asides {
    places: Semaphore,
    kept: Cache<[u8; 32], Kept>,
    unknown: Cache<(Aside, Url), Kept>,
}

#[derive(Clone)]
struct Kept {
    at: Timestamp,
    answer: Result<Bytes, FetchError>,
}

impl Default for Asides {
    fn default() -> Asides {
        let weigh = |_: &[u8; 32], kept: &Kept| {
            u32::try_from(kept.answer.as_ref().map_or(0, Bytes::len) + 256).unwrap_or(u32::MAX)
        };
        Asides {
            places: Semaphore::new(AT_ONCE),
            kept: Cache::builder().max_capacity(CAPACITY).weigher(weigh).build(),
            unknown: Cache::new(64),
        }
    }
}

impl Asides {
    /// The answer of an upstream to `question` of a kind: the kept one, or what `ask` gets.
    pub(super) async fn get(
        &self,
        app: &App,
        (kind, upstream): (Aside, &Upstream),
        question: &[u8],
        ask: impl Future<Output = Result<Bytes, FetchError>>,
    ) -> Result<Bytes, FetchError> {
        let of_upstream = (kind, upstream.base().clone());
        let base = Sha256::digest(upstream.base().as_str());
        let key = Sha256::new().chain_update([kind as u8]).chain_update(base).chain_update(question);
        let key: [u8; 32] = key.finalize().into();
        let fresh = |kept: &Kept| app.clock.now().since(kept.at) < KEPT;
        let before = self.kept.get(&key);
        if let Some(kept) = before.clone().filter(fresh).or_else(|| self.unknown.get(&of_upstream).filter(fresh)) {
            return kept.answer;
        }
        let asking = async {
            let _place = self.places.acquire().await.map_err(|_| FetchError::Unavailable(Unavailable::Internal))?;
            ask.await
        };
        let answer = tokio::time::timeout(WITHIN, asking).await;
        let answer = answer.unwrap_or(Err(FetchError::Unavailable(Unavailable::Timeout)));
        let kept = Kept { at: app.clock.now(), answer: answer.clone() };
        match &answer {
            Ok(_) => self.kept.insert(key, kept),
            Err(error) if lacks(kind, error) => self.unknown.insert(of_upstream, kept),
            Err(FetchError::NotFound) => self.kept.insert(key, kept),
            // An old answer is better than none while the registry is down.
            Err(_) => return before.map_or(answer, |kept| kept.answer),
        }
        answer
    }
}

/// The registry does not know such questions at all. Only what no caller can bring about: an answer to one odd question
/// must not end the others.
fn lacks(kind: Aside, error: &FetchError) -> bool {
    match error {
        FetchError::NotFound => kind != Aside::Attestations,
        FetchError::Unavailable(Unavailable::Status(405 | 501)) => true,
        _ => false,
    }
}

/// The registry of all names that are not private, if it is for the caller.
pub(super) fn common(app: &App, asked: &Asked<'_>) -> Result<Arc<Upstream>, FetchError> {
    ready(app.sources.common(Ecosystem::Npm, &asked.exchange.caller).ok_or(FetchError::NotFound)?)
}

/// Gets what lies at a path of an upstream, by [`Asides::get`].
pub(super) async fn fetch(
    app: &App,
    asked: &Asked<'_>,
    upstream: &Upstream,
    kind: Aside,
    path: &str,
) -> Result<Bytes, FetchError> {
    let url = match path.split_once('?') {
        Some((path, query)) => {
            let mut url = upstream.below(path);
            url.set_query(Some(query));
            url
        }
        None => upstream.below(path),
    };
    let hops = Hops::of(&asked.parts.headers);
    let ask = async {
        match app.client.fetch(upstream, &url, "application/json", &Validators::default(), &hops).await? {
            Fetched::Body(body) if body.bytes.len() <= LARGEST => Ok(body.bytes),
            Fetched::Body(_) => Err(FetchError::TooLarge { limit: LARGEST as u64 }),
            Fetched::NotModified { .. } => Err(FetchError::Invalid("304 to an unconditional request".into())),
        }
    };
    app.npm.asides.get(app, (kind, upstream), path.as_bytes(), ask).await
}

/// An answer of another shape than it should have.
pub(super) fn unusable(what: &str) -> Problem {
    Problem::new(Code::UpstreamUnavailable, format!("{what} can't be read.")).retry_after(60)
}
