//! `GET /problems/{code}`: what a refusal means and what to do, in the reader's language.

use askama::Template;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use http::{HeaderMap, HeaderValue, Response, header};
use sekisho_core::Language;
use serde_json::json;

use crate::http::{Code, Problem, negotiate};

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    title: &'static str,
    meaning: &'static str,
    code: &'static str,
    status: u16,
    language: Language,
}

impl Page {
    fn code_label(&self) -> &'static str {
        match self.language {
            Language::En => "Code",
            Language::Ja => "コード",
        }
    }

    fn status_label(&self) -> &'static str {
        match self.language {
            Language::En => "HTTP status",
            Language::Ja => "HTTP ステータス",
        }
    }
}

/// Answers with the page of one code.
pub async fn show(path: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Result<Response<Body>, Problem> {
    let Path(code) = path.map_err(|_| super::unreadable())?;
    let code = Code::ALL
        .into_iter()
        .find(|c| c.as_str() == code)
        .ok_or_else(|| Problem::new(Code::NotFound, "There is no problem with this code."))?;
    let language = negotiate::language(&headers);
    let page = Page {
        title: code.title(language),
        meaning: code.meaning(language),
        code: code.as_str(),
        status: code.status().as_u16(),
        language,
    };
    let body = json!({"code": page.code, "status": page.status, "title": page.title, "meaning": page.meaning});
    let mut response = super::answer(&headers, &page, &body)?;
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language"));
    Ok(response)
}
