//! An OSV-shaped query endpoint, `/osv/v1/…`, over our own decision: uv's malware check and other scanners can be pointed
//! at it. It says what is refused here, and nothing that a registry would have to be asked for. Readable by everybody, as
//! the pages are.

mod id;
pub mod query;
mod record;
pub mod vulns;

use axum::body::Body;
use http::{HeaderValue, Response, header};
use serde_json::Value;

use crate::http::BodyCaps;

/// Some ten thousand releases are half of this.
const CAPS: BodyCaps = BodyCaps { packed: 2 << 20, unpacked: 2 << 20 };
/// Most queries of one request. OSV's own limit is 1,000; uv sends a whole lock file at once.
const MAX_QUERIES: usize = 10_000;

/// A JSON answer that nobody keeps: what is refused may change with the next load.
fn json(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
