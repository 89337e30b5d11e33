//! The JSON API under `/api/v1/` and `/o/`. The tree mirrors the paths; one endpoint per file.

pub mod body;
pub mod bots;
mod cursor;
pub(crate) mod export;
pub mod exports;
mod idempotency;
pub mod leaks;
pub mod openapi;
pub mod orgs;
pub(crate) mod query;
pub mod tokens;

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use sekisho_store::StoreError;

use crate::authority;
use crate::http::{Code, Problem};

/// A JSON answer. Nothing of the API is stored by caches: most answers hold a secret or are about one.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The database did not do what was asked: the caller learns that it is temporary, the log learns why. Or it did not,
/// because the caller's authority had ended.
pub(crate) fn store_problem(error: &StoreError) -> Problem {
    if let StoreError::NoLonger(what) = error {
        return authority::no_longer(*what);
    }
    Problem::new(
        Code::DatabaseUnavailable,
        "The database is not available right now, and nothing was changed. Try again in a moment.",
    )
    .retry_after(2)
    .log(error.to_string())
}

/// The answer of the first of two equal calls was there, and is not any more.
pub(crate) fn gone_meanwhile() -> Problem {
    Problem::new(Code::DatabaseUnavailable, "The first call with this Idempotency-Key is not finished. Try again.")
        .retry_after(1)
}
