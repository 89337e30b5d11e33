//! `GET|HEAD /pypi/files/<name>/<file>`: an artifact.

use axum::body::Body;
use http::Response;

use crate::app::App;
use crate::http::Problem;
use crate::registry::{Asked, artifact};
use crate::sources::Admitted;

/// Answers with the way to the upstream's file; `403` if its release is refused.
pub(super) async fn take(app: &App, asked: &Asked<'_>, name: &Admitted, file: &str) -> Result<Response<Body>, Problem> {
    let (cleared, location) = super::gate(app, asked, name, file).await?;
    if asked.exchange.head {
        return app.artifact_head(name, &location).await;
    }
    let permit = app.recorder.take(cleared, file, asked.exchange).await?;
    artifact::redirect(permit, &location)
}
