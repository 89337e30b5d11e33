//! `POST /login/{page}/code`: the person types the code from the mail, and the package manager may have its key.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode};
use sekisho_core::code::PlainCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::AttemptId;
use sekisho_store::{ATTEMPT_LIMIT, ATTEMPT_WINDOW, LoginState, StoreError};

use super::note::Note;
use super::page::{PagePath, Visit};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::Problem;
use crate::http::form::Form;

/// What came of a code.
enum Tried {
    Right,
    /// So many more may be tried.
    Wrong(i64),
    /// This address and network had their tries: it was not looked at.
    TooMany,
}

/// Confirms the login by its code.
pub async fn enter(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    path: PagePath,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let visit = match Visit::with_form(&app, &exchange, path, &headers, |state| state == LoginState::Asked).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let form = Form::read(body).await?;
    let Some(email) = visit.login.email.clone() else { return visit.answer(StatusCode::CONFLICT, visit.due()) };
    // Here too, and not only where the address is given: whoever set the trap gives the address himself.
    if visit.elsewhere() && form.field("mine") != "yes" {
        return visit.answer(StatusCode::BAD_REQUEST, visit.code(Some(visit.say.t("login-not-ticked"))));
    }
    let network = exchange.client.to_string();
    match attempt(&app, &visit, &email, &network, form.field("code")).await {
        Ok(Tried::Right) => visit.go_on(),
        Ok(Tried::Wrong(left)) if left > 0 => {
            visit.answer(StatusCode::BAD_REQUEST, visit.code(Some(visit.say.a("login-wrong-code", "left", left))))
        }
        Ok(Tried::Wrong(_) | Tried::TooMany) => visit.note(StatusCode::TOO_MANY_REQUESTS, Note::TooManyCodes),
        Err(error) => visit.unavailable(&error),
    }
}

/// Every try counts, one that can't be a code too, and before it is looked at; the same tries as for a reset.
async fn attempt(
    app: &App,
    visit: &Visit<'_>,
    email: &EmailAddress,
    network: &str,
    typed: &str,
) -> Result<Tried, StoreError> {
    let now = app.clock.now();
    let attempts = app.store.attempts();
    if !attempts.begin(AttemptId::mint(now, &*app.random), email, network, now).await? {
        return Ok(Tried::TooMany);
    }
    let right = match PlainCode::parse(typed) {
        Some(code) => {
            let mac = code.mac_for_login(visit.login.id, email, &app.secret);
            app.store.logins().confirm(visit.login.id, email, &mac, now).await?
        }
        None => false,
    };
    if !right {
        let failures = attempts.failures_since(email, network, now.minus(ATTEMPT_WINDOW)).await?;
        return Ok(Tried::Wrong(ATTEMPT_LIMIT - failures));
    }
    // The login is confirmed whatever becomes of this clean-up: a failure only leaves a try counted.
    if let Err(error) = attempts.forgive(email, network).await {
        tracing::warn!("a used code's tries were not forgiven: {error}");
    }
    Ok(Tried::Right)
}
