//! `/console/{org_id}/bots/{bot_id}/sessions/end`: ends a pipeline's session, or all of a bot's.

use axum::body::Body;
use axum::extract::{Path, State};
use sekisho_core::id::CiSessionId;

use super::super::page::{Why, see_other};
use super::super::visitor::Answered;
use super::one::follow;
use super::{AppState, Manager, at, named};
use crate::http::form::Form;
use crate::operate::trust::told_of_session;

/// Ends them. What ended meanwhile is no mistake.
pub(in crate::console) async fn end(
    State(app): AppState,
    seat: Manager,
    Path((_, bot)): Path<(String, String)>,
    body: Body,
) -> Answered {
    let (visitor, form) = (&seat.signed_in.visitor, Form::read(body).await?);
    let bot = named(&app, &seat, &bot).await?;
    let session = match form.field("session") {
        "all" => None,
        text => Some(CiSessionId::parse(text).ok_or_else(|| visitor.halt(Why::NotFound))?),
    };
    let detail = told_of_session(session);
    let audit = seat.may.audit(&app, app.clock.now(), "session.ended", bot.id.to_string(), detail);
    app.store.ci_sessions().end(bot.org, bot.id, session, &audit).await.map_err(|e| visitor.failed(&e))?;
    follow(&app).await;
    Ok(see_other(visitor, &format!("{}?done=session-ended", at(&seat, &bot))))
}
