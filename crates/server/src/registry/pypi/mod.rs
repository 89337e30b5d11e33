//! The Python front: the simple index and its files.

mod core_metadata;
mod file;
mod project;
mod root;

use std::sync::Arc;

use axum::body::Body;
use http::Response;
use sekisho_core::policy::{NameView, Refusal, Verdict};
use sekisho_core::{PackageName, Release};
use sekisho_pypi::path::{self, PypiPath};
use sekisho_pypi::{File, Kind, Project, Refused as RefusedFiles};
use sekisho_upstream::artifacts::Digest;
use sekisho_upstream::{Document, Entry, Hops, MetadataCache, RawDocument, Wanted};

use super::views::{View, Views};
use super::{Asked, metadata::Renders};
use crate::app::App;
use crate::gate::{Cleared, Guard, Refused, judge};
use crate::http::{Code, Problem};
use crate::refusal;
use crate::sources::Admitted;

/// The Python front's documents and what was made of them.
pub struct PypiFront {
    /// Compiled project pages.
    pub documents: MetadataCache<PypiDocument>,
    /// What is refused in them.
    pub views: Views<RefusedFiles>,
    /// Rendered answers.
    pub renders: Renders,
}

/// A project page as the cache holds it.
pub struct PypiDocument(pub Project);

impl Document for PypiDocument {
    fn compile(name: &PackageName, fetched: &RawDocument) -> Result<PypiDocument, String> {
        let json = fetched.content_type.contains("json");
        let kind = if json { Kind::Json } else { Kind::Html };
        Project::compile(name, kind, &fetched.body, &fetched.url).map(PypiDocument).map_err(|e| e.to_string())
    }

    fn weight(&self) -> usize {
        self.0.weight()
    }
}

/// A project page and what is refused in it.
struct Seen {
    entry: Arc<Entry<PypiDocument>>,
    view: Arc<View<RefusedFiles>>,
}

impl Seen {
    fn project(&self) -> &Project {
        &self.entry.document.0
    }

    fn refused(&self) -> &RefusedFiles {
        &self.view.seen
    }
}

/// Answers a request to the Python index.
pub async fn handle(app: &App, asked: &Asked<'_>) -> Result<Response<Body>, Problem> {
    super::read_only(asked)?;
    let path = path::parse(asked.path).map_err(|why| super::bad_path(&why))?;
    if path.route().is_some() {
        super::may_take(app.settings.anonymous, asked)?;
        app.note_use(asked.exchange);
    }
    if let Some(to) = path.redirect() {
        let root = asked.exchange.origin.simple.trim_end_matches("simple/");
        return super::moved(&format!("{root}{to}"));
    }
    let admit = |name| app.admit_name(name, asked.exchange);
    match path {
        PypiPath::Root { .. } => root::show(asked),
        PypiPath::Project { name, .. } => project::show(app, asked, &admit(name)?).await,
        PypiPath::File { name, file } => Box::pin(file::take(app, asked, &admit(name)?, &file)).await,
        PypiPath::Metadata { name, file } => Box::pin(core_metadata::show(app, asked, &admit(name)?, &file)).await,
        PypiPath::Unknown => Err(super::not_found()),
    }
}

/// Gets a project's page and looks at it. A name that is refused whole stays a page, with everything in it yanked.
async fn see(app: &App, asked: &Asked<'_>, guard: &Guard, name: &Admitted) -> Result<Seen, Problem> {
    let entry = match app.pypi.documents.fresh(name) {
        Some(entry) => entry,
        None => {
            let hops = Hops::of(&asked.parts.headers);
            let found = Box::pin(app.pypi.documents.get_through(name, &hops)).await;
            found.map_err(|e| super::upstream_problem(&e, &refusal::subject(name, None)))?
        }
    };
    let view = look(app, guard, name, &entry);
    Ok(Seen { entry, view })
}

/// What the guard says about a page.
pub fn look(app: &App, guard: &Guard, name: &Admitted, entry: &Entry<PypiDocument>) -> Arc<View<RefusedFiles>> {
    app.pypi.views.get((entry.revision, guard.generation(name)), app.gate.now(), || {
        let known = app.gate.view(guard, name);
        let project = &entry.document.0;
        let refused = match known.decide(None) {
            Verdict::Refuse(refusal) => project.refuse_name(refusal),
            Verdict::Allow => project.refuse(|file| file_refusal(&known, file)),
        };
        (refused, known.valid_until())
    })
}

/// A file is refused if any version that its name may mean is.
fn file_refusal(known: &NameView<'_>, file: &File) -> Option<Refusal> {
    file.decided_as().find_map(|version| match known.decide(Some(version)) {
        Verdict::Refuse(refusal) => Some(refusal),
        Verdict::Allow => None,
    })
}

/// The release that a file belongs to.
fn release_of(name: &PackageName, file: &File) -> Release {
    Release::new(name.clone(), file.versions.first().map_or("", |candidate| &candidate.text))
}

/// The gate for a file and its core metadata: the same for both. Gives where the file is upstream.
async fn gate(app: &App, asked: &Asked<'_>, name: &Admitted, file: &str) -> Result<(Cleared, Wanted), Problem> {
    let guard = app.gate.guard(&asked.exchange.caller)?;
    if sekisho_core::policy::is_canary(name) {
        let refusal = Refusal::of(sekisho_core::policy::Reason::Canary);
        let refused =
            Refused { release: Release::new(name.name().clone(), sekisho_core::policy::CANARY_VERSION), refusal };
        return Err(match file == sekisho_pypi::canary::file_name() {
            true => Box::pin(app.recorder.refuse(&refused, file, asked.exchange)).await,
            false => Box::pin(app.recorder.refuse_unlisted(&refused, file, asked.exchange)).await,
        });
    }
    let seen = match see(app, asked, &guard, name).await {
        Ok(seen) => seen,
        Err(problem) => return Err(Box::pin(unlisted(app, asked, &guard, name, file)).await.unwrap_or(problem)),
    };
    let Some((index, found)) = seen.project().find(file) else {
        let missing = || Problem::new(Code::NotFound, format!("{} has no such file.", refusal::subject(name, None)));
        return Err(Box::pin(unlisted(app, asked, &guard, name, file)).await.unwrap_or_else(missing));
    };
    match judge(release_of(name, found), seen.refused().get(index).map(|(refusal, _)| refusal)) {
        Ok(cleared) => {
            let url = found.url.as_ref().map(url::Url::as_str).unwrap_or_default();
            let hashes = found.hashes.iter().map(|hash| (&*hash.algorithm, &*hash.value));
            Ok((cleared, app.wanted(name, url, Digest::from_hex(hashes))?))
        }
        Err(refused) => Err(Box::pin(app.recorder.refuse(&refused, file, asked.exchange)).await),
    }
}

/// A file that the page does not list: its name is good enough to refuse by, never to allow by.
async fn unlisted(app: &App, asked: &Asked<'_>, guard: &Guard, name: &Admitted, file: &str) -> Option<Problem> {
    let known = app.gate.view(guard, name);
    let versions = sekisho_pypi::filename::parse(name, file).versions;
    let hit = versions.iter().find_map(|candidate| match known.decide(Some(&candidate.text)) {
        Verdict::Refuse(refusal) => Some((candidate.text.clone(), refusal)),
        Verdict::Allow => None,
    });
    let (version, refusal) = match (hit, known.decide(None)) {
        (Some((version, refusal)), _) => (version, refusal),
        (None, Verdict::Refuse(refusal)) => (Box::default(), refusal),
        (None, Verdict::Allow) => return None,
    };
    let refused = Refused { release: Release::new(name.name().clone(), &version), refusal };
    Some(app.recorder.refuse_unlisted(&refused, file, asked.exchange).await)
}
