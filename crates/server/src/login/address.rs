//! `POST /login/{page}/address`: the person says who he is. The same rows are written for every address; whether a code is
//! sent is decided by the worker that sends it.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode};
use sekisho_core::email::EmailAddress;
use sekisho_core::id::MessageId;
use sekisho_store::{LoginState, MessageKind, NewMessage};

use super::note::Note;
use super::page::{PagePath, Visit};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::Problem;
use crate::http::form::Form;
use crate::mail::Addresses;

/// Takes the address down and has a code sent there. Asked again, it takes another address, or sends another code.
pub async fn give(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    path: PagePath,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let waits = |state| matches!(state, LoginState::Open | LoginState::Asked);
    let visit = match Visit::with_form(&app, &exchange, path, &headers, waits).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let form = Form::read(body).await?;
    let typed = form.field("email");
    let Ok(email) = EmailAddress::parse(typed) else {
        return visit.answer(StatusCode::BAD_REQUEST, visit.address(typed, Some("login-not-an-address")));
    };
    if visit.elsewhere() && form.field("mine") != "yes" {
        return visit.answer(StatusCode::BAD_REQUEST, visit.address(typed, Some("login-not-ticked")));
    }
    if app.limiter.admit_registration(exchange.client).is_err() {
        return visit.note(StatusCode::TOO_MANY_REQUESTS, Note::TooManyMails);
    }
    let now = app.clock.now();
    let told = app.origins.told_by_mail(&exchange.origin);
    let message = NewMessage {
        id: MessageId::mint(now, &*app.random),
        kind: MessageKind::LoginCode,
        email,
        language: visit.say.0,
        base_url: told.api.clone(),
        payload: Addresses::of(told).login(&visit.login, ""),
    };
    match app.store.logins().ask(visit.login.id, &message, now).await {
        Ok(asked) => {
            if asked {
                app.mail_waits.notify_one();
            }
            visit.go_on()
        }
        Err(error) => visit.unavailable(&error),
    }
}
