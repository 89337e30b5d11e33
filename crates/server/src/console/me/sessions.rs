//! `/me/sessions`: where somebody is signed in, ended one by one or all at once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use sekisho_core::id::SessionId;
use uuid::Uuid;

use super::super::cookie::Cookie;
use super::super::page::{Why, see_other};
use super::super::visitor::{Answered, SignedIn};
use crate::app::App;
use crate::http::form::Form;

/// Ends one session. One that ended meanwhile is no mistake.
pub(in crate::console) async fn end(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let form = Form::read(body).await?;
    let Ok(id) = Uuid::try_parse(form.field("id")) else { return Err(me.visitor.halt(Why::NotFound)) };
    let ended = app.store.sessions().end(&me.session.email, SessionId(id)).await;
    ended.map_err(|e| me.visitor.failed(&e))?;
    if me.session.id.0 == id {
        return Ok(signed_out(&me, "/sign-in?done=signed-out"));
    }
    Ok(see_other(&me.visitor, "/me?done=session-ended"))
}

/// Ends every session, this one too.
pub(in crate::console) async fn end_all(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    app.store.sessions().end_all(&me.session.email, None).await.map_err(|e| me.visitor.failed(&e))?;
    Ok(signed_out(&me, "/sign-in?done=signed-out-everywhere"))
}

fn signed_out(me: &SignedIn, path: &str) -> http::Response<Body> {
    let mut response = see_other(&me.visitor, path);
    Cookie::Session.clear(response.headers_mut(), me.visitor.transport);
    response
}
