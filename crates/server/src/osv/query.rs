//! `POST /osv/v1/query` and `POST /osv/v1/querybatch`: is this release refused?

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, http::HeaderMap};
use http::Response;
use sekisho_core::policy::Verdict;
use sekisho_core::{Ecosystem, PackageName, PackageUrl, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CAPS, MAX_QUERIES, id, json as answer, record};
use crate::app::App;
use crate::exchange::Exchange;
use crate::gate::Guard;
use crate::http::{Object, Problem};
use crate::sources::Admitted;

/// One question. Other fields (`commit`, `page_token`) name nothing that is known here.
#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    package: Option<Object<Package>>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    ecosystem: Option<String>,
    #[serde(default)]
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Batch {
    queries: Vec<Object<Query>>,
}

/// Answers one question with whole records.
pub async fn one(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let (guard, now, asked, client) = (app.gate.guard(&exchange.caller)?, app.gate.now(), app.clone(), exchange.client);
    let read = move |bytes: &[u8]| {
        let Object(query): Object<Query> = serde_json::from_slice(bytes).map_err(|e| wrong(&e))?;
        let (origin, mut found) = (&exchange.origin, Vec::new());
        if let Some((name, version, ids)) = refused(&query, &asked, &exchange, &guard, now) {
            found = ids.iter().map(|id| record::of(id, &name, version.as_deref(), &guard, (now, origin))).collect();
        }
        Ok(vulns(found))
    };
    let (found, _place) = app.posted.take(client, &headers, body, CAPS, read).await?;
    Ok(answer(&found))
}

/// Answers many questions with ids, in their order.
pub async fn many(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let (guard, now, asked, client) = (app.gate.guard(&exchange.caller)?, app.gate.now(), app.clone(), exchange.client);
    let read = move |bytes: &[u8]| {
        let Object(batch): Object<Batch> = serde_json::from_slice(bytes).map_err(|e| wrong(&e))?;
        if batch.queries.len() > MAX_QUERIES {
            return Err(format!("more than {MAX_QUERIES} queries"));
        }
        let results = batch.queries.iter().map(|Object(query)| {
            let ids = refused(query, &asked, &exchange, &guard, now).map(|(_, _, ids)| ids).unwrap_or_default();
            vulns(ids.into_iter().map(|id| json!({"id": id, "modified": now.to_string()})).collect())
        });
        Ok(json!({"results": results.collect::<Vec<_>>()}))
    };
    let (found, _place) = app.posted.take(client, &headers, body, CAPS, read).await?;
    Ok(answer(&found))
}

/// OSV leaves the list out where it is empty.
fn vulns(found: Vec<Value>) -> Value {
    if found.is_empty() { json!({}) } else { json!({ "vulns": found }) }
}

fn wrong(error: &serde_json::Error) -> String {
    format!("it is not an OSV query (line {}, column {})", error.line(), error.column())
}

/// The release or name that is asked about, if it is refused, and the ids that say why. An ecosystem that is not ours, a
/// name that is none or whose upstream is not for the caller, a commit: nothing is known about it.
fn refused(
    query: &Query,
    app: &App,
    exchange: &Exchange,
    guard: &Guard,
    now: Timestamp,
) -> Option<(Admitted, Option<String>, Vec<String>)> {
    let Object(package) = query.package.as_ref()?;
    let (name, version) = match (&package.purl, &package.name, &package.ecosystem) {
        (Some(purl), _, _) => {
            // Qualifiers say which file of a release; every one of it is decided alike.
            let purl = purl.split(['?', '#']).next().unwrap_or_default();
            let purl = PackageUrl::parse(purl).ok()?;
            (purl.name, purl.version.map(String::from).or_else(|| query.version.clone()))
        }
        (None, Some(name), Some(ecosystem)) => {
            let name = PackageName::parse(Ecosystem::from_osv(ecosystem)?, name).ok()?;
            (name, query.version.clone())
        }
        _ => return None,
    };
    let name = app.sources.admit(name, &exchange.caller).ok()?;
    let version = version.filter(|version| !version.is_empty());
    let Verdict::Refuse(refusal) = guard.view(&name, now).decide(version.as_deref()) else { return None };
    let ids = id::of(&name, version.as_deref(), &refusal);
    Some((name, version, ids))
}
