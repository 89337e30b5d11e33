//! Pages that explain: what was decided about a release and on which record, and what a refusal means.
//! HTML for people, JSON by `Accept`.

pub mod problems;
pub mod why;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, header};

use crate::http::{Code, Problem, negotiate};

/// Pages load nothing but their own style sheet.
const CSP: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The one style sheet.
pub async fn style() -> Response<Body> {
    let mut response = Response::new(Body::from(include_str!("../../templates/page.css")));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

/// A path that is no text.
fn unreadable() -> Problem {
    Problem::new(Code::InvalidRequest, "The path can't be read: what is encoded in it is not UTF-8.")
}

/// The page as HTML or as JSON, whichever the client prefers.
fn answer(
    headers: &HeaderMap,
    page: &impl askama::Template,
    json: &serde_json::Value,
) -> Result<Response<Body>, Problem> {
    let html = negotiate::wants_html(headers);
    let body = match html {
        true => {
            page.render().map_err(|e| Problem::new(Code::Internal, "The page could not be made.").log(e.to_string()))?
        }
        false => json.to_string(),
    };
    let mut response = Response::new(Body::from(body));
    let content_type = if html { "text/html; charset=utf-8" } else { "application/json" };
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept"),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
