//! `/sign-in/code`: the person types the code from the mail, in the browser that asked for it and in no other.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::browser::BrowserSecret;
use sekisho_core::code::PlainCode;
use sekisho_store::{Confirmed, SignIn};

use super::super::cookie::Cookie;
use super::super::page::{Frame, Halt, Why, answer, safe_next, see_other};
use super::super::visitor::{Answered, Visitor};
use super::{AppState, Beginning, end_earlier, private};
use crate::app::App;
use crate::http::form::Form;

#[derive(Template)]
#[template(path = "console/sign_in_code.html")]
struct Page<'a> {
    frame: Frame<'a>,
    next: &'a str,
    email: &'a str,
    /// The server's own folder holds the mails.
    mailbox: bool,
    /// The code was wrong, and so many more may be tried.
    wrong: Option<i64>,
}

/// The form, for the browser that asked.
pub(in crate::console) async fn show(State(app): AppState, visitor: Visitor) -> Answered {
    private(&visitor)?;
    let next = visitor.asked("next");
    match waiting(&app, &visitor).await? {
        Some(sign_in) => form(&app, &visitor, &next, &sign_in, None),
        None => Ok(see_other(&visitor, "/sign-in")),
    }
}

fn form(app: &App, visitor: &Visitor, next: &str, sign_in: &SignIn, wrong: Option<i64>) -> Answered {
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mailbox = app.settings.mail.transport == crate::config::MailTransport::Mailbox;
    let (frame, email, next) = (visitor.frame(), sign_in.email.as_str(), safe_next(next));
    answer(status, visitor, &Page { frame, next, email, mailbox, wrong })
}

async fn waiting(app: &App, visitor: &Visitor) -> Result<Option<SignIn>, Halt> {
    let cookie = Cookie::SignIn.read(&visitor.headers, visitor.transport);
    let Some(secret) = cookie.and_then(BrowserSecret::parse) else { return Ok(None) };
    app.store.sign_ins().find(&secret.hash(), app.clock.now()).await.map_err(|e| visitor.failed(&e))
}

/// Tries the code.
pub(in crate::console) async fn enter(State(app): AppState, visitor: Visitor, body: Body) -> Answered {
    private(&visitor)?;
    let fields = Form::read(body).await?;
    let next = fields.field("next");
    let Some(sign_in) = waiting(&app, &visitor).await? else { return Ok(see_other(&visitor, "/sign-in")) };
    let code = PlainCode::parse(fields.field("code"));
    let mac = code.map(|code| code.mac_for_sign_in(sign_in.id, &sign_in.email, &app.secret));
    let beginning = Beginning::of(&app, &visitor, &sign_in.email, "");
    let now = app.clock.now();
    let tried = app.store.sign_ins().confirm(sign_in.id, mac.as_ref(), &beginning.session, now).await;
    match tried.map_err(|e| visitor.failed(&e))? {
        Confirmed::SignedIn => {
            end_earlier(&app, &visitor).await?;
            Ok(beginning.signed_in(&visitor, safe_next(next)))
        }
        Confirmed::Wrong(left) if left > 0 => form(&app, &visitor, next, &sign_in, Some(left)),
        Confirmed::Wrong(_) | Confirmed::Over => Err(visitor.halt(Why::CodeOver)),
    }
}
