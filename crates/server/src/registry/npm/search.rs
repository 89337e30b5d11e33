//! `GET /npm/-/v1/search`: the registry's search, without what is refused.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response};
use sekisho_core::policy::Verdict;
use sekisho_core::{Ecosystem, PackageName};
use sekisho_npm::search::{self, Found, MAX_FOUND};
use sekisho_upstream::{FetchError, Unavailable};
use url::form_urlencoded;

use super::aside::{self, Aside};
use super::packument::NPM_NOTICE;
use super::small;
use crate::app::App;
use crate::gate::Guard;
use crate::http::{Code, Problem};
use crate::registry::{Asked, upstream_problem};
use crate::sources::Admitted;

/// Longest text searched for, in bytes.
const MAX_TEXT: usize = 512;
/// Furthest start; registries end long before.
const MAX_FROM: u32 = 10_000;
/// Packages of one answer whose refused version is replaced by the one that `latest` moved to; further ones are left out.
const MAX_MOVED: usize = 5;
/// How long looking for those may take.
const MOVED_TIME: Duration = Duration::from_secs(3);

/// Answers with what was found; with nothing where the registry knows no search.
pub(super) async fn show(app: &App, asked: &Asked<'_>) -> Result<Response<Body>, Problem> {
    let guard = app.gate.guard(&asked.exchange.caller)?;
    let query = query(asked.parts.uri.query().unwrap_or_default(), |text| public_words(app, text))?;
    let (found, total) = match ask(app, asked, &query).await {
        Ok(body) => search::read(&body).ok_or_else(|| aside::unusable("The registry's search"))?,
        Err(FetchError::NotFound | FetchError::Unavailable(Unavailable::Status(405 | 501))) => return Ok(none(app)),
        Err(error) => return Err(upstream_problem(&error, "The search")),
    };
    let shown = shown(app, asked, &guard, found).await;
    Ok(small::answer(search::render(&shown, total, &app.clock.now().to_string())))
}

/// Nothing is found, and npm prints why.
fn none(app: &App) -> Response<Body> {
    let mut response = small::answer(search::render(&[], 0, &app.clock.now().to_string()));
    let notice = "The registry behind this checkpoint has no search: nothing can be found, whatever is there.";
    response.headers_mut().insert(NPM_NOTICE, HeaderValue::from_static(notice));
    response
}

async fn ask(app: &App, asked: &Asked<'_>, query: &str) -> Result<Bytes, FetchError> {
    let upstream = aside::common(app, asked)?;
    aside::fetch(app, asked, &upstream, Aside::Search, &format!("-/v1/search?{query}")).await
}

/// The words of a search that the registry may read: none that is a private name, or the scope of one.
fn public_words(app: &App, text: &str) -> String {
    let is_private_name =
        |name: &str| PackageName::parse(Ecosystem::Npm, name).is_ok_and(|name| app.sources.is_private(&name));
    // Whatever stands around a name does not hide it: `keywords:`, commas, brackets, a version behind an `@`.
    let is_private = |word: &str| {
        word.split(|c: char| !c.is_ascii_alphanumeric() && !"@/._~-".contains(c)).any(|run| {
            let run = run.trim_end_matches(['.', '/', '-', '~']);
            let name = run.get(1..).and_then(|rest| rest.find('@')).map_or(run, |at| &run[..=at]);
            let scope = name.trim_start_matches('@').split('/').next().unwrap_or_default();
            let inner = name.rsplit('/').next().unwrap_or_default();
            [name, inner, &format!("{name}/x"), &format!("@{scope}/x")].into_iter().any(is_private_name)
        })
    };
    text.split_whitespace().filter(|word| !is_private(word)).collect::<Vec<_>>().join(" ")
}

/// The parameters that npm sends, each read and written anew.
fn query(text: &str, public: impl Fn(&str) -> String) -> Result<String, Problem> {
    let mut out = form_urlencoded::Serializer::new(String::new());
    let mut wrong = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let number = |most: u32| value.parse::<u32>().ok().map(|n| n.min(most).to_string());
        let weight = || value.parse::<f32>().ok().filter(|w| (0.0..=1.0).contains(w)).map(|w| w.to_string());
        let read = match &*name {
            "text" => Some(&*value).filter(|text| text.len() <= MAX_TEXT).map(&public),
            "size" => number(MAX_FOUND as u32),
            "from" => number(MAX_FROM),
            "quality" | "popularity" | "maintenance" => weight(),
            _ => continue,
        };
        match (read, &*name) {
            (Some(value), name) => drop(out.append_pair(name, &value)),
            (None, "text") => wrong.push(format!("text: expected at most {MAX_TEXT} bytes")),
            (None, "size" | "from") => wrong.push(format!("{name}: expected a number")),
            (None, name) => wrong.push(format!("{name}: expected a number from 0 to 1")),
        }
    }
    match wrong.is_empty() {
        true => Ok(out.finish()),
        false => Err(Problem::new(Code::InvalidRequest, format!("Invalid request: {}.", wrong.join("; ")))),
    }
}

/// Leaves out names that are refused whole, and shows no refused version.
async fn shown(app: &App, asked: &Asked<'_>, guard: &Guard, found: Vec<Found>) -> Vec<Found> {
    let until = tokio::time::Instant::now() + MOVED_TIME;
    let mut shown = Vec::with_capacity(found.len());
    let mut moved = 0;
    for mut found in found {
        // Of a private name the registry has somebody else's package.
        let admitted = app.sources.admit(found.name.clone(), &asked.exchange.caller);
        let Some(name) = admitted.ok().filter(|name| !app.sources.is_private(name)) else { continue };
        let known = app.gate.view(guard, &name);
        if let Verdict::Refuse(_) = known.decide(None) {
            continue;
        }
        if let Verdict::Refuse(_) = known.decide(Some(&found.version)) {
            moved += 1;
            if moved > MAX_MOVED {
                continue;
            }
            match tokio::time::timeout_at(until, latest(app, asked, guard, &name)).await {
                Ok(Some(version)) => found.version = version,
                Ok(None) | Err(_) => continue,
            }
        }
        shown.push(found);
    }
    shown
}

/// Where `latest` moved to.
async fn latest(app: &App, asked: &Asked<'_>, guard: &Guard, name: &Admitted) -> Option<String> {
    let seen = super::see(app, asked, guard, name).await.ok()?.ok()?;
    let latest = seen.hidden().tags().iter().find(|tag| &*tag.name == "latest");
    latest.map(|tag| tag.version.to_string())
}
