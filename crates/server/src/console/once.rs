//! Forms that count once. A page that shows a secret shows it in the answer to its form, and a browser sends a form again
//! when that answer is reloaded: a random text in the form tells the second time from the first.

use sekisho_core::browser::BrowserSecret;
use sekisho_store::NewRepeat;

use super::page::{Halt, Why};
use super::visitor::Visitor;
use crate::app::App;

/// The text of a new form, for its hidden field `form`.
pub(super) fn fresh(app: &App) -> String {
    BrowserSecret::mint(&*app.random).expose().to_owned()
}

/// The mark of this form, to be stored with what it does. Nothing of the answer is kept with it.
pub(super) fn mark(app: &App, visitor: &Visitor, form: &str) -> Result<NewRepeat, Halt> {
    let Some(form) = BrowserSecret::parse(form) else { return Err(visitor.halt(Why::NotFromHere)) };
    let who = visitor.session.as_ref().map_or("", |session| session.email.as_str());
    let scope = app.secret.mac("console form", &[who.as_bytes(), form.expose().as_bytes()]);
    Ok(NewRepeat { scope, request: scope, sealed: Vec::new() })
}
