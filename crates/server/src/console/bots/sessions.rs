//! `/console/{org_id}/bots/{bot_id}/sessions/end`: ends a pipeline's session, or all of a bot's.

use axum::body::Body;
use axum::extract::State;
use sekisho_core::id::CiSessionId;

use super::super::page::Why;
use super::super::visitor::Answered;
use super::{AppState, AtBot};
use crate::http::form::Form;
use crate::operate::trust::told_of_session;

/// Ends them. What ended meanwhile is no mistake.
pub(in crate::console) async fn end(State(app): AppState, desk: AtBot, body: Body) -> Answered {
    let (visitor, bot, form) = (desk.visitor(), &desk.bot, Form::read(body).await?);
    let session = match form.field("session") {
        "all" => None,
        text => Some(CiSessionId::parse(text).ok_or_else(|| visitor.halt(Why::NotFound))?),
    };
    let audit = desk.audit(&app, "session.ended", told_of_session(session));
    app.store.ci_sessions().end(bot.org, bot.id, session, &audit).await.map_err(|e| visitor.failed(&e))?;
    desk.follow(&app).await;
    desk.done("session-ended")
}
