//! `POST /console/{org_id}/tokens/{token_id}/rotate`: a new token in an old one's place, shown once.

use std::time::Duration;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_store::{OrgTokenRow, Rotated};

use super::super::once;
use super::super::page::{Frame, Tab, Why, answer};
use super::super::seat::Seat;
use super::super::visitor::Answered;
use super::minted::Old;
use super::{AppState, minted, named};
use crate::authority::ManageTokens;
use crate::http::form::Form;
use crate::issuing::Rotation;

/// How long the old token may keep working, in seconds, as the form offers it.
const OVERLAPS: [u64; 4] = [0, 3600, 86_400, 7 * 86_400];

#[derive(Template)]
#[template(path = "console/token_not_rotated.html")]
struct NotRotated<'a> {
    frame: Frame<'a>,
    base: String,
    row: &'a OrgTokenRow,
    /// It was rotated before; otherwise it does not count.
    before: bool,
}

/// Rotates it.
pub(in crate::console) async fn rotate(State(app): AppState, seat: Seat<ManageTokens>, body: Body) -> Answered {
    let (visitor, fields) = (&seat.signed_in.visitor, Form::read(body).await?);
    let once = once::mark(&app, visitor, fields.field("form"))?;
    let overlap = fields.field("overlap").parse().ok().filter(|seconds| OVERLAPS.contains(seconds));
    let Some(overlap) = overlap else { return Err(visitor.halt(Why::NotFromHere)) };
    let old = named(&app, &seat).await?;
    let seconds = i64::try_from(overlap).unwrap_or_default();
    let rotation = Rotation::prepare(&app, &seat.may, &old, seconds).await.map_err(|e| visitor.failed(&e))?;
    let not_rotated = |before| {
        let page = NotRotated { frame: seat.frame(Tab::Tokens), base: seat.at("/tokens"), row: &old, before };
        answer(StatusCode::CONFLICT, visitor, &page)
    };
    match rotation.carry_out(&app, Some(&once)).await.map_err(|e| visitor.failed(&e))? {
        Rotated::Done { .. } => {
            let end = (overlap > 0).then(|| rotation.minted.now.plus(Duration::from_secs(overlap)));
            let until = end.map(|end| old.expires_at.map_or(end, |own| own.min(end)));
            minted::show(&app, &seat, &rotation.minted, Some(Old { hint: &old.hint, until }))
        }
        Rotated::Repeated => Err(visitor.halt(Why::SentBefore)),
        Rotated::Before => not_rotated(true),
        Rotated::Absent => not_rotated(false),
    }
}
