//! `GET /npm/-/npm/v1/attestations/<name>@<version>`: where a release was built and by whom it was published, as signed
//! statements.

use axum::body::Body;
use http::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_core::Release;
use sekisho_core::policy::Verdict;
use sekisho_npm::signed;

use super::aside::{self, Aside};
use super::small;
use crate::app::App;
use crate::gate::Refused;
use crate::http::{Code, Problem};
use crate::refusal;
use crate::registry::upstream_files::ready;
use crate::registry::{Asked, upstream_problem};
use crate::sources::Admitted;

/// What stays readable in a path's segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// Answers with the statements about a release; `403` if it is refused.
pub(super) async fn show(
    app: &App,
    asked: &Asked<'_>,
    name: &Admitted,
    version: &str,
) -> Result<Response<Body>, Problem> {
    let guard = app.gate.guard(&asked.exchange.caller)?;
    // A release that is refused by its name and version needs no document.
    if let Verdict::Refuse(refusal) = app.gate.view(&guard, name).decide(Some(version)) {
        let refused = Refused { release: Release::new(name.name().clone(), version), refusal };
        return Err(app.recorder.refuse_unlisted(&refused, "", asked.exchange).await);
    }
    let seen = match super::see(app, asked, &guard, name).await? {
        Ok(seen) => seen,
        Err(refusal) => return Err(app.recorder.refuse_name(name, &refusal, asked.exchange).await),
    };
    let missing =
        || Problem::new(Code::NotFound, format!("{} is not in this registry.", refusal::subject(name, Some(version))));
    let row = seen.packument().release(version).ok_or_else(missing)?;
    if let Some(refusal) = seen.hidden().refusal(row) {
        let refused = Refused { release: Release::new(name.name().clone(), row.version()), refusal: refusal.clone() };
        return Err(app.recorder.refuse(&refused, "", asked.exchange).await);
    }
    let encoded = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
    let path = format!("-/npm/v1/attestations/{}@{}", encoded(name.as_str()), encoded(row.version()));
    let problem = |e| upstream_problem(&e, "A statement about where this release was built");
    let upstream = ready(app.sources.routes(name.ecosystem()).state(name)).map_err(problem)?;
    let body = aside::fetch(app, asked, &upstream, Aside::Attestations, &path).await.map_err(problem)?;
    match signed::is_attestations(&body) {
        true => small::tagged(asked, body.into()),
        false => Err(aside::unusable("The registry's attestations")),
    }
}
