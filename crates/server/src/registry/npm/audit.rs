//! `POST /npm/-/npm/v1/security/advisories/bulk` and `…/audits[/quick]`: what is refused here, and what the registry
//! says besides.
//!
//! The registry is asked by its bulk address for both, and without it the answer is ours alone.

use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Response};
use sekisho_core::policy::{Refusal, Verdict};
use sekisho_core::{Ecosystem, PackageName, Timestamp, Version};
use sekisho_npm::audit::{Advisories, Advisory, Query, Tree, read_answer, render_bulk, render_report};
use sekisho_upstream::{Caps, FetchError, Hops, Unavailable};
use sha2::{Digest, Sha256};

use super::aside::{self, Aside, WITHIN};
use super::packument::NPM_NOTICE;
use super::small;
use crate::app::App;
use crate::gate::Guard;
use crate::http::posted::Place;
use crate::http::{BodyCaps, Code, Origin, Problem};
use crate::refusal;
use crate::registry::Asked;

/// Where npm's registries take the question.
const PATH: &str = "-/npm/v1/security/advisories/bulk";
/// Names and versions: some ten thousand of them are half of this.
const BULK: BodyCaps = BodyCaps { packed: 1 << 20, unpacked: 2 << 20 };
/// A whole tree: some ten thousand packages are half of this.
const TREE: BodyCaps = BodyCaps { packed: 4 << 20, unpacked: 8 << 20 };
/// The registry's answer.
const ANSWER: Caps = Caps { transfer: 4 << 20, body: 8 << 20 };

/// Answers npm's bulk request.
pub(super) async fn bulk(app: &App, asked: &Asked<'_>, body: Body) -> Result<Response<Body>, Problem> {
    let (guard, now, origin) = (app.gate.guard(&asked.exchange.caller)?, app.gate.now(), asked.exchange.origin.clone());
    let read = move |bytes: &[u8]| {
        let query = Query::parse(bytes).map_err(|e| e.to_string())?;
        let own = own(&query, &guard, now, &origin);
        Ok((query, own))
    };
    let client = asked.exchange.client;
    let ((query, mut own), place) = app.posted.take(client, &asked.parts.headers, body, BULK, read).await?;
    keep_admitted(app, asked, &mut own);
    let notice = notice(&own);
    add_registrys(app, asked, Arc::new(forwarded(app, &query)), &mut own).await;
    answer(notice, own, place, render_bulk).await
}

/// Answers the request of older clients, which send the whole tree: npm 6 to 10, pnpm 10.
pub(super) async fn report(app: &App, asked: &Asked<'_>, body: Body) -> Result<Response<Body>, Problem> {
    let (guard, now, origin) = (app.gate.guard(&asked.exchange.caller)?, app.gate.now(), asked.exchange.origin.clone());
    let read = move |bytes: &[u8]| {
        let tree = Tree::parse(bytes).map_err(|e| e.to_string())?;
        let query = tree.query().map_err(|e| e.to_string())?;
        let own = own(&query, &guard, now, &origin);
        Ok((tree, query, own))
    };
    let client = asked.exchange.client;
    let ((tree, query, mut own), place) = app.posted.take(client, &asked.parts.headers, body, TREE, read).await?;
    keep_admitted(app, asked, &mut own);
    let notice = notice(&own);
    add_registrys(app, asked, Arc::new(forwarded(app, &query)), &mut own).await;
    answer(notice, own, place, move |advisories| render_report(&tree, &query, advisories)).await
}

/// The one place that says what goes on to the registry: no private name, and nothing but versions.
fn forwarded(app: &App, query: &Query) -> Query {
    query.forwarded(|name| !app.sources.is_private(name))
}

/// Of a name whose upstream is not for the caller nothing is said, as everywhere.
fn keep_admitted(app: &App, asked: &Asked<'_>, own: &mut Advisories) {
    own.retain(|name, _| app.sources.admit(name.clone(), &asked.exchange.caller).is_ok());
}

/// Writes the answer, on a thread for it. The request's place is kept until all that was made of it is gone.
async fn answer(
    notice: Option<String>,
    advisories: Advisories,
    place: Place,
    render: impl FnOnce(&Advisories) -> Vec<u8> + Send + 'static,
) -> Result<Response<Body>, Problem> {
    let writing = move || {
        let body = render(&advisories);
        drop((advisories, place));
        body
    };
    let body = tokio::task::spawn_blocking(writing).await;
    let body = body.map_err(|e| Problem::new(Code::Internal, "The answer could not be made.").log(e.to_string()))?;
    let mut response = small::answer(body);
    if let Some(notice) = notice.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(NPM_NOTICE, notice);
    }
    Ok(response)
}

/// What the decision refuses of it.
fn own(query: &Query, guard: &Guard, now: Timestamp, origin: &Origin) -> Advisories {
    let mut advisories = Advisories::new();
    for (name, versions) in query.packages() {
        let known = guard.view(name, now);
        if known.is_clear() {
            continue;
        }
        for version in versions {
            if let Verdict::Refuse(refusal) = known.decide(Some(version)) {
                advisories.entry(name.clone()).or_default().push(advisory(name, version, &refusal, origin));
            }
        }
    }
    advisories
}

/// The sentence that npm prints with any answer.
fn notice(own: &Advisories) -> Option<String> {
    let first = own.values().next()?.first()?;
    let first = format!("{}. Why, and what to do: {}", first.title, first.url.as_deref()?);
    Some(match own.values().map(Vec::len).sum() {
        1 => first,
        count => format!("{first} (the first of {count} refused releases in this project)"),
    })
}

/// One refused release as an advisory. Its text is made of id, name and version; every client prints its address beside it.
fn advisory(name: &PackageName, version: &str, refusal: &Refusal, origin: &Origin) -> Advisory {
    let url = refusal::why_url(name, Some(version), origin);
    let title = refusal::blocked(name, Some(version), refusal);
    // A version that nobody can read is told as every version: its own text would be no range.
    let range = match Version::picked_key(Ecosystem::Npm, version) {
        Some(_) if version.bytes().all(|b| b.is_ascii_graphic()) => version.to_owned(),
        _ => "*".to_owned(),
    };
    let digest = Sha256::new().chain_update(name.as_str()).chain_update([0]).chain_update(version).finalize();
    let hash = digest.iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte));
    Advisory::own(hash, title, url, range)
}

/// Adds what the registry says, if it says anything.
async fn add_registrys(app: &App, asked: &Asked<'_>, query: Arc<Query>, advisories: &mut Advisories) {
    match registrys(app, asked, query).await {
        Ok(theirs) => theirs.into_iter().for_each(|(name, all)| advisories.entry(name).or_default().extend(all)),
        Err(why) => tracing::debug!("the registry's part of an audit is missing: {why}"),
    }
}

async fn registrys(app: &App, asked: &Asked<'_>, query: Arc<Query>) -> Result<Advisories, FetchError> {
    let internal = |_| FetchError::Unavailable(Unavailable::Internal);
    let question = query.render();
    let upstream = aside::common(app, asked)?;
    if query.is_empty() {
        return Ok(Advisories::new());
    }
    let hops = Hops::of(&asked.parts.headers);
    let ask = async {
        let packed = pack(question.clone()).await?;
        app.client.post(&upstream, &upstream.below(PATH), packed, &hops, (ANSWER, WITHIN)).await
    };
    let body = app.npm.asides.get(app, (Aside::Audit, &upstream), &question, ask).await?;
    let reading = tokio::task::spawn_blocking(move || read_answer(&body, &query));
    reading.await.map_err(internal)?.map_err(|e| FetchError::Invalid(e.to_string()))
}

async fn pack(body: Vec<u8>) -> Result<Bytes, FetchError> {
    let packing = tokio::task::spawn_blocking(move || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&body).and_then(|()| encoder.finish())
    });
    let packed = packing.await.ok().and_then(Result::ok);
    packed.map(Bytes::from).ok_or(FetchError::Unavailable(Unavailable::Internal))
}
