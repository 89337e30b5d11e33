//! `POST /language`: in which language somebody reads the pages; kept with the person, and in the browser where nobody is
//! signed in.

use axum::body::Body;
use axum::extract::State;
use sekisho_core::Language;

use super::super::cookie::Cookie;
use super::super::page::see_other;
use super::super::visitor::{Answered, Visitor};
use super::AppState;
use crate::http::form::Form;

/// A year.
const KEPT_SECONDS: u64 = 365 * 86_400;

/// Takes the choice, and goes back to the page.
pub(in crate::console) async fn choose(State(app): AppState, visitor: Visitor, body: Body) -> Answered {
    let fields = Form::read(body).await?;
    let back = fields.field("back");
    let back = if back.starts_with("/sign-in") && back.bytes().all(|b| b.is_ascii_graphic()) {
        back
    } else {
        super::super::page::safe_next(back)
    };
    let mut response = see_other(&visitor, back);
    if let Some(language) = Language::parse(fields.field("language")) {
        if let Some(session) = &visitor.session {
            app.store.sessions().reads(&session.email, language).await.map_err(|e| visitor.failed(&e))?;
        }
        Cookie::Language.set(response.headers_mut(), visitor.transport, language.as_str(), Some(KEPT_SECONDS));
    }
    Ok(response)
}
