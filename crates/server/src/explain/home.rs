//! `GET /`, `/npm/` and `/pypi/` in a browser: what this address is, and how a package manager is set to it. Everybody else
//! is answered there as ever.

use askama::Template;
use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};

use crate::app::App;
use crate::config::{MailTransport, Registration};
use crate::exchange::Exchange;
use crate::http::{Problem, Site, negotiate};

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    api: &'a str,
    pages: &'a str,
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

/// A browser asks: HTML is named, and wanted more than JSON. Package managers name JSON, or nothing but `*/*`.
pub fn is_asked_for(parts: &Parts) -> bool {
    let html = negotiate::weight(&parts.headers, |name| name == "text/html");
    let json = negotiate::weight(&parts.headers, |name| name == "application/json" || name.ends_with("+json"));
    matches!(parts.method, Method::GET | Method::HEAD) && html > json
}

/// The page; on a host that serves one registry at its root, the way to it.
pub fn show(app: &App, parts: &Parts, exchange: &Exchange) -> Result<Response<Body>, Problem> {
    let (origin, settings) = (&exchange.origin, &app.settings);
    if origin.site != Site::Whole {
        return elsewhere(&format!("{}/", origin.pages));
    }
    let host =
        |url: &str| url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let npm = format!("{}/", origin.npm);
    let npm = settings.upstream.npm.enabled.then(|| (npm.clone(), host(&npm)));
    let simple = settings.upstream.pypi.enabled.then(|| (origin.simple.as_str(), host(&origin.simple)));
    let page = Page {
        api: &origin.api,
        pages: &origin.pages,
        npm,
        simple,
        plain: origin.pages.starts_with("http://"),
        anonymous: settings.anonymous,
        registers: settings.registration != Registration::Off,
        mailbox: settings.mail.transport == MailTransport::Mailbox,
    };
    super::answer(&parts.headers, &page, &serde_json::Value::Null)
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
