//! `POST /login/{page}/end`: "this was not me".

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response};

use super::page::{PagePath, Visit};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::Problem;

/// Ends the login; the page then says so, or that its key was handed out before.
pub async fn end(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    path: PagePath,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let visit = match Visit::with_form(&app, &exchange, path, &headers, |_| true).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    match app.store.logins().end(visit.login.id).await {
        Ok(_) => visit.go_on(),
        Err(error) => visit.unavailable(&error),
    }
}
