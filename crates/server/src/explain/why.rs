//! `GET /why/{ecosystem}/{name}[/{version}]`: what was decided, and on which record. Readable by everybody.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use http::{HeaderMap, Response};
use sekisho_core::advisory::Hit;
use sekisho_core::policy::{Effect, Entry, Owner, Reason, Refusal, Verdict};
use sekisho_core::{Ecosystem, PackageName, PackageUrl};
use serde_json::json;

use crate::app::App;
use crate::exchange::Exchange;
use crate::gate::{Guard, Knowledge};
use crate::http::{Code, Problem};
use crate::refusal;
use crate::sources::Admitted;

#[derive(Template)]
#[template(path = "why.html")]
struct Page {
    subject: String,
    verdict: &'static str,
    /// The verdict as people read it: a name that is not refused whole may still have refused releases.
    headline: &'static str,
    /// The class of its colour.
    tone: &'static str,
    blocked: bool,
    malware: bool,
    canary: bool,
    /// The caller's organisation refuses it.
    own: bool,
    /// The caller has an organisation with entries.
    with_organisation: bool,
    summary: String,
    has_version: bool,
    records: Vec<RecordRow>,
    entries: Vec<EntryRow>,
}

struct RecordRow {
    id: String,
    versions: String,
    decides: bool,
}

struct EntryRow {
    /// `operator` or `organisation`.
    of: &'static str,
    effect: &'static str,
    package: String,
    reason: String,
    until: String,
}

/// Answers for a name or a release.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let Path((ecosystem, rest)) = path.map_err(|_| super::unreadable())?;
    let (name, version) = read(&ecosystem, &rest)?;
    let guard = app.gate.guard(&exchange.caller)?;
    let (page, refusal) = match app.sources.admit(name.clone(), &exchange.caller) {
        Some(admitted) => {
            let refusal = app.refusal_of(&guard, &admitted, version.as_deref());
            (page(&app, &guard, &name, version.as_deref(), refusal.as_ref()), refusal)
        }
        // Of a name whose upstream is not for the caller it says what it says of a name about which nothing is known.
        None => (page(&app, &guard.about_nothing(), &name, version.as_deref(), None), None),
    };
    let purl = PackageUrl { name, version: version.map(Into::into) };
    let body = json!({
        "package": purl.to_string(),
        "verdict": page.verdict,
        "reason": refusal.as_ref().map(|r| r.reason.as_str()),
        "summary": page.summary,
        "advisories": page.records.iter()
            .map(|r| json!({"id": r.id, "versions": r.versions, "decides": r.decides})).collect::<Vec<_>>(),
        "entries": page.entries.iter()
            .map(|e| json!({"of": e.of, "effect": e.effect, "package": e.package, "reason": e.reason, "until": e.until})).collect::<Vec<_>>(),
    });
    super::answer(&headers, &page, &body)
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

fn page(app: &App, guard: &Guard, name: &PackageName, version: Option<&str>, refusal: Option<&Refusal>) -> Page {
    let decides = |id: &str| refusal.is_some_and(|r| r.advisories.iter().any(|a| a == id));
    let records: Vec<RecordRow> = guard.blocklist.rules(name).map_or_else(Vec::new, |rules| {
        rules
            .records()
            .map(|r| RecordRow { id: r.id.to_owned(), versions: shown(&r.hits), decides: decides(r.id) })
            .collect()
    });
    let entries: Vec<EntryRow> = guard.policies().entries(name).map(|(owner, e)| entry_row(owner, e, app)).collect();
    let mixed = version.is_none() && (!records.is_empty() || some_block(guard, name, app));
    let view = app.gate.view(guard, name);
    let deciding = view.deciding_entry(version);
    let (headline, tone) = match refusal {
        Some(_) => ("blocked", "blocked"),
        None if mixed => ("some releases are blocked", "mixed"),
        None => ("allowed", "allowed"),
    };
    Page {
        subject: refusal::subject(name, version),
        verdict: if refusal.is_some() { "blocked" } else { "allowed" },
        headline,
        tone,
        blocked: refusal.is_some(),
        malware: refusal.is_some_and(|r| r.reason == Reason::Malware),
        canary: refusal.is_some_and(|r| r.reason == Reason::Canary),
        own: refusal.is_some_and(|r| r.reason == Reason::OrganisationPolicy),
        with_organisation: guard.own.is_some(),
        summary: summary(guard, version, refusal, mixed, deciding),
        has_version: version.is_some(),
        records,
        entries,
    }
}

fn shown(hits: &[Hit]) -> String {
    hits.iter().map(Hit::to_string).collect::<Vec<_>>().join("; ")
}

/// An entry blocks a release of this name now.
fn some_block(guard: &Guard, name: &PackageName, app: &App) -> bool {
    let now = app.gate.now();
    guard.policies().entries(name).any(|(_, entry)| entry.is_live(now) && entry.effect == Effect::Block)
}

/// A name that was never asked for reads like one that everybody takes: to tell them apart would tell strangers what is
/// taken here, or have them send questions to the registry.
const LOOKED_UP: &str = "Whether the registry has it is not looked up here.";

/// Who writes.
fn writer(owner: Owner) -> &'static str {
    match owner {
        Owner::Operator => "operator",
        Owner::Organisation => "organisation",
    }
}

fn summary(
    guard: &Guard,
    version: Option<&str>,
    refusal: Option<&Refusal>,
    mixed: bool,
    deciding: Option<(Owner, &Entry)>,
) -> String {
    let what = if version.is_some() { "This release" } else { "Every release of this package" };
    let allowing = deciding.filter(|(_, entry)| entry.effect == Effect::Allow).map(|(owner, _)| writer(owner));
    match refusal {
        Some(refusal) if matches!(refusal.reason, Reason::Policy | Reason::OrganisationPolicy) => {
            let written = deciding.filter(|(_, entry)| entry.effect == Effect::Block && !entry.reason.is_empty());
            let reason = written.map(|(owner, entry)| format!(" The {} writes: {}", writer(owner), entry.reason));
            let reason = reason.unwrap_or_default();
            format!("{what} is refused. Reason: {}.{reason}", refusal.words())
        }
        Some(refusal) => format!("{what} is refused. Reason: {}.", refusal.words()),
        None if mixed => "Some releases of this package are refused; what stands below says which.".to_owned(),
        None if allowing.is_some() => {
            format!("{what} is allowed by an entry of the {}, which stands below.", allowing.unwrap_or_default())
        }
        None if guard.knowledge == Knowledge::OwnEntriesOnly => {
            format!(
                "{what} is allowed. This checkpoint has no advisory source configured: only the operator's own entries count. {LOOKED_UP}"
            )
        }
        None if guard.own.is_some() => {
            format!(
                "{what} is allowed: no record and no entry of the operator or the organisation hits it. {LOOKED_UP}"
            )
        }
        None => format!("{what} is allowed: no record and no entry of the operator hits it. {LOOKED_UP}"),
    }
}

fn entry_row(owner: Owner, entry: &Entry, app: &App) -> EntryRow {
    let ended = !entry.is_live(app.gate.now());
    EntryRow {
        of: writer(owner),
        effect: entry.effect.as_str(),
        package: entry.target.to_string(),
        reason: entry.reason.clone(),
        until: match entry.expires {
            None => "no end".to_owned(),
            Some(end) if ended => format!("{end} (ended)"),
            Some(end) => end.to_string(),
        },
    }
}

impl App {
    /// What is decided about a name or a release; where its document is at hand, what the document says counts too.
    fn refusal_of(&self, guard: &Arc<Guard>, name: &Admitted, version: Option<&str>) -> Option<Refusal> {
        match self.gate.view(guard, name).decide(version) {
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Allow => version.and_then(|version| self.contradiction(guard, name, version)),
        }
    }
}
