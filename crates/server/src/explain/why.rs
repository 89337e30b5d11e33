//! `GET /why/{ecosystem}/{name}[/{version}]`: what was decided, and on which record. Readable by everybody: a page of the
//! console for people, JSON for programs.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use http::Response;
use http::request::Parts;
use sekisho_core::policy::{Owner, Refusal, Verdict};
use sekisho_core::{Ecosystem, Language, PackageName, PackageUrl, Timestamp};
use serde_json::{Value, json};

use super::verdict::{Found, Listed};
use crate::app::App;
use crate::console::release;
use crate::console::text::Say;
use crate::exchange::Exchange;
use crate::gate::Guard;
use crate::http::{Code, Problem, negotiate};
use crate::sources::Admitted;

/// Answers for a name or a release.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    path: Result<Path<(String, String)>, PathRejection>,
    parts: Parts,
) -> Result<Response<Body>, Problem> {
    let Path((ecosystem, rest)) = path.map_err(|_| super::unreadable())?;
    let (name, version) = read(&ecosystem, &rest)?;
    let guard = app.gate.guard(&exchange.caller)?;
    let found = match app.sources.admit(name, &exchange.caller) {
        Ok(admitted) => app.found(&guard, &admitted, version.as_deref()),
        // Of a name whose upstream is not for the caller it says what it says of a name about which nothing is known.
        Err(name) => Found::of(&app, &guard.about_nothing(), &name, version.as_deref(), None),
    };
    match negotiate::wants_html(&parts.headers) {
        true => Ok(release::show(&app, parts, &found).await),
        false => Ok(super::respond(told(&found).to_string(), "application/json")),
    }
}

/// The path's rest: an npm scope makes the name two segments long.
fn read(ecosystem: &str, rest: &str) -> Result<(PackageName, Option<String>), Problem> {
    let nothing = || Problem::new(Code::NotFound, "Ask for /why/npm/<name>/<version> or /why/pypi/<name>/<version>.");
    let ecosystem = Ecosystem::parse(ecosystem).ok_or_else(nothing)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let (name, version) = match (ecosystem, parts.as_slice()) {
        (Ecosystem::Npm, [scope, name]) if scope.starts_with('@') => (format!("{scope}/{name}"), None),
        (Ecosystem::Npm, [scope, name, version]) if scope.starts_with('@') => {
            (format!("{scope}/{name}"), Some(*version))
        }
        (_, [name]) => ((*name).to_owned(), None),
        (_, [name, version]) => ((*name).to_owned(), Some(*version)),
        _ => return Err(nothing()),
    };
    let name = PackageName::parse(ecosystem, &name).map_err(|_| nothing())?;
    match version {
        Some(version) if version.is_empty() || version.len() > 256 => Err(nothing()),
        version => Ok((name, version.map(str::to_owned))),
    }
}

/// The same for programs, in English.
fn told(found: &Found) -> Value {
    let reason = found.refusal.as_ref().map(Refusal::words).unwrap_or_default();
    // What is put into a text stands between isolating marks, which programs have no use for.
    let summary = found.summary(Say(Language::En), &reason).replace(['\u{2068}', '\u{2069}'], "");
    let purl = PackageUrl { name: found.name.clone(), version: found.version.as_deref().map(Into::into) };
    json!({
        "package": purl.to_string(),
        "verdict": if found.refusal.is_some() { "blocked" } else { "allowed" },
        "reason": found.refusal.as_ref().map(|r| r.reason.as_str()),
        "since": moment(found.since()),
        "summary": summary,
        "advisories": found.records.iter()
            .map(|r| json!({"id": r.id, "since": moment(r.since), "versions": r.versions.join("; "), "decides": r.decides}))
            .collect::<Vec<_>>(),
        "entries": found.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(listed: &Listed) -> Value {
    let of = match listed.owner {
        Owner::Operator => "operator",
        Owner::Organisation => "organisation",
    };
    let until = match listed.entry.expires {
        None => "no end".to_owned(),
        Some(end) if listed.ended => format!("{end} (ended)"),
        Some(end) => end.to_string(),
    };
    let (effect, package) = (listed.entry.effect.as_str(), listed.entry.target.to_string());
    let (reason, since) = (&listed.entry.reason, moment(listed.entry.since));
    json!({"of": of, "effect": effect, "package": package, "reason": reason, "since": since, "until": until})
}

fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

impl App {
    /// What is decided about a name or a release; where its document is at hand, what the document says counts too.
    pub(crate) fn found(&self, guard: &Arc<Guard>, name: &Admitted, version: Option<&str>) -> Found {
        let refusal = match self.gate.view(guard, name).decide(version) {
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Allow => version.and_then(|version| self.contradiction(guard, name, version)),
        };
        Found::of(self, guard, name, version, refusal)
    }
}
