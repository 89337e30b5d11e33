//! `GET /o/{org_id}/guard/installs`: who took what. Pages of JSON, or all of it as an export.

pub(crate) mod export;
pub(crate) mod item;
pub(crate) mod query;
mod range;
pub(crate) mod wrong;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use http::{HeaderMap, Response, StatusCode};
use sekisho_core::{Ecosystem, Version};
use sekisho_store::{Holds, Question, StoreError};
use serde_json::json;

use self::export::Form;
use self::query::{Asked, Versions};
use crate::api::{json, store_problem};
use crate::app::App;
use crate::authority::{May, ReadInstalls};
use crate::http::Problem;

/// Answers with a page, or begins an export.
pub async fn list(
    may: May<ReadInstalls>,
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let query = query.unwrap_or_default();
    let form = Form::wanted(&headers)?;
    let asked = Asked::read(&app.secret, may.org(), &query, form.is_some())?;
    let Asked { question: filters, versions, limit, cursor, pages } = asked;
    let question = question(&app, &may, filters, versions).await.map_err(|e| store_problem(&e))?;
    if let Some(form) = form {
        return export::begin(&app, &may, form, question, &query).await;
    }
    let page = app.store.ledger().page(question, cursor, limit).await.map_err(|e| store_problem(&e))?;
    let items: Vec<_> = page.rows.iter().map(item::json).collect();
    let next = page.next.map(|next| pages.cursor(&app.secret, next));
    Ok(json(StatusCode::OK, &json!({ "items": items, "next_cursor": next })))
}

/// What is asked for, in the ledger's own words: a range becomes the versions that it holds, unless there are too many.
pub(crate) async fn question(
    app: &App,
    may: &May<ReadInstalls>,
    mut question: Question,
    versions: Option<Versions>,
) -> Result<Question, StoreError> {
    question.owner = may.org().0;
    let (Some(package), Some(versions)) = (&question.package, versions) else { return Ok(question) };
    let ecosystem = package.ecosystem();
    if let (Versions::Exactly(version), Ecosystem::Npm) = (&versions, ecosystem) {
        question.versions = Some(BTreeSet::from([version.clone()]));
        return Ok(question);
    }
    let known = app.store.ledger().versions(question.owner, package).await?;
    let fits = move |known: &str| holds(&versions, ecosystem, known);
    match known {
        Some(known) => question.versions = Some(known.into_iter().filter(|known| fits(known)).collect()),
        None => question.range = Some(Holds(Arc::new(fits))),
    }
    Ok(question)
}

/// Python's versions have several spellings, and rows have the one of the index.
fn holds(versions: &Versions, ecosystem: Ecosystem, known: &str) -> bool {
    match versions {
        Versions::Exactly(version) => {
            let key = |text| Version::picked_key(ecosystem, text);
            known == version || key(version).is_some_and(|wanted| key(known) == Some(wanted))
        }
        Versions::Range(range) => range.holds(known),
    }
}
