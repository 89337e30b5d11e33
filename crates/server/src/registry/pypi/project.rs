//! `GET /pypi/simple/<name>/`: a project's page, as JSON or HTML.

use std::io::Write;

use axum::body::Body;
use http::{HeaderValue, Response, header};
use sekisho_core::PackageName;
use sekisho_core::name::NameError;
use sekisho_core::policy::{Refusal, Verdict, is_canary};
use sekisho_pypi::{Answer, File, Form as PageForm, Project, canary, negotiate};

use super::release_of;
use crate::app::App;
use crate::gate::Guard;
use crate::http::{Code, Problem, negotiate as headers};
use crate::refusal;
use crate::registry::metadata::{self, Form, RenderKey, Rendered};
use crate::registry::{Asked, from_shelf, stale_for};
use crate::sources::Admitted;

/// Answers with the page. Refused files stay listed as yanked, with the reason, so that resolvers pass over them and say
/// why.
pub(super) async fn show(app: &App, asked: &Asked<'_>, name: &Admitted) -> Result<Response<Body>, Problem> {
    let accept = asked.parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let answer = negotiate(accept).map_err(|_| not_acceptable())?;
    if is_canary(name) {
        return show_canary(asked, answer.form, answer.content_type);
    }
    let guard = app.gate.guard(&asked.exchange.caller)?;
    let form = if answer.form == PageForm::Json { Form::SimpleJson } else { Form::SimpleHtml };
    let front = (&app.pypi.documents, &app.pypi.renders);
    if let Some((rendered, age)) = from_shelf(app, asked, front, (&guard, name), form).await {
        return Ok(metadata::answer(asked, &rendered, answer.content_type, age));
    }
    let seen = match super::see(app, asked, &guard, name).await {
        Ok(seen) => seen,
        Err(problem) => return show_without_upstream(app, asked, &guard, name, answer, problem),
    };
    let gzip = headers::takes_gzip(&asked.parts.headers);
    let key = RenderKey {
        hidden: hidden_key(seen.refused().key()),
        ..RenderKey::new(seen.entry.revision, &asked.exchange.origin, form, gzip)
    };
    let (entry, view, origin) = (seen.entry.clone(), seen.view.clone(), asked.exchange.origin.clone());
    let (form, named) = (answer.form, name.name().clone());
    let render = move |out: &mut dyn Write| {
        let project = &entry.document.0;
        let explain = |file: &File, refusal: &Refusal| {
            let release = release_of(&named, file);
            let version = Some(&*release.version).filter(|v| !v.is_empty());
            refusal::yanked_reason(&named, version, refusal, &origin)
        };
        out.write_all(&match form {
            PageForm::Json => project.render_json(&view.seen, &origin.files, explain),
            PageForm::Html => project.render_html(&view.seen, &origin.files, explain),
        })
    };
    let rendered = app.pypi.renders.get(key, &asked.exchange.origin, seen.entry.body_length, render).await?;
    Ok(metadata::answer(asked, &rendered, answer.content_type, stale_for(app, &seen.entry)))
}

/// A name that is refused whole stays a page, also where the registry does not have it (any more) or does not answer: a
/// `404` would send some clients to another index.
fn show_without_upstream(
    app: &App,
    asked: &Asked<'_>,
    guard: &Guard,
    name: &PackageName,
    answer: Answer,
    problem: Problem,
) -> Result<Response<Body>, Problem> {
    let Verdict::Refuse(refusal) = app.gate.view(guard, name).decide(None) else { return Err(problem) };
    let origin = &asked.exchange.origin;
    let project = Project::empty(name.clone());
    let refused = project.refuse_name(refusal);
    let explain = |_: &File, refusal: &Refusal| refusal::yanked_reason(name, None, refusal, origin);
    let body = match answer.form {
        PageForm::Json => project.render_json(&refused, &origin.files, explain),
        PageForm::Html => project.render_html(&refused, &origin.files, explain),
    };
    let tag = format!("\"gone-{:?}-{:x}-{}\"", answer.form, origin.tag, refused.key());
    send(asked, body, tag, answer.content_type)
}

/// A page that is made anew for each request: small, and asked for rarely.
fn send(asked: &Asked<'_>, body: Vec<u8>, tag: String, content_type: &'static str) -> Result<Response<Body>, Problem> {
    let internal = |why: String| Problem::new(Code::Internal, "The answer could not be made.").log(why);
    let etag = HeaderValue::try_from(tag).map_err(|e| internal(e.to_string()))?;
    let rendered = Rendered::make(body, etag, false).map_err(|e| internal(e.to_string()))?;
    Ok(metadata::answer(asked, &rendered, content_type, None))
}

/// The canary's page needs no upstream: one release, listed, whose file answers `403`.
fn show_canary(asked: &Asked<'_>, form: PageForm, content_type: &'static str) -> Result<Response<Body>, Problem> {
    let files = &asked.exchange.origin.files;
    let body = match form {
        PageForm::Json => canary::render_json(files),
        PageForm::Html => canary::render_html(files),
    };
    let failed = |e: NameError| Problem::new(Code::Internal, "The answer could not be made.").log(e.to_string());
    let tag = format!("\"canary-{form:?}-{:x}\"", asked.exchange.origin.tag);
    send(asked, body.map_err(failed)?, tag, content_type)
}

/// 32 hexadecimal digits, or nothing where nothing is refused.
fn hidden_key(text: &str) -> [u8; 16] {
    u128::from_str_radix(text, 16).unwrap_or_default().to_be_bytes()
}

/// None of the forms that the client takes is one of ours.
pub(super) fn not_acceptable() -> Problem {
    Problem::new(
        Code::NotAcceptable,
        "This page is there as application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html and text/html.",
    )
}
