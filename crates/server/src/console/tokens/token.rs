//! `/console/{org_id}/tokens/{token_id}`: a token, and what can be done with it.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_store::{OrgTokenRow, TokenStatus};

use super::super::once;
use super::super::page::{Frame, Tab, answer};
use super::super::seat::Seat;
use super::super::visitor::Answered;
use super::{AppState, in_address, named, state};
use crate::authority::ManageTokens;

#[derive(Template)]
#[template(path = "console/token.html")]
struct Page<'a> {
    frame: Frame<'a>,
    base: String,
    installs: String,
    /// The identifier, as a part of an address.
    prefix: String,
    row: &'a OrgTokenRow,
    state: (String, &'static str),
    form: String,
    rotates: bool,
}

/// The page.
pub(in crate::console) async fn show(State(app): AppState, seat: Seat<ManageTokens>) -> Answered {
    let row = named(&app, &seat).await?;
    let (visitor, now) = (&seat.signed_in.visitor, app.clock.now());
    let prefix = in_address(&row);
    let page = Page {
        frame: seat.frame(Tab::Tokens),
        base: seat.at("/tokens"),
        installs: seat.at(&format!("/installs?user_identifier_prefix={prefix}")),
        prefix,
        row: &row,
        state: state(&visitor.say, &row, now),
        form: once::fresh(&app),
        rotates: row.status(now) == TokenStatus::Active && row.replaced_by.is_none(),
    };
    answer(StatusCode::OK, visitor, &page)
}
