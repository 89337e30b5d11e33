//! Pages that explain: what was decided about a release and on which record, and what a refusal means.
//! HTML for people, JSON by `Accept`.

pub mod problems;
pub(crate) mod verdict;
pub mod why;

use axum::body::Body;
use axum::extract::RawQuery;
use http::{HeaderMap, HeaderValue, Response, header};

use crate::http::{Code, Problem, negotiate};

/// Pages load nothing but their own style sheet and their icon.
const CSP: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The one style sheet. Pages name it with [`style_version`].
pub async fn style(RawQuery(query): RawQuery) -> Response<Body> {
    asset(STYLE, "text/css; charset=utf-8", query)
}

/// The gate that stands before a page's title. Browsers look for it at `/favicon.ico` where no page names it.
pub async fn icon(RawQuery(query): RawQuery) -> Response<Body> {
    asset(ICON, "image/svg+xml", query)
}

/// A file that pages load. Named with its [version](version_of) it may be kept for good: another text has another address.
/// Asked for without it, it is looked at anew after an hour.
pub(crate) fn asset(text: &'static str, content_type: &'static str, query: Option<String>) -> Response<Body> {
    let named = query.is_some_and(|query| query == format!("v={}", version_of(text)));
    let kept = if named { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An icon that is opened by itself is a document.
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    response
}

const STYLE: &str = include_str!("../../templates/page.css");
const ICON: &str = include_str!("../../templates/icon.svg");

/// What tells one style sheet from another, for its address in pages.
pub fn style_version() -> String {
    version_of(STYLE)
}

/// The same of the icon.
pub fn icon_version() -> String {
    version_of(ICON)
}

/// What tells one text from another.
pub(crate) fn version_of(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) // FNV-1a
    });
    format!("{hash:016x}")
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
    Ok(respond(body, if html { "text/html; charset=utf-8" } else { "application/json" }))
}

/// An answer that is not kept, and that a browser does nothing with but show it.
fn respond(body: String, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
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
    response
}
