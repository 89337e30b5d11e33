//! Artifact answers that lead to the upstream. They take a [`Permit`] by value: without a durable row there is nothing to answer with.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use sekisho_upstream::Head;
use url::Url;

use crate::http::{Code, Problem};
use crate::record::Permit;

/// The way to the upstream's file.
pub fn redirect(permit: Permit, location: &Url) -> Result<Response<Body>, Problem> {
    let value = HeaderValue::try_from(location.as_str()).map_err(|_| {
        Problem::new(Code::UpstreamUnavailable, "The registry names an address for this file that can't be used.")
            .retry_after(60)
    })?;
    Ok(lead(permit, value))
}

/// The way to the upstream's file, as a header.
pub fn lead(permit: Permit, location: HeaderValue) -> Response<Body> {
    tracing::debug!("{} is answered with a redirect", permit.file());
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    // All headers of an answer, so that the map never grows.
    headers.reserve(8);
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Size and type of an artifact, without its address: a `HEAD` takes nothing, so it needs no permit and gives no way.
pub fn head(found: &Head) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(length) = found.length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if found.accept_ranges.as_deref() == Some("bytes") {
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    let content_type = found.content_type.as_deref().and_then(|t| HeaderValue::from_str(t).ok());
    headers.insert(header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    response
}
