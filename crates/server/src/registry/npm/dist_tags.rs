//! `GET /npm/-/package/<name>/dist-tags`: the tags as they stand after hiding.

use axum::body::Body;
use http::{HeaderValue, Response};

use crate::app::App;
use crate::http::{Code, Problem};
use crate::registry::metadata::{self, Rendered};
use crate::registry::{Asked, stale_for};
use crate::sources::Admitted;

/// Answers with the tags; `403` if every release is refused.
pub(super) async fn show(app: &App, asked: &Asked<'_>, name: &Admitted) -> Result<Response<Body>, Problem> {
    let guard = app.gate.guard(&asked.exchange.caller)?;
    let seen = match super::see(app, asked, &guard, name).await? {
        Ok(seen) => seen,
        Err(refusal) => return Err(app.recorder.refuse_name(name, &refusal, asked.exchange).await),
    };
    let body = seen.packument().render_dist_tags(seen.hidden());
    let hidden = u128::from_be_bytes(seen.hidden().key());
    let etag = HeaderValue::try_from(format!("\"{:016x}-t-{hidden:x}\"", seen.entry.revision))
        .map_err(|_| super::super::not_found())?;
    let rendered = Rendered::make(body, etag, false)
        .map_err(|why| Problem::new(Code::Internal, "The answer could not be made.").log(why.to_string()))?;
    Ok(metadata::answer(asked, &rendered, "application/json", stale_for(app, &seen.entry)))
}
