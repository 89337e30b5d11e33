//! `GET /npm/<name>`: a packument, full or abbreviated.

use std::io::Write;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use sekisho_core::PackageName;
use sekisho_npm::MovedTag;

use super::Seen;
use crate::app::App;
use crate::gate::Guard;
use crate::http::{Origin, Problem, negotiate};
use crate::refusal;
use crate::registry::metadata::{self, Form, RenderKey};
use crate::registry::{Asked, from_shelf, stale_for};
use crate::sources::Admitted;

/// The abbreviated form's type.
const INSTALL_V1: &str = "application/vnd.npm.install-v1+json";

/// Header that npm prints as `npm notice …`.
pub(super) const NPM_NOTICE: HeaderName = HeaderName::from_static("npm-notice");

/// Answers with the packument; `403` if every release is refused.
pub(super) async fn show(app: &App, asked: &Asked<'_>, name: &Admitted) -> Result<Response<Body>, Problem> {
    let guard = app.gate.guard(&asked.exchange.caller)?;
    let form = form(&asked.parts.headers);
    let content_type = if form == Form::Abbreviated { INSTALL_V1 } else { "application/json" };
    let front = (&app.npm.documents, &app.npm.renders);
    if let Some((rendered, age)) = from_shelf(app, asked, front, (&guard, name), form).await {
        return Ok(metadata::answer(asked, &rendered, content_type, age));
    }
    let seen = match super::see(app, asked, &guard, name).await? {
        Ok(seen) => seen,
        Err(refusal) => return Err(Box::pin(app.recorder.refuse_name(name, &refusal, asked.exchange)).await),
    };
    let origin = &asked.exchange.origin;
    let gzip = negotiate::takes_gzip(&asked.parts.headers);
    let key = RenderKey { hidden: seen.hidden().key(), ..RenderKey::new(seen.entry.revision, origin, form, gzip) };
    let (entry, view, npm) = (seen.entry.clone(), seen.view.clone(), origin.clone());
    let render = move |out: &mut dyn Write| match form {
        Form::Abbreviated => entry.document.0.write_abbreviated(&view.seen.hidden, &npm.npm, out),
        _ => entry.document.0.write_full(&view.seen.hidden, &npm.npm, out),
    };
    let rendered = app.npm.renders.get(key, origin, seen.entry.body_length, render).await?;
    let mut response = metadata::answer(asked, &rendered, content_type, stale_for(app, &seen.entry));
    let latest = || seen.hidden().tags().iter().find(|tag| &*tag.name == "latest").map(|tag| &*tag.version);
    let moved = moved_notice(&seen, name, &asked.exchange.origin);
    let notice = moved.or_else(|| warning(app, asked, &guard, name, latest()?));
    notify(&mut response, notice);
    Ok(response)
}

/// Adds a notice. npm prints that of an answer only where it does not store the answer.
pub(super) fn notify(response: &mut Response<Body>, notice: Option<HeaderValue>) {
    let Some(notice) = notice else { return };
    response.headers_mut().insert(NPM_NOTICE, notice);
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// What the operator, or the caller's organisation, wants to be read about a release that may be taken.
pub(super) fn warning(
    app: &App,
    asked: &Asked<'_>,
    guard: &Guard,
    name: &PackageName,
    version: &str,
) -> Option<HeaderValue> {
    let entry = guard.policies().warning(name, version, app.gate.now())?;
    HeaderValue::try_from(refusal::warning(name, version, &entry.reason, &asked.exchange.origin)).ok()
}

/// The abbreviated form is sent to those who name it and want plain JSON no more than it.
fn form(headers: &HeaderMap) -> Form {
    let abbreviated = negotiate::weight(headers, |name| name == INSTALL_V1);
    match abbreviated > 0.0 && abbreviated >= negotiate::weight(headers, |name| name == "application/json") {
        true => Form::Abbreviated,
        false => Form::Packument,
    }
}

/// Says which release was passed over because a tag had to move.
fn moved_notice(seen: &Seen, name: &PackageName, origin: &Origin) -> Option<HeaderValue> {
    let moved: &MovedTag = seen.hidden().moved_tags().first()?;
    let row = seen.packument().release(&moved.from)?;
    let refusal = seen.hidden().refusal(row)?;
    passed_over(name, row.version(), refusal, origin)
}

/// The notice about one release.
pub(super) fn passed_over(
    name: &PackageName,
    version: &str,
    refusal: &sekisho_core::policy::Refusal,
    origin: &Origin,
) -> Option<HeaderValue> {
    let subject = refusal::subject(name, Some(version));
    let why = refusal::why_url(name, Some(version), origin);
    HeaderValue::try_from(format!("{subject} was passed over. Blocked by Sekisho: {}. {why}", refusal.words())).ok()
}
