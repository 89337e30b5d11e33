//! The npm front.

mod aside;
mod attestations;
mod audit;
mod dist_tags;
mod keys;
mod packument;
mod search;
mod session;
mod small;
mod tarball;
mod version;

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderValue, Method, Response, header};
use sekisho_core::PackageName;
use sekisho_core::policy::{Refusal, Verdict};
use sekisho_npm::path::{self, NpmPath, NpmRoute};
use sekisho_npm::{Hidden, Packument};
use sekisho_upstream::{Document, Entry, Hops, MetadataCache, RawDocument};

pub use aside::Asides;

use super::views::{View, Views};
use super::{Asked, metadata::Renders};
use crate::app::App;
use crate::gate::Guard;
use crate::http::{Code, Problem};
use crate::refusal;
use crate::sources::Admitted;

/// The npm front's documents and what was made of them.
pub struct NpmFront {
    /// Compiled packuments.
    pub documents: MetadataCache<NpmDocument>,
    /// What is hidden in them.
    pub views: Views<NpmView>,
    /// Rendered answers.
    pub renders: Renders,
    /// What else the registry was asked.
    pub asides: Asides,
}

/// A packument as the cache holds it.
pub struct NpmDocument(pub Packument);

/// What the guard says about a packument.
pub struct NpmView {
    /// The hidden releases and the tags that result.
    pub hidden: Hidden,
    /// Every release is refused, and why.
    pub whole: Option<Refusal>,
}

impl Document for NpmDocument {
    fn compile(name: &PackageName, fetched: &RawDocument) -> Result<NpmDocument, String> {
        Packument::compile(name, fetched.body.clone()).map(NpmDocument).map_err(|e| e.to_string())
    }

    fn weight(&self) -> usize {
        self.0.weight()
    }
}

/// A name that is not refused whole, its document, and what is hidden in it.
struct Seen {
    entry: Arc<Entry<NpmDocument>>,
    view: Arc<View<NpmView>>,
}

impl Seen {
    fn packument(&self) -> &Packument {
        &self.entry.document.0
    }

    fn hidden(&self) -> &Hidden {
        &self.view.seen.hidden
    }
}

/// Answers a request to the npm registry.
pub async fn handle(app: &App, asked: &Asked<'_>, body: Body) -> Result<Response<Body>, Problem> {
    if let Some(answer) = session::answer(app, asked).await {
        return answer;
    }
    let path = path::parse(asked.path);
    let route = path.as_ref().map_or(NpmRoute::Unknown, NpmPath::route);
    if !route.is_posted() {
        super::read_only(asked)?;
    } else if asked.parts.method != Method::POST {
        return Err(only_posted());
    }
    let path = path.map_err(|why| super::bad_path(&why))?;
    if route.asks_registry() {
        super::may_take(app.settings.anonymous, asked)?;
    }
    if route.serves_packages() {
        app.note_use(asked.exchange);
    }
    let admit = |name| app.admit_name(name, asked.exchange);
    // All but documents is boxed: every request would be as large as the largest of them, and is moved some times.
    match path {
        NpmPath::Packument(name) => packument::show(app, asked, &admit(name)?).await,
        NpmPath::Version { name, spec } => Box::pin(version::show(app, asked, &admit(name)?, &spec)).await,
        NpmPath::Tarball { name, file } => Box::pin(tarball::take(app, asked, &admit(name)?, &file)).await,
        NpmPath::DistTags(name) => Box::pin(dist_tags::show(app, asked, &admit(name)?)).await,
        NpmPath::AuditBulk => Box::pin(audit::bulk(app, asked, body)).await,
        NpmPath::AuditTree => Box::pin(audit::report(app, asked, body)).await,
        NpmPath::Search => Box::pin(search::show(app, asked)).await,
        NpmPath::Keys => Box::pin(keys::show(app, asked)).await,
        NpmPath::Attestations { name, version } => {
            Box::pin(attestations::show(app, asked, &admit(name)?, &version)).await
        }
        NpmPath::Tokens => Err(small::tokens()),
        NpmPath::Ping => Ok(small::ping()),
        NpmPath::Whoami => small::whoami(asked),
        NpmPath::Unknown => Err(super::not_found()),
    }
}

/// An audit is posted.
fn only_posted() -> Problem {
    let problem = Problem::new(Code::UnsupportedMethod, "An audit is posted to this address.");
    problem.with(header::ALLOW, HeaderValue::from_static("POST"))
}

/// Decides on the name, gets its document, and looks at it. A name that is refused whole needs no upstream.
async fn see(app: &App, asked: &Asked<'_>, guard: &Guard, name: &Admitted) -> Result<Result<Seen, Refusal>, Problem> {
    let entry = match app.npm.documents.fresh(name) {
        // The view of its document, looked at below, knows about the name too.
        Some(entry) => entry,
        None => {
            if let Verdict::Refuse(refusal) = app.gate.view(guard, name).decide(None) {
                return Ok(Err(refusal));
            }
            let hops = Hops::of(&asked.parts.headers);
            let found = Box::pin(app.npm.documents.get_through(name, &hops)).await;
            found.map_err(|e| super::upstream_problem(&e, &refusal::subject(name, None)))?
        }
    };
    let view = look(app, guard, name, &entry);
    match &view.seen.whole {
        Some(refusal) => Ok(Err(refusal.clone())),
        None => Ok(Ok(Seen { entry, view })),
    }
}

/// What the guard says about a document.
pub fn look(app: &App, guard: &Guard, name: &Admitted, entry: &Entry<NpmDocument>) -> Arc<View<NpmView>> {
    app.npm.views.get((entry.revision, guard.generation(name)), app.gate.now(), || {
        let known = app.gate.view(guard, name);
        let hidden = entry.document.0.hide(|row| match known.decide(Some(row.version())) {
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Allow => None,
        });
        let first = hidden.refusals().next().map(|(_, refusal)| refusal.clone());
        let whole = match known.decide(None) {
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Allow => first.filter(|_| hidden.all_hidden()),
        };
        (NpmView { hidden, whole }, known.valid_until())
    })
}
