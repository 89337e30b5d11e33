//! `GET /o/{org_id}/guard/org-user-tokens`: the organisation's tokens, by identifier, page by page.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::{Response, StatusCode, Uri};
use sekisho_core::id::OrgTokenId;
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_store::{OrgTokenPage, TokenStatus};
use serde_json::{Value, json};
use uuid::Uuid;

use super::shown;
use crate::api::cursor::Cursors;
use crate::api::query::Query;
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{ManageTokens, May};
use crate::http::Problem;

/// Lists tokens. Rows that come or go meanwhile move none from one page to another.
pub async fn list(State(app): State<Arc<App>>, may: May<ManageTokens>, uri: Uri) -> Result<Response<Body>, Problem> {
    let mut query = Query::read(&uri, &["user_identifier_prefix", "status", "limit", "cursor"]);
    let prefix = query.optional("user_identifier_prefix", "the beginning of an identifier", |text| {
        IdentifierPrefix::parse(text).ok()
    });
    let status = query.optional("status", "active, revoked or expired", |text| {
        TokenStatus::ALL.into_iter().find(|status| status.as_str() == text)
    });
    let prefix = prefix.unwrap_or_default();
    let org = may.org().to_string();
    let filters = [prefix.first(), status.map_or("", TokenStatus::as_str)];
    let scope = [b"tokens".as_slice(), org.as_bytes(), filters[0].as_bytes(), filters[1].as_bytes()];
    let cursors = Cursors::of(&app.secret, &scope);
    let limit = query.limit();
    let after = query.optional("cursor", "the next_cursor of a page with the same filters", |text| {
        cursors.open(text).and_then(|place| read(&place))
    });
    query.finish()?;

    let now = app.clock.now();
    // One more than asked for tells whether there is a next page.
    let page = OrgTokenPage { prefix: prefix.clone(), status, after, limit: limit + 1 };
    let mut rows = app.store.org_tokens().page(may.org(), &page, now).await.map_err(|e| store_problem(&e))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| cursors.seal(&[row.id.0.as_bytes(), row.identifier.as_str().as_bytes()].concat()));
    let items: Vec<Value> = rows.iter().map(|row| shown(row, now)).collect();
    Ok(crate::api::json(StatusCode::OK, &json!({"items": items, "next_cursor": next})))
}

/// A place in the list: the id's bytes, then the identifier.
fn read(place: &[u8]) -> Option<(UserIdentifier, OrgTokenId)> {
    let (id, identifier) = place.split_first_chunk::<16>()?;
    let identifier = UserIdentifier::parse(std::str::from_utf8(identifier).ok()?).ok()?;
    Some((identifier, OrgTokenId(Uuid::from_bytes(*id))))
}
