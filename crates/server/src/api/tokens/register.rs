//! `POST /api/v1/tokens`: register an address. The answer and the row written are the same for every address; what is
//! sent is decided by the worker that sends it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, http::HeaderMap};
use http::{Response, StatusCode};
use sekisho_core::email::EmailAddress;
use sekisho_core::id::MessageId;
use sekisho_core::language::Language;
use sekisho_store::{MessageKind, NewMessage};
use serde_json::json;

use crate::api::body::Fields;
use crate::api::store_problem;
use crate::app::App;
use crate::config::Registration;
use crate::exchange::Exchange;
use crate::http::{Code, Problem};
use crate::mail::Addresses;

/// Takes a registration.
pub async fn register(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let mut fields = Fields::read(&headers, body).await?;
    let email = fields.required("email", "an e-mail address such as you@example.com", |t| EmailAddress::parse(t).ok());
    let language = fields.optional("language", "\"en\" or \"ja\"", Language::parse);
    fields.finish()?;
    let Some(email) = email else { return Err(Problem::new(Code::InvalidRequest, "email is missing.")) };
    may_register(&app, &email)?;
    app.limiter.admit_registration(exchange.client)?;

    let now = app.clock.now();
    let told = app.origins.told_by_mail(&exchange.origin);
    let message = NewMessage {
        id: MessageId::mint(now, &*app.random),
        kind: MessageKind::Registration,
        email,
        language: language.unwrap_or_default(),
        base_url: told.api.clone(),
        payload: Addresses::of(told).registration(language.is_some()),
    };
    app.store.outbox().enqueue(&message, now).await.map_err(|e| store_problem(&e))?;
    app.mail_waits.notify_one();
    Ok(super::super::json(StatusCode::ACCEPTED, &json!({"message": said(language.unwrap_or_default())})))
}

fn said(language: Language) -> &'static str {
    match language {
        Language::En => "A mail is on its way to this address. It says what to do next.",
        Language::Ja => "このアドレスにメールを送信しました。次の手順はメールに記載されています。",
    }
}

/// Whether an address that has no account may get one.
pub(crate) fn may_register(app: &App, email: &EmailAddress) -> Result<(), Problem> {
    match app.settings.registration {
        Registration::Open => Ok(()),
        Registration::Domains
            if app.settings.registration_domains.iter().any(|d| d.eq_ignore_ascii_case(email.domain())) =>
        {
            Ok(())
        }
        Registration::Domains => Err(Problem::new(
            Code::RegistrationClosed,
            "Addresses of this domain can't register here. Ask the operator.",
        )),
        Registration::Off => {
            Err(Problem::new(Code::RegistrationClosed, "Nobody can register here. Ask the operator for a token."))
        }
    }
}
