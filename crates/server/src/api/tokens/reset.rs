//! `POST /api/v1/tokens/reset`: trades a mailed one-time code for a new key; every earlier key of the account ends.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, http::HeaderMap};
use http::Response;
use sekisho_core::code::PlainCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::AttemptId;

use super::Minted;
use crate::api::body::Fields;
use crate::api::store_problem;
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::{Code, Problem};

/// Resets the account's keys.
pub async fn reset(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let mut fields = Fields::read(&headers, body).await?;
    let email = fields.required("email", "an e-mail address such as you@example.com", |t| EmailAddress::parse(t).ok());
    // Whatever was typed as a code gets one and the same answer; only another type than text is an invalid request.
    let code = fields.required("code", "the code from the mail", |t| Some(PlainCode::parse(t)));
    fields.finish()?;
    app.limiter.admit_registration(exchange.client)?;
    let (Some(email), Some(Some(code))) = (email, code) else { return Err(invalid()) };

    let minted = Minted::new(&app, &exchange);
    let network = exchange.client.to_string();
    let attempts = app.store.attempts();
    if !attempts
        .begin(AttemptId::mint(minted.now, &*app.random), &email, &network, minted.now)
        .await
        .map_err(|e| store_problem(&e))?
    {
        return Err(invalid());
    }
    let mac = code.mac(&email, &app.secret);
    let changed = app
        .store
        .keys()
        .reset(&email, &mac, &minted.row, &minted.notice, minted.now)
        .await
        .map_err(|e| store_problem(&e))?
        .map_err(|_| invalid())?;
    app.callers.forget(changed.revoked.iter().map(|revoked| revoked.hash));
    app.mail_waits.notify_one();
    // The new key exists whatever becomes of this clean-up: a failure only leaves a try counted.
    if let Err(error) = attempts.forgive(&email, &network).await {
        tracing::warn!("a used code's tries were not forgiven: {error}");
    }
    Ok(minted.answer())
}

fn invalid() -> Problem {
    Problem::new(
        Code::InvalidCode,
        "The code is wrong, used or expired. Register the address again to get a new one by mail.",
    )
}
