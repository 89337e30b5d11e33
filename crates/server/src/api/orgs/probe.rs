//! `POST /o/{org_id}/guard/org-user-tokens/probe`: whether a token counts, and whose it is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::TokenStatus;
use serde_json::json;

use super::shown;
use crate::api::body::Fields;
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{IssueTokens, May};
use crate::http::Problem;

/// Another organisation's token, an unknown and a dead one get one and the same answer.
pub async fn probe(
    State(app): State<Arc<App>>,
    may: May<IssueTokens>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let mut fields = Fields::read(&headers, body).await?;
    fields.only(&["token"]);
    // Whatever was sent as a token gets an answer; only another type than text is an invalid request.
    let token = fields.required("token", "the token", |text| Some(PlainToken::parse(text).ok()));
    fields.finish()?;
    may.still(&app).await?;
    let token = token.flatten().filter(|token| token.kind() == TokenKind::Organisation);
    let row = match token {
        Some(token) => app.store.org_tokens().find_by_hash(&token.hash()).await.map_err(|e| store_problem(&e))?,
        None => None,
    };
    let now = app.clock.now();
    let row = row.filter(|row| row.org == may.org() && row.status(now) == TokenStatus::Active);
    let answer = match row {
        Some(row) => {
            let mut answer = shown(&row, now);
            answer["active"] = true.into();
            answer
        }
        None => json!({"active": false}),
    };
    Ok(crate::api::json(StatusCode::OK, &answer))
}
