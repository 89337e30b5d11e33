//! `/sign-in`: the person gives the address. The same rows are written for every one; the worker decides whether a code is
//! sent.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::browser::BrowserSecret;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{MessageId, SignInId};
use sekisho_store::{MessageKind, NewMessage, NewSignIn, SIGN_IN_LIFETIME};

use super::super::cookie::Cookie;
use super::super::page::{Frame, Why, answer, safe_next, see_other};
use super::super::visitor::{Answered, Visitor};
use super::{AppState, private};
use crate::agent;
use crate::app::App;
use crate::http::form::Form;
use crate::mail::Addresses;

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct Page<'a> {
    frame: Frame<'a>,
    next: &'a str,
    typed: &'a str,
    wrong: bool,
    first: bool,
    /// The identity provider's name, where there is one, and the way to it.
    provider: Option<(String, String)>,
}

/// The form.
pub(in crate::console) async fn show(State(app): AppState, visitor: Visitor) -> Answered {
    private(&visitor)?;
    let next = visitor.asked("next");
    if visitor.session.is_some() {
        return Ok(see_other(&visitor, safe_next(&next)));
    }
    form(&app, &visitor, &next, "", false).await
}

async fn form(app: &App, visitor: &Visitor, next: &str, typed: &str, wrong: bool) -> Answered {
    let first = !app.store.owner_codes().somebody_owns().await.map_err(|e| visitor.failed(&e))?;
    let typed = typed.get(..254).unwrap_or(typed);
    let (next, provider) = (safe_next(next), provider(app, safe_next(next)));
    let page = Page { frame: visitor.frame(), next, typed, wrong, first, provider };
    answer(if wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK }, visitor, &page)
}

fn provider(app: &App, next: &str) -> Option<(String, String)> {
    let oidc = &app.settings.console.oidc;
    let issuer = oidc.issuer.as_deref()?;
    let host = || url::Url::parse(issuer).ok()?.host_str().map(str::to_owned);
    let next = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    Some((oidc.name.clone().or_else(host).unwrap_or_default(), format!("/sign-in/provider?{next}")))
}

/// Takes the address down and has a code sent there.
pub(in crate::console) async fn give(State(app): AppState, visitor: Visitor, body: Body) -> Answered {
    private(&visitor)?;
    let fields = Form::read(body).await?;
    let (typed, next) = (fields.field("email"), fields.field("next"));
    let Ok(email) = EmailAddress::parse(typed) else { return form(&app, &visitor, next, typed, true).await };
    if app.limiter.admit_sign_in(visitor.exchange.client).is_err() {
        return Err(visitor.halt(Why::TooMany));
    }
    let (now, secret, language) = (app.clock.now(), BrowserSecret::mint(&*app.random), visitor.say.0);
    let new = NewSignIn { id: SignInId::mint(now, &*app.random), browser: secret.hash(), email, language };
    let told = app.origins.told_by_mail(&visitor.exchange.origin);
    let agent = agent::browser(&visitor.headers);
    let message = NewMessage {
        id: MessageId::mint(now, &*app.random),
        kind: MessageKind::SignInCode,
        email: new.email.clone(),
        language,
        base_url: told.api.clone(),
        payload: Addresses::of(told).sign_in(new.id, &agent, &visitor.exchange.client.to_string(), now),
    };
    app.store.sign_ins().begin(&new, &message, now).await.map_err(|e| visitor.failed(&e))?;
    app.mail_waits.notify_one();
    let next = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", safe_next(next)).finish();
    let mut response = see_other(&visitor, &format!("/sign-in/code?{next}"));
    let age = SIGN_IN_LIFETIME.as_secs();
    Cookie::SignIn.set(response.headers_mut(), visitor.transport, secret.expose(), Some(age));
    Ok(response)
}
