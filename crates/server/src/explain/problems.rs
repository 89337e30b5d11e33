//! `GET /problems/{code}`: what a refusal means and what to do, in the reader's language.

use askama::Template;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path};
use http::{HeaderMap, HeaderValue, Response, header};
use serde_json::json;

use crate::console::text::Say;
use crate::console::visitor::reader;
use crate::exchange::Exchange;
use crate::http::{Code, Problem};

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    title: &'static str,
    meaning: &'static str,
    code: &'static str,
    status: u16,
    say: Say,
}

/// Answers with the page of one code.
pub async fn show(
    Extension(exchange): Extension<Exchange>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let Path(code) = path.map_err(|_| super::unreadable())?;
    let code = Code::ALL
        .into_iter()
        .find(|c| c.as_str() == code)
        .ok_or_else(|| Problem::new(Code::NotFound, "There is no problem with this code."))?;
    let say = reader(&headers, &exchange.origin);
    let page = Page {
        title: code.title(say.0),
        meaning: code.meaning(say.0),
        code: code.as_str(),
        status: code.status().as_u16(),
        say,
    };
    let body = json!({"code": page.code, "status": page.status, "title": page.title, "meaning": page.meaning});
    let mut response = super::answer(&headers, &page, &body)?;
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Cookie"));
    Ok(response)
}
