//! `DELETE /o/{org_id}/guard/org-user-tokens/by-id/{token_id}`: ends a token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use http::{Response, StatusCode};
use serde_json::json;

use super::named;
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{ManageTokens, May};
use crate::http::Problem;

/// Revokes a token. From the next request on it answers `401` here, and within a second on every other node. Again is no
/// mistake, and leaves no second row in the audit log.
pub async fn revoke(
    State(app): State<Arc<App>>,
    may: May<ManageTokens>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response<Body>, Problem> {
    let row = named(&app, may.org(), &id).await?;
    let detail = json!({"user_identifier": row.identifier.as_str(), "prefix": row.hint});
    let audit = may.audit(&app, app.clock.now(), "token.revoked", row.id.to_string(), detail);
    let revoked = app.store.org_tokens().revoke(may.org(), row.id, &audit).await.map_err(|e| store_problem(&e))?;
    app.callers.forget(revoked);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
