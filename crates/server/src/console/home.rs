//! `GET /`, `/npm/` and `/pypi/` in a browser: what this address is, and how a package manager is set to it. Everybody else
//! is answered there as ever.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use sekisho_core::Language;

use super::page::{Frame, Halt, answer};
use super::visitor::Visitor;
use crate::app::App;
use crate::config::{MailTransport, Registration};
use crate::exchange::Exchange;
use crate::http::{Origin, Problem, Site, negotiate};

#[derive(Template)]
#[template(path = "console/home.html")]
struct Page<'a> {
    frame: Frame<'a>,
    origin: &'a Origin,
    /// The npm registry with a slash at its end, and its host without port.
    npm: Option<(String, String)>,
    /// The simple index, and its host.
    simple: Option<(&'a str, String)>,
    /// Plain HTTP, which some clients have to be told of.
    plain: bool,
    anonymous: bool,
    registers: bool,
    mailbox: bool,
}

impl Page<'_> {
    /// The body that asks for a key, whose mail is to be in the reader's language.
    fn register(&self) -> &'static str {
        match self.frame.say.0 {
            Language::En => r#"{"email":"you@example.com"}"#,
            Language::Ja => r#"{"email":"you@example.com","language":"ja"}"#,
        }
    }
}

/// A browser asks: HTML is named, and wanted more than JSON. Package managers name JSON, or nothing but `*/*`.
pub(crate) fn is_asked_for(parts: &Parts) -> bool {
    let html = negotiate::weight(&parts.headers, |name| name == "text/html");
    let json = negotiate::weight(&parts.headers, |name| name == "application/json" || name.ends_with("+json"));
    matches!(parts.method, Method::GET | Method::HEAD) && html > json
}

/// The page; on a host that serves one registry at its root, the way to it.
pub(crate) async fn show(app: &Arc<App>, parts: &Parts, exchange: &Exchange) -> Result<Response<Body>, Problem> {
    if exchange.origin.site != Site::Whole {
        return elsewhere(&format!("{}/", exchange.origin.pages));
    }
    let mut parts = parts.clone();
    parts.extensions.insert(exchange.clone());
    let answered = match Visitor::whoever(&mut parts, app).await {
        Ok(visitor) => page(app, visitor),
        Err(halt) => Err(halt),
    };
    let mut response = match answered {
        Ok(response) => response,
        Err(Halt::Page(page)) => *page,
        Err(Halt::Problem(problem)) => return Err(*problem),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Cookie"));
    Ok(response)
}

fn page(app: &App, mut visitor: Visitor) -> Result<Response<Body>, Halt> {
    // It is the same page at each of its addresses, and who chooses a language comes back to this one.
    visitor.path = "/".to_owned();
    let (origin, settings) = (&visitor.exchange.origin, &app.settings);
    let host =
        |url: &str| url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let npm = format!("{}/", origin.npm);
    let npm = settings.upstream.npm.enabled.then(|| (npm.clone(), host(&npm)));
    let simple = settings.upstream.pypi.enabled.then(|| (origin.simple.as_str(), host(&origin.simple)));
    let page = Page {
        frame: visitor.frame(),
        origin,
        npm,
        simple,
        plain: origin.pages.starts_with("http://"),
        anonymous: settings.anonymous,
        registers: settings.registration != Registration::Off,
        mailbox: settings.mail.transport == MailTransport::Mailbox,
    };
    answer(StatusCode::OK, &visitor, &page)
}

fn elsewhere(address: &str) -> Result<Response<Body>, Problem> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    for (name, value) in [(header::LOCATION, address), (header::CACHE_CONTROL, "no-store"), (header::VARY, "Accept")] {
        // An origin's address is one that was parsed at start.
        let Ok(value) = HeaderValue::try_from(value) else { continue };
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
