//! `GET|HEAD /pypi/files/<name>/<file>`: an artifact.

use axum::body::Body;
use http::Response;

use crate::app::App;
use crate::http::Problem;
use crate::registry::Asked;
use crate::sources::Admitted;

/// Answers with the file; `403` if its release is refused.
pub(super) async fn take(app: &App, asked: &Asked<'_>, name: &Admitted, file: &str) -> Result<Response<Body>, Problem> {
    let (cleared, wanted) = super::gate(app, asked, name, file).await?;
    app.artifact(asked, cleared, file, &wanted).await
}
