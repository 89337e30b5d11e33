//! `GET /pypi/simple/`: the list of projects. The upstream's own list is tens of megabytes that no installer reads, so
//! this one is empty, and valid.

use axum::body::Body;
use http::{HeaderValue, Response, header};
use sekisho_pypi::{Form, negotiate, root};

use crate::http::{Code, Problem};
use crate::registry::Asked;
use crate::registry::metadata::{self, Rendered};

/// Answers with the list.
pub(super) fn show(asked: &Asked<'_>) -> Result<Response<Body>, Problem> {
    let accept = asked.parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let answer = negotiate(accept).map_err(|_| super::project::not_acceptable())?;
    let (body, etag) = match answer.form {
        Form::Json => (root::render_json(std::iter::empty()), "\"root-json\""),
        Form::Html => (root::render_html(std::iter::empty()), "\"root-html\""),
    };
    let rendered = Rendered::make(body, HeaderValue::from_static(etag), false)
        .map_err(|why| Problem::new(Code::Internal, "The answer could not be made.").log(why.to_string()))?;
    Ok(metadata::answer(asked, &rendered, answer.content_type, None))
}
