//! `POST /o/{org_id}/guard/org-user-tokens/by-id/{token_id}/rotate`: a new token in an old one's place.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use http::{HeaderMap, Response, StatusCode};
use sekisho_store::Rotated;

use super::{Minted, longest_life, named, repeated};
use crate::api::body::Fields;
use crate::api::idempotency::Call;
use crate::api::{gone_meanwhile, json, store_problem};
use crate::app::App;
use crate::authority::{ManageTokens, May};
use crate::http::{Code, Problem};

/// Longest time for which the old token keeps working: 30 days.
const LONGEST_OVERLAP: i64 = 30 * 86_400;

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
    // A token whose end was moved by an overlap is not rotated again; of all others this is the life they were given.
    let life = old.expires_at.map(|end| i64::try_from(end.since(old.created_at).as_secs()).unwrap_or(i64::MAX));
    let most = longest_life(&app, may.org()).await?;
    let life = [life, most].into_iter().flatten().min();
    let minted = Minted::new(&app, old.identifier.clone(), &may.actor(), life);
    let mut answer = minted.answer();
    answer["replaces"] = old.id.to_string().into();
    let mut told = minted.told();
    told["replaced_by"] = minted.row.id.to_string().into();
    told["overlap_seconds"] = overlap.unwrap_or_default().into();
    let audit = may.audit(&app, minted.now, "token.rotated", old.id.to_string(), told);
    let old_ends = overlap.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
    let old_ends = old_ends.map(|seconds| minted.now.plus(Duration::from_secs(seconds)));
    let once = call.as_ref().map(|call| call.keep(&app, StatusCode::OK, &answer));
    let tokens = app.store.org_tokens();
    let rotated = tokens.rotate(may.org(), old.id, &minted.row, old_ends, &audit, once.as_ref()).await;
    match rotated.map_err(|e| store_problem(&e))? {
        Rotated::Done { old } => {
            app.callers.forget([old]);
            Ok(json(StatusCode::OK, &answer))
        }
        Rotated::Repeated => repeated(&app, &may, call.as_ref()).await?.ok_or_else(gone_meanwhile),
        Rotated::Before => {
            Err(Problem::new(Code::AlreadyRotated, "This token was rotated before: rotate the one that replaced it."))
        }
        Rotated::Absent => {
            Err(Problem::new(Code::TokenNotActive, "This token was revoked or has reached its end: issue a new one."))
        }
    }
}
