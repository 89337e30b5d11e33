//! `POST /api/v1/leaks`: takes found tokens and revokes the real ones. Whoever holds a token's text may end it, so no
//! credential is asked for; nothing that the finder wrote is kept or sent on.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, http::HeaderMap};
use http::{Response, StatusCode};
use sekisho_core::token::PlainToken;
use serde_json::json;

use super::body::Fields;
use super::{store_problem, tokens};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::Problem;

/// Most tokens of one call.
const MOST: usize = 100;

/// Revokes what is real, and tells each owner by mail.
pub async fn report(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let mut fields = Fields::read(&headers, body).await?;
    let texts = fields.texts("tokens", MOST);
    fields.finish()?;
    let mut revoked = 0;
    for token in texts.iter().filter_map(|text| PlainToken::parse(text).ok()) {
        revoked += u32::from(revoke(&app, &exchange, &token).await?);
    }
    Ok(super::json(StatusCode::OK, &json!({"received": texts.len(), "revoked": revoked})))
}

async fn revoke(app: &App, exchange: &Exchange, token: &PlainToken) -> Result<bool, Problem> {
    let now = app.clock.now();
    let Some(row) = app.store.tokens().find_by_hash(&token.hash()).await.map_err(|e| store_problem(&e))? else {
        return Ok(false);
    };
    let notice = tokens::notice(app, exchange, &row.hint, now);
    let changed = app.store.keys().revoke(row.id, &notice, now).await.map_err(|e| store_problem(&e))?;
    if let Some(changed) = &changed {
        app.callers.forget(changed.revoked.iter().map(|revoked| revoked.hash));
        app.mail_waits.notify_one();
    }
    Ok(changed.is_some())
}
