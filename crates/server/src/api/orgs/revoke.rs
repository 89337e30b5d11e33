//! `DELETE /o/{org_id}/guard/org-user-tokens/by-id/{token_id}`: ends a token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use http::{Response, StatusCode};

use super::named;
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{ManageTokens, May};
use crate::http::Problem;
use crate::issuing;

/// Revokes a token; again is no mistake.
pub async fn revoke(
    State(app): State<Arc<App>>,
    may: May<ManageTokens>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response<Body>, Problem> {
    let row = named(&app, may.org(), &id).await?;
    issuing::revoke(&app, &may, &row).await.map_err(|e| store_problem(&e))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
