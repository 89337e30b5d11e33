//! `POST /api/v1/tokens/regenerate`: a new key for the presented one, which answers `401` from then on.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::Response;

use super::Minted;
use crate::api::store_problem;
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::{Code, Problem};

/// Replaces the key. Of two calls at once exactly one gets a new key.
pub async fn regenerate(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
) -> Result<Response<Body>, Problem> {
    let known = exchange.personal()?;
    let minted = Minted::new(&app, &exchange);
    let changed = app
        .store
        .keys()
        .regenerate(known.row.id, &minted.row, &minted.notice, minted.now)
        .await
        .map_err(|e| store_problem(&e))?
        .ok_or_else(|| Problem::new(Code::InvalidToken, "This key was replaced or revoked a moment ago."))?;
    app.callers.forget(changed.revoked.iter().map(|revoked| revoked.hash));
    app.mail_waits.notify_one();
    Ok(minted.answer())
}
