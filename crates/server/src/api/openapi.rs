//! `GET /api/v1/openapi.json`: the description of the JSON API, as it is committed in `docs/`.

use axum::body::Body;
use http::{HeaderValue, Response, header};

/// The document. It is written by hand; a test holds it against the routes, the codes and real answers.
pub const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");

/// Answers with the document.
pub async fn show() -> Response<Body> {
    let mut response = Response::new(Body::from(DOCUMENT));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}
