//! `GET|HEAD /pypi/files/<name>/<file>.metadata` (PEP 658): always passed through, refused like the file itself. It is no
//! install and leaves no row.

use axum::body::Body;
use http::{HeaderValue, Response, header};

use crate::app::App;
use crate::http::Problem;
use crate::registry::Asked;
use crate::sources::Admitted;

/// Answers with the upstream's core metadata of a file that may be taken.
pub(super) async fn show(app: &App, asked: &Asked<'_>, name: &Admitted, file: &str) -> Result<Response<Body>, Problem> {
    let (_cleared, wanted) = super::gate(app, asked, name, file).await?;
    let mut location = wanted.url;
    location.set_path(&format!("{}.metadata", location.path()));
    let bytes = app.core_metadata(&wanted.upstream, &location).await?;
    let length = HeaderValue::from(bytes.len());
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    Ok(response)
}
