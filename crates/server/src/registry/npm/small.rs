//! `GET /npm/-/ping` and `GET /npm/-/whoami`.

use axum::body::Body;
use http::{HeaderValue, Response, header};
use serde_json::json;

use crate::http::Problem;
use crate::registry::Asked;

/// The registry is there.
pub(super) fn ping() -> Response<Body> {
    answer("{}".to_owned())
}

/// The address of the presented token.
pub(super) fn whoami(asked: &Asked<'_>) -> Result<Response<Body>, Problem> {
    let known = asked.exchange.personal()?;
    let email = known.row.email.as_ref().map_or("", |e| e.as_str());
    Ok(answer(json!({"username": email}).to_string()))
}

fn answer(body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
