//! The registry fronts. A request passes the same steps in each: the release is named, decided on, recorded, answered.

pub mod artifact;
pub mod bodies;
mod content;
pub mod metadata;
pub mod npm;
pub mod packed;
pub mod pypi;
pub mod renders;
pub mod shares;
mod upstream_files;
pub mod views;

use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use sekisho_core::{Ecosystem, PackageName};
use sekisho_upstream::{Document, Entry, FetchError, Hops, MetadataCache};

use crate::app::App;
use crate::callers::Caller;
use crate::exchange::{Exchange, wrong_kind};
use crate::gate::Guard;
use crate::http::{Code, Problem, negotiate};
use crate::refusal;
use crate::sources::Admitted;
use metadata::{Form, RenderKey, Rendered, Renders};

/// What a front gets: the request's head and who sent it.
pub struct Asked<'a> {
    /// Method and headers.
    pub parts: &'a Parts,
    /// The percent-encoded path below the front's root, without a leading slash.
    pub path: &'a str,
    /// Who asks, from where, under which address.
    pub exchange: &'a Exchange,
}

/// Only reading is served; publishing goes to the registry itself.
fn read_only(asked: &Asked<'_>) -> Result<(), Problem> {
    if matches!(asked.parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let detail = "This is a read-only checkpoint: nothing can be published through it. Publish to the registry itself, for example with --registry=<the registry's address> or your upload tool's repository setting.";
    Err(Problem::new(Code::UnsupportedMethod, detail).with(header::ALLOW, HeaderValue::from_static("GET, HEAD")))
}

/// The operator may want a token for every package.
fn may_take(anonymous: bool, asked: &Asked<'_>) -> Result<(), Problem> {
    match asked.exchange.caller {
        Caller::Anonymous if !anonymous => {
            let detail = "Packages need a token here. POST /api/v1/tokens with an e-mail address gets one by mail.";
            Err(Problem::new(Code::TokenRequired, detail))
        }
        Caller::Bot(_) => Err(wrong_kind(
            "A bot's key takes no packages: it manages its organisation. Issue a token and install with that.",
        )),
        _ => Ok(()),
    }
}

impl App {
    /// The name, if its upstream is for the caller. To everybody else it is not there: nothing tells such a name from one
    /// that nobody has.
    pub(crate) fn admit_name(&self, name: PackageName, exchange: &Exchange) -> Result<Admitted, Problem> {
        self.sources
            .admit(name, &exchange.caller)
            .map_err(|name| upstream_problem(&FetchError::NotFound, &refusal::subject(&name, None)))
    }
}

/// Adds the challenge to a `401`: `Basic` on PyPI routes, none on npm routes (npm would hide the body's text), `Bearer`
/// elsewhere (RFC 6750).
pub fn challenged(problem: Problem, front: Option<Ecosystem>) -> Problem {
    let value = match (problem.code(), front) {
        (Code::TokenRequired | Code::InvalidToken, Some(Ecosystem::Npm)) => return problem,
        (Code::TokenRequired | Code::InvalidToken, Some(Ecosystem::Pypi)) => {
            "Basic realm=\"Sekisho\", charset=\"UTF-8\""
        }
        (Code::TokenRequired, None) => "Bearer",
        (Code::InvalidToken, None) => "Bearer error=\"invalid_token\"",
        _ => return problem,
    };
    problem.with(header::WWW_AUTHENTICATE, HeaderValue::from_static(value))
}

/// What the upstream's failure means for the caller. Its own 401, 403 and 429 are never passed on as ours.
fn upstream_problem(error: &FetchError, subject: &str) -> Problem {
    let problem = match error {
        FetchError::NotFound => return Problem::new(Code::NotFound, format!("{subject} is not in this registry.")),
        FetchError::Off(message) => Problem::new(Code::FrontOff, message.clone()),
        FetchError::Loop => Problem::new(
            Code::LoopDetected,
            "This checkpoint is its own upstream. The operator sets upstream.npm.url or upstream.pypi.url to the registry.",
        ),
        other => {
            Problem::new(Code::UpstreamUnavailable, format!("{subject} can't be had right now: {}.", other.public()))
        }
    };
    problem.retry_after(5).log(error.to_string())
}

/// How long a stale document has not been confirmed by the upstream, in seconds; `None` for a fresh one.
fn stale_for<D>(app: &App, entry: &Entry<D>) -> Option<u64> {
    entry.stale.then(|| app.clock.now().since(entry.fetched_at).as_secs())
}

/// The answer from before a restart, given while the document is read and compiled behind it; `None` where the document
/// is at hand, or has to be looked at. Only for a name that nothing is known about, of which no release was hidden.
async fn from_shelf<D: Document>(
    app: &App,
    asked: &Asked<'_>,
    (documents, renders): (&MetadataCache<D>, &Renders),
    (guard, name): (&Guard, &Admitted),
    form: Form,
) -> Option<(Arc<Rendered>, Option<u64>)> {
    if documents.holds(name) || !app.gate.view(guard, name).is_clear() {
        return None;
    }
    let hops = Hops::of(&asked.parts.headers);
    let shelved = Box::pin(documents.shelved(name, &hops)).await?;
    let (origin, gzip) = (&asked.exchange.origin, negotiate::takes_gzip(&asked.parts.headers));
    let key = RenderKey::new(shelved.revision, origin, form, gzip);
    let rendered = Box::pin(renders.kept(key, origin)).await?;
    let age = shelved.stale.then(|| app.clock.now().since(shelved.fetched_at).as_secs());
    Some((rendered, age))
}

/// A path that names nothing of ours.
fn not_found() -> Problem {
    Problem::new(Code::NotFound, "There is nothing at this address.")
}

/// A path that is not one: dot segments, encoded slashes and the like.
fn bad_path(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidRequest, format!("The path can't be read: {why}."))
}

/// A redirect to another spelling of the path.
fn moved(location: &str) -> Result<Response<Body>, Problem> {
    let value = HeaderValue::try_from(location).map_err(|_| not_found())?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response.headers_mut().insert(header::LOCATION, value);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
