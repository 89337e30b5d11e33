//! `GET /o/{org_id}/guard/audit`: what people and bots did to the guard; a page, or all of it as CSV or NDJSON.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode, Uri};
use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, OrgId};
use sekisho_store::{AuditFilter, AuditRow, Store, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::cursor::Cursors;
use crate::api::export::{self, Form};
use crate::api::query::Query;
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{ManageTokens, May};
use crate::http::Problem;

/// The columns of an export.
const COLUMNS: [&str; 6] = ["id", "at", "actor", "action", "subject", "detail"];
/// Rows that an export reads at once.
const PIECE: u32 = 500;

/// The parameters of a page; those of an export are the first four.
pub(crate) const NAMES: &[&str] = &["actor", "action", "from", "to", "limit", "cursor"];

/// Lists the audit log, newest first. An export is noted in it first.
pub async fn show(
    State(app): State<Arc<App>>,
    may: May<ManageTokens>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response<Body>, Problem> {
    let mut query = Query::read(&uri, NAMES);
    let filter = filter(&mut query);
    let limit = query.limit();
    let before = before(&app, &may, &mut query, &filter);
    let form = Form::wanted(&headers);
    if form.is_some() {
        query.no_pages();
    }
    query.finish()?;
    if let Some(form) = form {
        return export(&app, &may, filter, form).await;
    }
    let (rows, next) = page(&app, &may, &filter, before, limit).await.map_err(|e| store_problem(&e))?;
    let items: Vec<Value> = rows.iter().map(shown).collect();
    Ok(crate::api::json(StatusCode::OK, &json!({"items": items, "next_cursor": next})))
}

/// Reads which rows are asked for.
pub(crate) fn filter(query: &mut Query) -> AuditFilter {
    let moment = "a moment such as 2026-11-23T09:00:00Z";
    AuditFilter {
        actor: query.optional("actor", "whoever did it: a bot's id, an address or operator", short),
        action: query.optional("action", "an action such as token.issued", short),
        from: query.optional("from", moment, |text| text.parse().ok()),
        to: query.optional("to", moment, |text| text.parse().ok()),
    }
}

/// Reads where the page before ended.
pub(crate) fn before(app: &App, may: &May<ManageTokens>, query: &mut Query, filter: &AuditFilter) -> Option<AuditId> {
    let (org, filters) = scope(may, filter);
    let scope = [b"audit".as_slice(), org.as_bytes(), filters.as_bytes()];
    let cursors = Cursors::of(&app.secret, &scope);
    query.optional("cursor", "the next_cursor of a page with the same filters", |text| {
        cursors.open(text).and_then(|place| Some(AuditId(Uuid::from_bytes(place.try_into().ok()?))))
    })
}

/// A page of rows, and where the next one begins.
pub(crate) async fn page(
    app: &App,
    may: &May<ManageTokens>,
    filter: &AuditFilter,
    before: Option<AuditId>,
    limit: u32,
) -> Result<(Vec<AuditRow>, Option<String>), StoreError> {
    let before = before.unwrap_or(AuditId(Uuid::max()));
    // One more than asked for tells whether there is a next page.
    let mut rows = app.store.audit().page(may.org(), filter, before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let (org, filters) = scope(may, filter);
    let scope = [b"audit".as_slice(), org.as_bytes(), filters.as_bytes()];
    let cursors = Cursors::of(&app.secret, &scope);
    let next = rows.last().filter(|_| more).map(|row| cursors.seal(row.id.0.as_bytes()));
    Ok((rows, next))
}

/// A cursor is for one organisation and the same filters.
fn scope(may: &May<ManageTokens>, filter: &AuditFilter) -> (String, String) {
    (may.org().to_string(), format!("{filter:?}"))
}

/// Begins an export of everything that the filter lets through, and says so in the log.
pub(crate) async fn export(
    app: &App,
    may: &May<ManageTokens>,
    filter: AuditFilter,
    form: Form,
) -> Result<Response<Body>, Problem> {
    let place = app.exports.take(may.org())?;
    let noted = may.audit(app, app.clock.now(), "audit.exported", may.org().to_string(), told(&filter));
    app.store.audit().note(may.org(), &noted).await.map_err(|e| store_problem(&e))?;
    let (store, org) = (app.store.clone(), may.org());
    Ok(export::stream(form, place, "audit", &COLUMNS, AuditId(Uuid::max()), move |before| {
        piece(store.clone(), org, filter.clone(), before, form)
    }))
}

async fn piece(
    store: Arc<Store>,
    org: OrgId,
    filter: AuditFilter,
    before: AuditId,
    form: Form,
) -> Result<(String, Option<AuditId>), StoreError> {
    let rows = store.audit().page(org, &filter, before, PIECE).await?;
    let lines = rows.iter().map(|row| form.row(&COLUMNS, &shown(row))).collect();
    Ok((lines, rows.last().map(|row| row.id).filter(|_| rows.len() == PIECE as usize)))
}

/// A text that a row could hold.
fn short(text: &str) -> Option<String> {
    (text.len() <= 255 && !text.contains(char::is_control)).then(|| text.to_owned())
}

fn told(filter: &AuditFilter) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({"actor": filter.actor, "action": filter.action, "from": time(filter.from), "to": time(filter.to)})
}

fn shown(row: &AuditRow) -> Value {
    json!({
        "id": row.id.0.to_string(),
        "at": row.at.to_string(),
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "detail": serde_json::from_str(&row.detail).unwrap_or(Value::Null),
    })
}
