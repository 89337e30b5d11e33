//! `/console/{org_id}/tokens/new`: the form that issues a token, and the page that shows it once.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::org::UserIdentifier;

use super::super::once;
use super::super::page::{Frame, Tab, Why, answer};
use super::super::seat::Seat;
use super::super::visitor::Answered;
use super::life::Choice;
use super::{AppState, minted};
use crate::app::App;
use crate::authority::{IssueTokens, ManageTokens, Needs};
use crate::http::form::Form;
use crate::issuing::{Lives, Minted};

#[derive(Template)]
#[template(path = "console/token_new.html")]
struct Page<'a> {
    frame: Frame<'a>,
    base: String,
    /// The list is for this role too.
    list: bool,
    form: &'a str,
    identifier: &'a str,
    choices: Vec<Choice>,
    days: &'a str,
    longest: String,
    wrong_identifier: bool,
    wrong_life: bool,
}

/// The form.
pub(in crate::console) async fn show(State(app): AppState, seat: Seat<IssueTokens>) -> Answered {
    form(&app, &seat)
}

/// A new form. `?identifier=…` fills it in: pages that end a token lead to its successor.
pub(super) fn form(app: &App, seat: &Seat<IssueTokens>) -> Answered {
    let identifier = seat.signed_in.visitor.asked("identifier");
    let identifier = if UserIdentifier::parse(&identifier).is_ok() { identifier.as_str() } else { "" };
    let typed = Typed { form: &once::fresh(app), identifier, life: "", days: "" };
    typed.shown(seat, false, false)
}

/// What stands in the form.
struct Typed<'a> {
    form: &'a str,
    identifier: &'a str,
    life: &'a str,
    days: &'a str,
}

impl Typed<'_> {
    fn shown(&self, seat: &Seat<IssueTokens>, wrong_identifier: bool, wrong_life: bool) -> Answered {
        let (visitor, lives) = (&seat.signed_in.visitor, Lives::of(seat.org()));
        let page = Page {
            frame: seat.frame(Tab::Tokens),
            base: seat.at("/tokens"),
            list: seat.may.role().has(ManageTokens::RIGHT),
            form: self.form,
            identifier: self.identifier.get(..255).unwrap_or(self.identifier),
            choices: lives.choices(&visitor.say, self.life),
            days: self.days.get(..5).unwrap_or(self.days),
            longest: lives.longest(&visitor.say),
            wrong_identifier,
            wrong_life,
        };
        let status = if wrong_identifier || wrong_life { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        answer(status, visitor, &page)
    }
}

/// Issues the token. The answer shows it; the same form again shows and makes nothing.
pub(in crate::console) async fn issue(State(app): AppState, seat: Seat<IssueTokens>, body: Body) -> Answered {
    let (visitor, fields) = (&seat.signed_in.visitor, Form::read(body).await?);
    let typed = Typed {
        form: fields.field("form"),
        identifier: fields.field("identifier"),
        life: fields.field("life"),
        days: fields.field("days"),
    };
    let once = once::mark(&app, visitor, typed.form)?;
    let identifier = UserIdentifier::parse(typed.identifier);
    let life = Lives::of(seat.org()).read(typed.life, typed.days);
    let (Ok(identifier), Ok(life)) = (&identifier, life) else {
        return typed.shown(&seat, identifier.is_err(), life.is_err());
    };
    let minted = Minted::new(&app, identifier.clone(), &seat.may.actor(), life);
    let audit = minted.issued(&app, &seat.may);
    let tokens = app.store.org_tokens();
    let issued = tokens.issue(seat.may.org(), &minted.row, &audit, Some(&once)).await;
    match issued.map_err(|e| visitor.failed(&e))? {
        true => minted::show(&app, &seat, &minted, None),
        false => Err(visitor.halt(Why::SentBefore)),
    }
}
