//! Everything that a question finds, streamed: rows are read a thousand at a time, and only when the client has taken what
//! came before. If the database goes away midway the stream breaks off, so that nobody takes a part for the whole.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response, header};
use sekisho_core::Random;
use sekisho_store::{LedgerRow, Question, Store, Walk};
use serde_json::json;

use super::item::{self, COLUMNS};
use crate::api::export::csv_line;
use crate::api::exports::{LOST, Place};
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{May, ReadInstalls};
use crate::http::{Code, Problem, negotiate};

/// Rows that are in memory at once.
const STEP: usize = 1000;

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// RFC 4180, with a line of names.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// A bill of materials.
    CycloneDx,
}

impl Form {
    const ALL: [Form; 3] = [Form::Csv, Form::Ndjson, Form::CycloneDx];

    fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv",
            Form::Ndjson => "application/x-ndjson",
            Form::CycloneDx => "application/vnd.cyclonedx+json",
        }
    }

    /// The form by the ending of its file's name.
    pub(crate) fn named(ending: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.ending() == ending)
    }

    fn ending(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Ndjson => "ndjson",
            Form::CycloneDx => "cdx.json",
        }
    }

    /// The form that the client wants most; none: pages of JSON.
    pub(super) fn wanted(headers: &HeaderMap) -> Result<Option<Form>, Problem> {
        let weight = |wanted: &str| negotiate::weight(headers, |name| name == wanted);
        let weigh = |form: &Form| weight(form.media_type());
        let best = Form::ALL.into_iter().filter(|form| weigh(form) > 0.0).max_by(|a, b| weigh(a).total_cmp(&weigh(b)));
        let any = |name: &str| matches!(name, "application/json" | "application/*" | "*/*");
        let json = negotiate::weight(headers, any);
        match best {
            Some(form) if weigh(&form) > json || weight("application/json") == 0.0 => Ok(Some(form)),
            _ if json > 0.0 || !headers.contains_key(header::ACCEPT) => Ok(None),
            _ => Err(Problem::new(
                Code::NotAcceptable,
                "There are application/json, text/csv, application/x-ndjson and application/vnd.cyclonedx+json.",
            )),
        }
    }

    fn begin(self, app: &App) -> String {
        match self {
            Form::Csv => csv_line(COLUMNS.iter()),
            Form::Ndjson => String::new(),
            Form::CycloneDx => cyclonedx_begin(app.clock.now().to_string(), &*app.random),
        }
    }

    fn row(self, row: &LedgerRow, first: bool) -> String {
        match self {
            Form::Csv => csv_line(item::cells(row).iter()),
            Form::Ndjson => format!("{}\n", item::json(row)),
            Form::CycloneDx => format!("{}\n{}", if first { "" } else { "," }, item::component(row)),
        }
    }

    fn end(self) -> &'static str {
        match self {
            Form::Csv | Form::Ndjson => "",
            Form::CycloneDx => "\n]}\n",
        }
    }
}

/// Begins an export, and says so in the audit log.
pub(crate) async fn begin(
    app: &App,
    may: &May<ReadInstalls>,
    form: Form,
    mut question: Question,
    query: &str,
) -> Result<Response<Body>, Problem> {
    // A bill of materials is about what was taken.
    if form == Form::CycloneDx {
        question.refused = question.refused.or(Some(false));
    }
    let place = app.exports.take(may.org())?;
    let detail = json!({ "form": form.media_type(), "query": query });
    let audit = may.audit(app, app.clock.now(), "installs.exported", may.org().to_string(), detail);
    app.store.audit().note(may.org(), &audit).await.map_err(|e| store_problem(&e))?;
    let walk = app.store.ledger().ask(question, None).await.map_err(|e| store_problem(&e))?;
    let mut export = Export { store: app.store.clone(), walk, form, first: true, place };
    // The first rows come before the status is sent: a database that is down is a 503, not a broken stream.
    let first = export.next().await.map_err(|e| store_problem(&e))?.unwrap_or_default();
    let begin = form.begin(app) + &first;
    let rest = stream::unfold(Some(export), |export| async {
        let mut export = export?;
        if !export.place.moves() {
            tracing::warn!("an export of the install log broke off: {LOST}");
            return Some((Err(io::Error::other(LOST)), None));
        }
        match export.next().await {
            Ok(Some(text)) => Some((Ok(Bytes::from(text)), Some(export))),
            Ok(None) => Some((Ok(Bytes::from_static(export.form.end().as_bytes())), None)),
            Err(error) => {
                tracing::warn!("an export of the install log broke off: {error}");
                Some((Err(io::Error::other("the database went away")), None))
            }
        }
    });
    let body = futures_util::StreamExt::chain(stream::iter([Ok(Bytes::from(begin))]), rest);
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"installs.{}\"", form.ending())) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

struct Export {
    store: Arc<Store>,
    walk: Walk,
    form: Form,
    first: bool,
    place: Place,
}

impl Export {
    /// The next rows as text; none when there are no more.
    async fn next(&mut self) -> Result<Option<String>, sekisho_store::StoreError> {
        let Some(rows) = self.store.ledger().next(&mut self.walk, STEP).await? else { return Ok(None) };
        let mut text = String::new();
        for row in &rows {
            text.push_str(&self.form.row(row, self.first));
            self.first = false;
        }
        Ok(Some(text))
    }
}

fn cyclonedx_begin(now: String, random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let serial = uuid::Builder::from_random_bytes(bytes).into_uuid();
    let version = env!("CARGO_PKG_VERSION");
    let tool = json!({ "type": "application", "name": "sekisho", "version": version });
    let metadata = json!({ "timestamp": now, "tools": { "components": [tool] } });
    format!(
        "{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"serialNumber\":\"urn:uuid:{serial}\",\"version\":1,\
         \"metadata\":{metadata},\"components\":["
    )
}
