//! `POST /sign-out`: ends the session of this browser.

use axum::extract::State;

use super::super::cookie::Cookie;
use super::super::page::see_other;
use super::super::visitor::{Answered, Visitor};
use super::{AppState, end_earlier};

/// Ends it. Who has none is told the same.
pub(in crate::console) async fn out(State(app): AppState, visitor: Visitor) -> Answered {
    end_earlier(&app, &visitor).await?;
    let mut response = see_other(&visitor, "/sign-in?done=signed-out");
    Cookie::Session.clear(response.headers_mut(), visitor.transport);
    Ok(response)
}
