//! `GET /problems/{code}`: what a refusal means and what to do.

use askama::Template;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use http::{HeaderMap, Response};
use serde_json::json;

use crate::http::{Code, Problem};

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    title: &'static str,
    meaning: &'static str,
    code: &'static str,
    status: u16,
}

/// Answers with the page of one code.
pub async fn show(path: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Result<Response<Body>, Problem> {
    let Path(code) = path.map_err(|_| super::unreadable())?;
    let code = Code::ALL
        .into_iter()
        .find(|c| c.as_str() == code)
        .ok_or_else(|| Problem::new(Code::NotFound, "There is no problem with this code."))?;
    let page =
        Page { title: code.title(), meaning: code.meaning(), code: code.as_str(), status: code.status().as_u16() };
    let body = json!({"code": page.code, "status": page.status, "title": page.title, "meaning": page.meaning});
    super::answer(&headers, &page, &body)
}
