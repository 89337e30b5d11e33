//! `DELETE /api/v1/tokens`: ends the presented key; with an account's last key its address is erased.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::{Response, StatusCode};

use crate::api::store_problem;
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::{Code, Problem};

/// Revokes the key; from the next request on it answers `401` in every ecosystem.
pub async fn revoke(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
) -> Result<Response<Body>, Problem> {
    end(&app, &exchange).await
}

/// Ends the key that the request presented, by whichever address it was asked for.
pub(crate) async fn end(app: &App, exchange: &Exchange) -> Result<Response<Body>, Problem> {
    let known = exchange.personal()?;
    let now = app.clock.now();
    let notice = super::notice(app, exchange, &known.row.hint, now);
    let changed = app
        .store
        .keys()
        .revoke(known.row.id, &notice, now)
        .await
        .map_err(|e| store_problem(&e))?
        .ok_or_else(|| Problem::new(Code::InvalidToken, "This key was replaced or revoked a moment ago."))?;
    app.callers.forget(changed.revoked.iter().map(|revoked| revoked.hash));
    app.mail_waits.notify_one();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
