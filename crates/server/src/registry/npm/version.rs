//! `GET /npm/<name>/<version or tag>`: one release.

use axum::body::Body;
use http::{HeaderValue, Response};
use sekisho_core::Release;
use sekisho_npm::Resolved;

use super::packument::{NPM_NOTICE, notify, passed_over, warning};
use crate::app::App;
use crate::gate::Refused;
use crate::http::{Code, Problem, negotiate};
use crate::refusal;
use crate::registry::metadata::{self, Rendered};
use crate::registry::{Asked, stale_for};
use crate::sources::Admitted;

/// A release of more bytes than this is made on a thread of its own: compressing it would hold up others.
const LARGE: usize = 64 * 1024;

/// Answers with the release that a version or a tag names; `403` if it is refused.
pub(super) async fn show(app: &App, asked: &Asked<'_>, name: &Admitted, spec: &str) -> Result<Response<Body>, Problem> {
    let guard = app.gate.guard(&asked.exchange.caller)?;
    let seen = match super::see(app, asked, &guard, name).await? {
        Ok(seen) => seen,
        Err(refusal) => return Err(app.recorder.refuse_name(name, &refusal, asked.exchange).await),
    };
    let origin = &asked.exchange.origin;
    let row = match seen.packument().resolve(seen.hidden(), spec) {
        Resolved::Visible(row) => row,
        Resolved::Refused(row, refusal) => {
            let notice = passed_over(name, row.version(), refusal, origin);
            let refused =
                Refused { release: Release::new(name.name().clone(), row.version()), refusal: refusal.clone() };
            let problem = app.recorder.refuse(&refused, "", asked.exchange).await;
            return Err(match notice {
                Some(notice) => problem.with(NPM_NOTICE, notice),
                None => problem,
            });
        }
        Resolved::Unknown => {
            let subject = refusal::subject(name, Some(spec));
            return Err(Problem::new(Code::NotFound, format!("{subject} is not in this registry.")));
        }
    };
    let gzip = negotiate::takes_gzip(&asked.parts.headers);
    let tag =
        format!("\"{:016x}-v{}{:x}-{}\"", seen.entry.revision, if gzip { 'z' } else { 'i' }, origin.tag, row.index());
    let etag = HeaderValue::try_from(tag).map_err(|_| super::super::not_found())?;
    let (entry, index, npm) = (seen.entry.clone(), row.index(), origin.clone());
    let make = move || {
        let packument = &entry.document.0;
        let body = packument.releases().get(index).and_then(|row| packument.render_version(row, &npm.npm));
        body.map(|body| Rendered::make(body, etag, gzip))
    };
    let made = match row.length() > LARGE {
        true => tokio::task::spawn_blocking(make).await.unwrap_or_else(|e| Some(Err(std::io::Error::other(e)))),
        false => make(),
    };
    let rendered = made
        .ok_or_else(super::super::not_found)?
        .map_err(|why| Problem::new(Code::Internal, "The answer could not be made.").log(why.to_string()))?;
    let mut response = metadata::answer(asked, &rendered, "application/json", stale_for(app, &seen.entry));
    notify(&mut response, warning(app, asked, &guard, name, row.version()));
    Ok(response)
}
