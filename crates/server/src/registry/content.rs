//! An artifact's bytes, passed on from the upstream or from what is kept. As in `artifact`, a [`Permit`] is spent on each.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use sekisho_upstream::artifacts::{Bytestream, Kept};
use sekisho_upstream::{FetchError, Wanted};
use tokio::sync::OwnedSemaphorePermit;

use super::{Asked, artifact, upstream_problem};
use crate::app::App;
use crate::http::{ClientNet, Problem, negotiate, range};
use crate::record::Permit;

/// The largest part that is passed on in redirect mode. The end of a wheel, where its list of contents is, is far smaller.
const SMALL_PART: u64 = 16 << 20;
/// How long such a part may take to begin.
const PART_WITHIN: Duration = Duration::from_secs(2);
/// What problems call the file.
const SUBJECT: &str = "This file";
/// May be stored, and has to be asked for again each time: the file never changes, but the verdict on it may.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, no-cache");

/// In redirect mode: the way to the upstream's file; to a request for a small part, that part. uv reads the end of a wheel
/// by ranges, and its reader follows no redirect: it would fetch the whole wheel, and once more to install it.
pub(super) async fn part_or_redirect(
    app: &App,
    permit: Permit,
    asked: &Asked<'_>,
    wanted: &Wanted,
) -> Result<Response<Body>, Problem> {
    let (headers, client) = (&asked.parts.headers, asked.exchange.client);
    let small = |part: &range::Asked| part.most().is_some_and(|n| n <= SMALL_PART);
    // The tag is worth its making to those only who ask for a part.
    let part = match headers.contains_key(header::RANGE) {
        true => range::Asked::of(headers, tag(wanted).as_deref()).filter(small),
        false => None,
    };
    let Some(part) = part else { return artifact::redirect(permit, &wanted.url) };
    // Without a place, or with a slow upstream, the redirect does too: it is what everybody else gets.
    match tokio::time::timeout(PART_WITHIN, Box::pin(pass_part(app, client, wanted, part))).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(_)) | Err(_) => artifact::redirect(permit, &wanted.url),
    }
}

/// Passes the upstream's bytes on.
pub(super) async fn stream(
    app: &App,
    permit: Permit,
    asked: &Asked<'_>,
    wanted: &Wanted,
) -> Result<Response<Body>, Problem> {
    let client = asked.exchange.client;
    tracing::debug!("{} is passed on", permit.file());
    match Wish::of(&asked.parts.headers, wanted) {
        Wish::Nothing(unchanged) => Ok(unchanged),
        Wish::Part(part) => pass_part(app, client, wanted, part).await,
        Wish::Whole => {
            let place = app.shares.take(client).await.map_err(problem)?;
            let passed = app.artifacts.pass(wanted).await.map_err(problem)?;
            Ok(whole(passed.length, holding(place, passed.body), wanted))
        }
    }
}

/// Answers with the kept file; what is not kept is downloaded once for everybody who asks, and kept.
pub(super) async fn cache(
    app: &App,
    permit: Permit,
    asked: &Asked<'_>,
    wanted: &Wanted,
) -> Result<Response<Body>, Problem> {
    tracing::debug!("{} is answered from what is kept, or kept", permit.file());
    let part = match Wish::of(&asked.parts.headers, wanted) {
        Wish::Nothing(unchanged) => return Ok(unchanged),
        Wish::Part(part) => Some(part),
        Wish::Whole => None,
    };
    if let Some(kept) = app.artifacts.kept(wanted).await {
        return from_kept(kept, part, wanted).await;
    }
    match part {
        // Who wants the end of a wheel should not wait for all that comes before it: parts are not worth a download.
        Some(part) => pass_part(app, asked.exchange.client, wanted, part).await,
        None => {
            let passed = app.artifacts.download(wanted).await.map_err(problem)?;
            Ok(whole(passed.length, Body::from_stream(passed.body), wanted))
        }
    }
}

/// Size and type: of the kept file, or as the upstream gives them. A `HEAD` takes nothing, so it needs no permit.
pub(super) async fn head(app: &App, wanted: &Wanted, may_be_kept: bool) -> Result<Response<Body>, Problem> {
    let kept = if may_be_kept { app.artifacts.kept(wanted).await } else { None };
    let (length, ranges) = match kept {
        Some(kept) => (Some(kept.length()), true),
        None => {
            let found = app.client.head(&wanted.upstream, &wanted.url).await.map_err(problem)?;
            (found.length, found.accept_ranges.as_deref() == Some("bytes"))
        }
    };
    let mut response = answer(StatusCode::OK, Body::empty(), length, tag(wanted).as_deref());
    if ranges {
        response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    Ok(response)
}

async fn from_kept(kept: Kept, part: Option<range::Asked>, wanted: &Wanted) -> Result<Response<Body>, Problem> {
    let (length, tag) = (kept.length(), tag(wanted));
    let Some(part) = part else {
        let body = Body::from_stream(kept.read(0..length).await.map_err(problem)?);
        let mut response = answer(StatusCode::OK, body, Some(length), tag.as_deref());
        response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        return Ok(response);
    };
    let Some(part) = part.within(length) else { return Ok(unsatisfiable(length, tag.as_deref())) };
    let body = Body::from_stream(kept.read(part.clone()).await.map_err(problem)?);
    let mut response = answer(StatusCode::PARTIAL_CONTENT, body, Some(part.end - part.start), tag.as_deref());
    response.headers_mut().insert(header::CONTENT_RANGE, range::content_range(&part, length));
    Ok(response)
}

/// A part comes from the upstream as it is: only a whole file can be checked.
async fn pass_part(
    app: &App,
    client: ClientNet,
    wanted: &Wanted,
    part: range::Asked,
) -> Result<Response<Body>, Problem> {
    let place = app.shares.take(client).await.map_err(problem)?;
    let passed = app.artifacts.pass_part(wanted, &part.to_text()).await.map_err(problem)?;
    let length = passed.length();
    if passed.status == 200 {
        return Ok(whole(length, holding(place, passed.body), wanted));
    }
    let odd = || problem(FetchError::Invalid("an answer to another range than was asked for".to_owned()));
    let tag = tag(wanted);
    if passed.status == 416 {
        let told = passed.headers.get(header::CONTENT_RANGE).and_then(|v| v.to_str().ok());
        let length = told.and_then(|text| text.strip_prefix("bytes */")?.parse().ok()).ok_or_else(odd)?;
        return Ok(unsatisfiable(length, tag.as_deref()));
    }
    let (found, length) = range::read_content_range(&passed.headers).ok_or_else(odd)?;
    if part.within(length) != Some(found.clone()) || passed.length().is_some_and(|n| n != found.end - found.start) {
        return Err(odd());
    }
    let body = holding(place, passed.body);
    let mut response = answer(StatusCode::PARTIAL_CONTENT, body, Some(found.end - found.start), tag.as_deref());
    response.headers_mut().insert(header::CONTENT_RANGE, range::content_range(&found, length));
    Ok(response)
}

fn whole(length: Option<u64>, body: Body, wanted: &Wanted) -> Response<Body> {
    answer(StatusCode::OK, body, length, tag(wanted).as_deref())
}

/// A body that keeps its client's place until it is sent or dropped.
fn holding(place: OwnedSemaphorePermit, body: Bytestream) -> Body {
    Body::from_stream(body.map(move |piece| {
        let _held = &place;
        piece
    }))
}

fn unsatisfiable(length: u64, tag: Option<&str>) -> Response<Body> {
    let mut response = answer(StatusCode::RANGE_NOT_SATISFIABLE, Body::empty(), Some(0), tag);
    response.headers_mut().insert(header::CONTENT_RANGE, range::unsatisfied(length));
    response
}

/// What of the file is asked for.
enum Wish {
    /// The asker has it: the answer that says so.
    Nothing(Response<Body>),
    Part(range::Asked),
    Whole,
}

impl Wish {
    fn of(asked: &HeaderMap, wanted: &Wanted) -> Wish {
        let tag = tag(wanted);
        let has = |tag: &String| HeaderValue::try_from(tag).is_ok_and(|tag| negotiate::matches_etag(asked, &tag));
        if tag.as_ref().is_some_and(has) {
            return Wish::Nothing(answer(StatusCode::NOT_MODIFIED, Body::empty(), None, tag.as_deref()));
        }
        range::Asked::of(asked, tag.as_deref()).map_or(Wish::Whole, Wish::Part)
    }
}

/// The type is always the same: what a registry says of a stranger's file must not run in a browser on this address.
fn answer(status: StatusCode, body: Body, length: Option<u64>, tag: Option<&str>) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        headers.insert(header::ETAG, tag);
    }
    if status == StatusCode::NOT_MODIFIED {
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn tag(wanted: &Wanted) -> Option<String> {
    wanted.digest.as_ref().map(sekisho_upstream::artifacts::Digest::etag)
}

fn problem(error: FetchError) -> Problem {
    upstream_problem(&error, SUBJECT)
}
