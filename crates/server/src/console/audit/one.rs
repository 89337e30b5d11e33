//! `/console/{org_id}/audit/{row_id}`: one row of the audit log as a whole; the list has its beginning only.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::id::AuditId;
use uuid::Uuid;

use super::super::page::{Frame, Tab, Why, answer};
use super::super::seat::Seat;
use super::super::visitor::Answered;
use super::Row;
use crate::app::App;
use crate::authority::ManageTokens;

#[derive(Template)]
#[template(path = "console/audit_row.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: Row,
    back: String,
}

/// The page.
pub(in crate::console) async fn show(State(app): State<Arc<App>>, seat: Seat<ManageTokens>) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let id = Uuid::try_parse(visitor.part(3)).ok();
    let id = id.ok_or_else(|| visitor.halt(Why::NotFound))?;
    let found = app.store.audit().find(seat.may.org(), AuditId(id)).await.map_err(|e| visitor.failed(&e))?;
    let row = found.ok_or_else(|| visitor.halt(Why::NotFound))?;
    let page = Page { frame: seat.frame(Tab::Audit), row: Row::whole(&row, visitor.say), back: seat.at("/audit") };
    answer(StatusCode::OK, visitor, &page)
}
