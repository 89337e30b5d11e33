//! `POST /api/v1/leaks`: takes found tokens and revokes the real ones. Whoever holds a token's text may end it, so no
//! credential is asked for; nothing that the finder wrote is kept or sent on.
//!
//! There are two forms: our own, and that of GitHub's secret scanning partner programme, which is told apart by its
//! signature.

mod end;
mod github;
pub(crate) mod keys;

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, http::HeaderMap};
use http::{Response, StatusCode};
use sekisho_core::token::PlainToken;
use sekisho_store::LeakEnd;
use serde_json::json;

use super::body::Fields;
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::Problem;
use crate::limits::Counted;

/// Most tokens of one call in our form.
const MOST: usize = 100;

/// Revokes what is real, and tells those whom it belongs to by mail.
pub async fn report(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    if github::is_signed(&headers) {
        return github::report(&app, &exchange, &headers, body).await;
    }
    let mut fields = Fields::read(&headers, body).await?;
    let texts = fields.texts("tokens", MOST);
    fields.finish()?;
    let mut seen = HashSet::new();
    let mut tokens: Vec<PlainToken> = texts.iter().filter_map(|text| read(text)).collect();
    tokens.retain(|token| seen.insert(token.hash()));
    // Each costs the database a look, as a request with a token that nobody has seen does. All are counted before the
    // first is looked at, so that a report is taken whole or not at all.
    for _ in &tokens {
        app.limiter.admit(Counted::Unseen(exchange.client)).await?;
    }
    let mut revoked = 0;
    for token in &tokens {
        revoked += u32::from(end::end(&app, &exchange, token, "report").await? == LeakEnd::Ended);
    }
    Ok(super::json(StatusCode::OK, &json!({"received": texts.len(), "revoked": revoked})))
}

/// A token as it is found: bare, or a bot's key as it is sent, with the bot's id behind it.
fn read(text: &str) -> Option<PlainToken> {
    PlainToken::parse(text.split(':').next()?).ok()
}
