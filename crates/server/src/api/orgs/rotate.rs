//! `POST /o/{org_id}/guard/org-user-tokens/by-id/{token_id}/rotate`: a new token in an old one's place.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use http::{HeaderMap, Response, StatusCode};
use sekisho_store::Rotated;

use super::{answer, named, repeated};
use crate::api::body::Fields;
use crate::api::idempotency::Call;
use crate::api::{gone_meanwhile, json, store_problem};
use crate::app::App;
use crate::authority::{ManageTokens, May};
use crate::http::{Code, Problem};
use crate::issuing::{LONGEST_OVERLAP, Rotation};

/// Rotates a token. The new one lives as long as the old one was to live, within what the organisation allows.
pub async fn rotate(
    State(app): State<Arc<App>>,
    may: May<ManageTokens>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let mut fields = Fields::read_if_any(&headers, body).await?;
    fields.only(&["overlap_seconds"]);
    let overlap = fields.number("overlap_seconds", 0..=LONGEST_OVERLAP);
    let asked = fields.canonical();
    fields.finish()?;
    let call = Call::of(&app, &headers, &may.actor(), &["rotate", &id, &asked])?;
    if let Some(answer) = repeated(&app, &may, call.as_ref()).await? {
        return Ok(answer);
    }

    let old = named(&app, may.org(), &id).await?;
    let rotation = Rotation::prepare(&app, &may, &old, overlap.unwrap_or_default()).await;
    let rotation = rotation.map_err(|e| store_problem(&e))?;
    let mut answer = answer(&rotation.minted);
    answer["replaces"] = old.id.to_string().into();
    let once = call.as_ref().map(|call| call.keep(&app, StatusCode::OK, &answer));
    match rotation.carry_out(&app, once.as_ref()).await.map_err(|e| store_problem(&e))? {
        Rotated::Done { .. } => Ok(json(StatusCode::OK, &answer)),
        Rotated::Repeated => repeated(&app, &may, call.as_ref()).await?.ok_or_else(gone_meanwhile),
        Rotated::Before => {
            Err(Problem::new(Code::AlreadyRotated, "This token was rotated before: rotate the one that replaced it."))
        }
        Rotated::Absent => {
            Err(Problem::new(Code::TokenNotActive, "This token was revoked or has reached its end: issue a new one."))
        }
    }
}
