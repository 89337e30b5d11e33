//! `GET /npm/-/npm/v1/keys`: what the registry signs with, for `npm audit signatures`.

use axum::body::Body;
use http::Response;
use sekisho_npm::signed;

use super::aside::{self, Aside};
use super::small;
use crate::app::App;
use crate::http::Problem;
use crate::registry::{Asked, upstream_problem};

/// Answers with the keys; `404` where the registry has none.
pub(super) async fn show(app: &App, asked: &Asked<'_>) -> Result<Response<Body>, Problem> {
    let problem = |e| upstream_problem(&e, "A key of this registry");
    let upstream = aside::common(app, asked).map_err(problem)?;
    let body = aside::fetch(app, asked, &upstream, Aside::Keys, "-/npm/v1/keys").await.map_err(problem)?;
    match signed::keys(&body) {
        Some(keys) => small::tagged(asked, keys),
        None => Err(aside::unusable("The registry's keys")),
    }
}
