//! The organisation API: `/o/{org_id}/guard/`. Every handler takes a [`May`](crate::authority::May), and with it the right.

pub mod audit;
pub mod installs;
pub mod issue;
pub mod list;
pub mod probe;
pub mod revoke;
pub mod rotate;

use axum::body::Body;
use http::Response;
use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_store::OrgTokenRow;
use serde_json::{Value, json};

use crate::api::idempotency::{Call, Kept};
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{May, Needs};
use crate::http::{Code, Problem};
use crate::issuing::Minted;

/// What an identifier is made of, as a problem says it.
const IDENTIFIER: &str = "4 to 255 characters out of A-Z, a-z, 0-9 and . _ @ + -";

/// The only answer that shows a new token.
fn answer(minted: &Minted) -> Value {
    json!({
        "id": minted.row.id.to_string(),
        "token": minted.plain.expose(),
        "user_identifier": minted.row.identifier.as_str(),
        "prefix": minted.plain.hint(),
        "created_at": minted.now.to_string(),
        "expires_at": minted.row.expires_at.map(|at| at.to_string()),
    })
}

/// A token as it is shown; never a secret.
fn shown(row: &OrgTokenRow, now: Timestamp) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": row.id.to_string(),
        "user_identifier": row.identifier.as_str(),
        "prefix": row.hint,
        "status": row.status(now).as_str(),
        "created_at": row.created_at.to_string(),
        "expires_at": time(row.expires_at),
        "last_used_at": time(row.last_used_at),
        "revoked_at": time(row.revoked_at),
        "replaces": row.replaces.map(|id| id.to_string()),
        "replaced_by": row.replaced_by.map(|id| id.to_string()),
    })
}

/// The answer that this call had before, if it is a repeated one. It shows the token again, and the audit log says so.
async fn repeated<N: Needs>(app: &App, may: &May<N>, call: Option<&Call>) -> Result<Option<Response<Body>>, Problem> {
    let Some(call) = call else { return Ok(None) };
    let Some(Kept { status, body }) = call.answered(app).await? else { return Ok(None) };
    let detail = json!({"user_identifier": body["user_identifier"], "prefix": body["prefix"]});
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let audit = may.audit(app, app.clock.now(), "token.shown_again", id, detail);
    app.store.audit().note(may.org(), &audit).await.map_err(|e| store_problem(&e))?;
    Ok(Some(crate::api::json(status, &body)))
}

/// The token that a path names, of this organisation.
async fn named(app: &App, org: OrgId, id: &str) -> Result<OrgTokenRow, Problem> {
    let missing = || Problem::new(Code::NotFound, "The organisation has no token with this id.");
    let id = OrgTokenId::parse(id).ok_or_else(missing)?;
    app.store.org_tokens().find(org, id).await.map_err(|e| store_problem(&e))?.ok_or_else(missing)
}
