//! `/console/{org_id}/tokens/{token_id}/revoke`: asks first, revokes, and says what to change in package managers then.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_mail::setup::Tool;
use sekisho_store::OrgTokenRow;

use super::super::page::{Frame, Tab, answer, see_other};
use super::super::seat::Seat;
use super::super::setup;
use super::super::visitor::Answered;
use super::{AppState, named};
use crate::authority::ManageTokens;
use crate::issuing;

#[derive(Template)]
#[template(path = "console/token_revoke.html")]
struct Ask<'a> {
    frame: Frame<'a>,
    base: String,
    row: &'a OrgTokenRow,
}

#[derive(Template)]
#[template(path = "console/token_revoked.html")]
struct Done<'a> {
    frame: Frame<'a>,
    base: String,
    row: &'a OrgTokenRow,
    undo: Vec<Tool>,
}

/// Asks whether this one is meant.
pub(in crate::console) async fn ask(State(app): AppState, seat: Seat<ManageTokens>) -> Answered {
    let (row, visitor) = (named(&app, &seat).await?, &seat.signed_in.visitor);
    if row.revoked_at.is_some() {
        return Ok(see_other(visitor, &seat.at(&format!("/tokens/{}/revoked", row.id))));
    }
    answer(StatusCode::OK, visitor, &Ask { frame: seat.frame(Tab::Tokens), base: seat.at("/tokens"), row: &row })
}

/// Revokes it; again is no mistake.
pub(in crate::console) async fn revoke(State(app): AppState, seat: Seat<ManageTokens>) -> Answered {
    let (row, visitor) = (named(&app, &seat).await?, &seat.signed_in.visitor);
    issuing::revoke(&app, &seat.may, &row).await.map_err(|e| visitor.failed(&e))?;
    Ok(see_other(visitor, &seat.at(&format!("/tokens/{}/revoked?done=token-revoked", row.id))))
}

/// What to change where it was used.
pub(in crate::console) async fn revoked(State(app): AppState, seat: Seat<ManageTokens>) -> Answered {
    let (row, visitor) = (named(&app, &seat).await?, &seat.signed_in.visitor);
    if row.revoked_at.is_none() {
        return Ok(see_other(visitor, &seat.at(&format!("/tokens/{}", row.id))));
    }
    let (frame, base, undo) = (seat.frame(Tab::Tokens), seat.at("/tokens"), setup::undo(&app, visitor)?);
    answer(StatusCode::OK, visitor, &Done { frame, base, row: &row, undo })
}
