//! `GET|HEAD /pypi/files/<name>/<file>.metadata` (PEP 658): always streamed, refused like the file itself. It is no
//! install and leaves no row.

use axum::body::Body;
use http::{HeaderValue, Response, header};
use sekisho_core::{Ecosystem, PackageName};

use crate::app::App;
use crate::http::Problem;
use crate::registry::Asked;

/// Streams the upstream's core metadata of a file that may be taken.
pub(super) async fn show(
    app: &App,
    asked: &Asked<'_>,
    name: &PackageName,
    file: &str,
) -> Result<Response<Body>, Problem> {
    let (_cleared, mut location) = super::gate(app, asked, name, file).await?;
    location.set_path(&format!("{}.metadata", location.path()));
    let opened = app.core_metadata(Ecosystem::Pypi, &location).await?;
    let mut response = Response::new(if asked.exchange.head { Body::empty() } else { Body::from_stream(opened.body) });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    if let Some(length) = opened.headers.get(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, length.clone());
    }
    Ok(response)
}
