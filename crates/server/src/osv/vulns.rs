//! `GET /osv/v1/vulns/{id}`: one record.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::Response;
use sekisho_core::PackageName;
use sekisho_core::policy::Verdict;

use super::{id, json as answer, record};
use crate::app::App;
use crate::exchange::Exchange;
use crate::gate::Guard;
use crate::http::{Code, Problem};

/// Longest id, in bytes: a name of 214 and a version.
const MAX_ID: usize = 320;

/// Answers with a source's record, or with one of our own for what is refused without.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Problem> {
    let missing = || Problem::new(Code::NotFound, "No record with this id blocks anything here.");
    let Path(wanted) = path.ok().filter(|Path(id)| is_an_id(id)).ok_or_else(missing)?;
    let (guard, now) = (app.gate.guard(&exchange.caller)?, app.gate.now());
    let admit = |name| app.sources.admit(name, &exchange.caller).map_err(|_| missing());
    let (name, version) = match id::parse(&wanted) {
        Some((name, version)) => match app.gate.view(&guard, &name).decide(version) {
            Verdict::Refuse(_) => (admit(name)?, version),
            Verdict::Allow => return Err(missing()),
        },
        None => (admit(app.named_by(&guard, &wanted).await?.ok_or_else(missing)?)?, None),
    };
    Ok(answer(&record::of(&wanted, &name, version, &guard, (now, &exchange.origin))))
}

/// What an id can look like, so that a stranger's long texts are neither looked for nor kept. Our own hold a name and a version.
fn is_an_id(text: &str) -> bool {
    text.len() <= MAX_ID && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:+@~!/-".contains(&b))
}

impl App {
    /// The first name that a source's record is about. All records are walked, so one such walk runs at a time, on a thread
    /// for it, and what it found is kept.
    async fn named_by(&self, guard: &Arc<Guard>, id: &str) -> Result<Option<PackageName>, Problem> {
        let key = (guard.shared_generation, id.to_owned());
        let (guard, id) = (guard.clone(), id.to_owned());
        let walk = async move {
            let _turn = self.osv_walks.acquire().await.map_err(|e| e.to_string())?;
            let walk = tokio::task::spawn_blocking(move || guard.blocklist.find(&id));
            walk.await.map_err(|e| e.to_string())
        };
        let found = self.osv_names.try_get_with(key, walk).await;
        found.map_err(|why: Arc<String>| {
            Problem::new(Code::Internal, "The record could not be looked up.").log(why.as_str())
        })
    }
}
