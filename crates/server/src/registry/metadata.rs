//! Metadata answers: the headers around a rendered document.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

use super::Asked;

pub use super::packed::Rendered;
pub use super::renders::{Form, RenderKey, Renders};

/// Answers with a document, or with `304` where the client has it. `age` is how long a stale document has been out of
/// date, in seconds (RFC 9211's negative `ttl` says so to those who look).
pub fn answer(asked: &Asked<'_>, rendered: &Rendered, content_type: &'static str, age: Option<u64>) -> Response<Body> {
    let matched = rendered.known_by(&asked.parts.headers);
    let without = matched.is_some() || asked.exchange.head;
    let mut response = Response::new(if without { Body::empty() } else { rendered.body() });
    if let (Some(next), Some(repeated), false) = (&asked.exchange.next, &rendered.repeated, without) {
        next.is(repeated);
    }
    let headers = response.headers_mut();
    // All headers of an answer, so that the map never grows.
    headers.reserve(16);
    headers.insert(header::ETAG, matched.unwrap_or(&rendered.etag).clone());
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    if let Some(age) = age
        && let Ok(value) = HeaderValue::try_from(format!("sekisho; hit; ttl=-{age}; detail=stale"))
    {
        headers.insert(header::HeaderName::from_static("cache-status"), value);
    }
    if matched.is_some() {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, rendered.length.clone());
    if rendered.is_gzip() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
