//! `GET|HEAD /npm/<name>/-/<file>.tgz`: an artifact.

use axum::body::Body;
use http::Response;
use sekisho_core::policy::Verdict;
use sekisho_core::{PackageName, Release};
use sekisho_npm::{Packument, ReleaseRow};
use sekisho_upstream::artifacts::Digest;

use super::packument::{notify, warning};
use crate::app::App;
use crate::gate::{Guard, Refused, judge};
use crate::http::{Code, Problem};
use crate::refusal;
use crate::registry::{Asked, artifact};
use crate::sources::Admitted;

/// Answers with the file; `403` if its release is refused.
pub(super) async fn take(app: &App, asked: &Asked<'_>, name: &Admitted, file: &str) -> Result<Response<Body>, Problem> {
    let guard = app.gate.guard(&asked.exchange.caller)?;
    let seen = match super::see(app, asked, &guard, name).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(refusal)) => {
            let refused = Refused {
                release: Release::new(name.name().clone(), &version_of(name, file).unwrap_or_default()),
                refusal,
            };
            return Err(Box::pin(app.recorder.refuse_unlisted(&refused, file, asked.exchange)).await);
        }
        Err(problem) => return Err(Box::pin(unlisted(app, asked, &guard, name, file)).await.unwrap_or(problem)),
    };
    let Some(row) = seen.packument().by_file(file) else {
        let missing = || Problem::new(Code::NotFound, format!("{} has no such file.", refusal::subject(name, None)));
        return Err(Box::pin(unlisted(app, asked, &guard, name, file)).await.unwrap_or_else(missing));
    };
    let release = Release::new(name.name().clone(), row.version());
    let cleared = match judge(release, seen.hidden().refusal(row)) {
        Ok(cleared) => cleared,
        Err(refused) => return Err(Box::pin(app.recorder.refuse(&refused, file, asked.exchange)).await),
    };
    let url = row.tarball().unwrap_or_default();
    let mut response = match app.plain_way(asked, name, url) {
        Some(location) => artifact::lead(app.recorder.take(cleared, file, asked.exchange).await?, location),
        None => {
            let wanted = app.wanted(name, url, digest(seen.packument(), row))?;
            Box::pin(app.artifact(asked, cleared, file, &wanted)).await?
        }
    };
    notify(&mut response, warning(app, asked, &guard, name, row.version()));
    Ok(response)
}

/// The hash that a tarball must have. A document that has an `integrity` means it: a broken one does not make the
/// weaker `shasum` count.
fn digest(packument: &Packument, row: &ReleaseRow) -> Option<Digest> {
    match packument.integrity(row) {
        Some(integrity) => Digest::from_sri(&integrity),
        None => Digest::from_hex([("sha1", &*packument.shasum(row)?)]),
    }
}

/// A file that the upstream's document does not list (the registry removed it, perhaps because it was bad): the name of
/// the file is good enough to refuse by, never to allow by.
async fn unlisted(app: &App, asked: &Asked<'_>, guard: &Guard, name: &Admitted, file: &str) -> Option<Problem> {
    let version = version_of(name, file)?;
    match app.gate.view(guard, name).decide(Some(&version)) {
        Verdict::Allow => None,
        Verdict::Refuse(refusal) => {
            let refused = Refused { release: Release::new(name.name().clone(), &version), refusal };
            Some(app.recorder.refuse_unlisted(&refused, file, asked.exchange).await)
        }
    }
}

/// The version in the customary file name, `<name>-<version>.tgz`.
fn version_of(name: &PackageName, file: &str) -> Option<String> {
    let version = file.strip_prefix(name.unscoped())?.strip_prefix('-')?.strip_suffix(".tgz")?;
    Some(version.to_owned())
}
