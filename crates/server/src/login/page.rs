//! `GET /login/{page}`: what the person has to do now. It changes nothing; the forms on it lead to its neighbours.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use sekisho_core::login::LoginSecret;
use sekisho_store::{Login, LoginState, StoreError};

use super::note::Note;
use super::program;
use crate::app::App;
use crate::console::text::Say;
use crate::console::visitor::reader;
use crate::exchange::Exchange;
use crate::http::{Code, Problem, form};

/// The pages load their style sheet and their icon and send forms to themselves; nothing may show them inside another page.
const CSP: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a page shows.
pub(super) enum Step {
    /// Who started it, and the form for the address.
    Address { typed: String, wrong: Option<String> },
    /// The form for the code.
    Code { email: String, wrong: Option<String> },
    /// Something to read.
    Note(Note),
}

/// Who started it, and who looks at it.
struct Facts {
    program: String,
    network: String,
    here: String,
    started: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    say: Say,
    title: String,
    id: &'a str,
    step: Step,
    facts: Option<Facts>,
    elsewhere: bool,
}

/// The parts that every address of a login's page takes.
pub(super) type PagePath = Result<Path<String>, PathRejection>;

/// Shows the page.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    path: PagePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let visit = match Visit::of(&app, &exchange, path, &headers).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let other_address = uri.query() == Some("address") && visit.login.state == LoginState::Asked;
    visit.answer(StatusCode::OK, if other_address { visit.address("", None) } else { visit.due() })
}

/// A person at the page of a login that is under way, or at least known.
pub(super) struct Visit<'a> {
    pub(super) login: Login,
    pub(super) say: Say,
    pub(super) id: String,
    exchange: &'a Exchange,
}

impl<'a> Visit<'a> {
    /// Finds the login; the error is the page to show instead.
    pub(super) async fn of(
        app: &App,
        exchange: &'a Exchange,
        path: PagePath,
        headers: &HeaderMap,
    ) -> Result<Visit<'a>, Result<Response<Body>, Problem>> {
        let say = reader(headers, &exchange.origin);
        let unknown = || note(say, StatusCode::NOT_FOUND, Note::Unknown);
        let page = path.ok().and_then(|Path(id)| LoginSecret::parse(&id)).ok_or_else(unknown)?;
        let found = app.store.logins().find_by_page(&page.hash()).await.map_err(|e| unavailable(say, &e))?;
        let login = found.ok_or_else(unknown)?;
        // What was confirmed in time stays a success to look at.
        let finished = matches!(login.state, LoginState::Done | LoginState::Ended);
        if login.is_over(app.clock.now()) && !finished {
            return Err(note(say, StatusCode::GONE, Note::Expired));
        }
        Ok(Visit { login, say, id: page.expose(), exchange })
    }

    /// The same for a form: it has to come from these pages, and the login has to wait for it.
    pub(super) async fn with_form(
        app: &App,
        exchange: &'a Exchange,
        path: PagePath,
        headers: &HeaderMap,
        waits: impl Fn(LoginState) -> bool,
    ) -> Result<Visit<'a>, Result<Response<Body>, Problem>> {
        if !form::is_ours(headers, &exchange.origin) {
            return Err(note(reader(headers, &exchange.origin), StatusCode::BAD_REQUEST, Note::NotFromHere));
        }
        let visit = Visit::of(app, exchange, path, headers).await?;
        match waits(visit.login.state) {
            true => Ok(visit),
            false => Err(visit.answer(StatusCode::CONFLICT, visit.due())),
        }
    }

    /// What the login waits for.
    pub(super) fn due(&self) -> Step {
        match self.login.state {
            LoginState::Open => self.address("", None),
            LoginState::Asked => self.code(None),
            LoginState::Confirmed => Step::Note(Note::Confirmed),
            LoginState::Done => Step::Note(Note::Done),
            LoginState::Ended => Step::Note(Note::Ended),
        }
    }

    /// The form for the address, with what was typed into it and the name of the text that says what is wrong with that.
    pub(super) fn address(&self, typed: &str, wrong: Option<&'static str>) -> Step {
        Step::Address { typed: typed.chars().take(254).collect(), wrong: wrong.map(|wrong| self.say.t(wrong)) }
    }

    /// The form for the code.
    pub(super) fn code(&self, wrong: Option<String>) -> Step {
        Step::Code { email: self.login.email.as_ref().map(ToString::to_string).unwrap_or_default(), wrong }
    }

    /// The browser is not where the package manager is: on a server, or in a trap.
    pub(super) fn elsewhere(&self) -> bool {
        self.login.network != self.exchange.client.to_string()
    }

    /// The page.
    pub(super) fn answer(&self, status: StatusCode, step: Step) -> Result<Response<Body>, Problem> {
        let facts = Facts {
            program: program(&self.login),
            network: self.login.network.clone(),
            here: self.exchange.client.to_string(),
            started: self.login.created_at.to_string().replace('T', " ").replace('Z', " UTC"),
        };
        let (say, id, elsewhere) = (self.say, self.id.as_str(), self.elsewhere());
        respond(status, &Page { say, title: title(say, &step), id, step, facts: Some(facts), elsewhere })
    }

    /// A page to read.
    pub(super) fn note(&self, status: StatusCode, text: Note) -> Result<Response<Body>, Problem> {
        note(self.say, status, text)
    }

    /// The database did not do what was asked.
    pub(super) fn unavailable(&self, error: &StoreError) -> Result<Response<Body>, Problem> {
        unavailable(self.say, error)
    }

    /// After a form that did something: the page again, so that a reload sends nothing twice.
    pub(super) fn go_on(&self) -> Result<Response<Body>, Problem> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let location = HeaderValue::try_from(format!("/login/{}", self.id));
        let location =
            location.map_err(|e| Problem::new(Code::Internal, "The page has no address.").log(e.to_string()))?;
        response.headers_mut().insert(header::LOCATION, location);
        protect(response.headers_mut());
        Ok(response)
    }
}

fn title(say: Say, step: &Step) -> String {
    say.t(match step {
        Step::Address { .. } => "login-address-title",
        Step::Code { .. } => "login-code-title",
        Step::Note(note) => note.told()[0],
    })
}

fn note(say: Say, status: StatusCode, text: Note) -> Result<Response<Body>, Problem> {
    let step = Step::Note(text);
    respond(status, &Page { say, title: title(say, &step), id: "", step, facts: None, elsewhere: false })
}

fn unavailable(say: Say, error: &StoreError) -> Result<Response<Body>, Problem> {
    tracing::warn!("a login's page could not be made: {error}");
    note(say, StatusCode::SERVICE_UNAVAILABLE, Note::Unavailable)
}

fn respond(status: StatusCode, page: &Page<'_>) -> Result<Response<Body>, Problem> {
    let body =
        page.render().map_err(|e| Problem::new(Code::Internal, "The page could not be made.").log(e.to_string()))?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    protect(response.headers_mut());
    Ok(response)
}

/// The id of the login stands in the address of its pages: `strict-origin` keeps paths out of every `Referer`. (Under
/// `no-referrer` browsers would send forms with `Origin: null`, and over plain HTTP nothing else says where they come from.)
fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Cookie, Accept-Language"),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::REFERRER_POLICY, "strict-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
