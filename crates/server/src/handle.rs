//! The one way that a request takes: address, caller, limit, endpoint; and the one place where a problem becomes a
//! response.

use std::sync::Arc;

use axum::body::Body;
use axum::{Router, routing};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, header};
use hyper::body::Incoming;
use sekisho_core::Ecosystem;
use sekisho_core::id::RequestId;
use tower::ServiceExt;

use crate::app::App;
use crate::callers::{Caller, Recognised};
use crate::exchange::Exchange;
use crate::http::client::Sender;
use crate::http::{ClientNet, Code, Problem, Site, negotiate};
use crate::limits::{Counted, Quotas};
use crate::registry::{self, Asked};
use crate::serve::{Answer, BodyFiles, Connection};
use crate::{api, console, explain, login, osv};

/// The API and the pages, with or without those of the console. The registry fronts are not here: their paths are parsed by the wire formats' own rules.
pub fn pages(console: bool) -> Router<Arc<App>> {
    use api::tokens;
    let routes = if console { console::routes() } else { Router::new() };
    routes
        .route("/api/v1/tokens", routing::post(tokens::register::register).delete(tokens::revoke::revoke))
        .route("/api/v1/tokens/status", routing::get(tokens::status::status))
        .route("/api/v1/tokens/regenerate", routing::post(tokens::regenerate::regenerate))
        .route("/api/v1/tokens/reset", routing::post(tokens::reset::reset))
        .route("/api/v1/tokens/pattern", routing::get(tokens::pattern::pattern))
        .route("/api/v1/leaks", routing::post(api::leaks::report))
        .route("/api/v1/openapi.json", routing::get(api::openapi::show))
        .merge(guard())
        .route("/bots/exchange", routing::post(api::bots::exchange::exchange))
        .route("/osv/v1/query", routing::post(osv::query::one))
        .route("/osv/v1/querybatch", routing::post(osv::query::many))
        .route("/osv/v1/vulns/{id}", routing::get(osv::vulns::show))
        .route("/problems/{code}", routing::get(explain::problems::show))
        .route("/why/{ecosystem}/{*rest}", routing::get(explain::why::show))
        .route("/login/{page}", routing::get(login::page::show))
        .route("/login/{page}/address", routing::post(login::address::give))
        .route("/login/{page}/code", routing::post(login::code::enter))
        .route("/login/{page}/end", routing::post(login::end::end))
        .route("/assets/page.css", routing::get(explain::style))
        .route("/assets/icon.svg", routing::get(explain::icon))
        .route("/favicon.ico", routing::get(explain::icon))
        .fallback(async || Problem::new(Code::NotFound, "There is nothing at this address."))
        .method_not_allowed_fallback(async || {
            Problem::new(Code::UnsupportedMethod, "This address does not take this method.")
        })
}

/// The organisation API.
fn guard() -> Router<Arc<App>> {
    use api::orgs;
    Router::new()
        .route("/o/{org_id}/guard/org-user-tokens", routing::post(orgs::issue::issue).get(orgs::list::list))
        .route("/o/{org_id}/guard/org-user-tokens/probe", routing::post(orgs::probe::probe))
        .route("/o/{org_id}/guard/org-user-tokens/by-id/{token_id}", routing::delete(orgs::revoke::revoke))
        .route("/o/{org_id}/guard/org-user-tokens/by-id/{token_id}/rotate", routing::post(orgs::rotate::rotate))
        .route("/o/{org_id}/guard/installs", routing::get(orgs::installs::list))
        .route("/o/{org_id}/guard/audit", routing::get(orgs::audit::show))
}

/// Which part of the house a path leads to, and the path below it.
enum Place<'a> {
    Npm(&'a str),
    /// A package manager that logs in. It has no key yet, or sends one that may have been revoked: none is looked at.
    Login(login::terminal::Step<'a>),
    Pypi(&'a str),
    Pages,
}

impl Place<'_> {
    /// Where a person begins who has nothing but the address.
    fn is_root(&self, whole: &str) -> bool {
        match self {
            Place::Npm(path) | Place::Pypi(path) => path.is_empty(),
            Place::Login(_) => false,
            Place::Pages => matches!(whole, "/" | "/npm" | "/pypi"),
        }
    }

    fn front(&self) -> Option<Ecosystem> {
        match self {
            Place::Npm(_) | Place::Login(_) => Some(Ecosystem::Npm),
            Place::Pypi(_) => Some(Ecosystem::Pypi),
            Place::Pages => None,
        }
    }
}

fn place(site: Site, path: &str) -> Place<'_> {
    if path.starts_with("/api/v1/") {
        return Place::Pages;
    }
    let below = |prefix: &str| path.strip_prefix(prefix);
    match site {
        Site::Npm => npm(path.trim_start_matches('/')),
        Site::Pypi => Place::Pypi(path.trim_start_matches('/')),
        Site::Whole => match (below("/npm/"), below("/pypi/")) {
            (Some(rest), _) => npm(rest),
            (_, Some(rest)) => Place::Pypi(rest),
            // npm asks for attestations by the path that the registry wrote into the release, at the root of the host.
            _ if path.starts_with("/-/npm/v1/attestations/") => npm(&path[1..]),
            _ => Place::Pages,
        },
    }
}

fn npm(path: &str) -> Place<'_> {
    login::terminal::Step::of(path).map_or(Place::Npm(path), Place::Login)
}

impl App {
    /// Answers a request that came over a connection.
    pub async fn handle<B>(self: &Arc<Self>, request: Request<B>, over: Connection) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (parts, body) = request.into_parts();
        let Connection { peer, next } = over;
        let sender = Sender::of(&parts.uri, &parts.headers, peer, &self.settings.trusted_proxies);
        let origin = self.origins.select(sender.host);
        let known_host = origin.is_some();
        let origin = origin.unwrap_or(self.origins.primary()).clone();
        let place = if known_host { place(origin.site, parts.uri.path()) } else { Place::Pages };
        let front = place.front();
        let (admitted, quotas) = self.admit(&place, &parts, sender.net).await;
        let answered = match admitted {
            Ok(caller) => {
                let head = parts.method == Method::HEAD;
                let user_agent = parts.headers.get(header::USER_AGENT).cloned();
                let exchange =
                    Exchange { origin: origin.clone(), client: sender.net, user_agent, caller, quotas, head, next };
                // Two hosts in one request mean that somebody in between reads it in another way (RFC 9112 section 3.2).
                match parts.headers.get_all(header::HOST).iter().nth(1) {
                    Some(_) => Err(Problem::new(Code::InvalidRequest, "The request names two hosts.")),
                    None if known_host => self.dispatch(&place, &parts, &exchange, body).await,
                    None => Err(unknown_host()),
                }
            }
            Err(problem) => Err(problem),
        };
        let mut response = answered.unwrap_or_else(|problem| {
            let problem = registry::challenged(problem, front);
            let request = RequestId::mint(self.clock.now(), &*self.random);
            problem.respond(&origin, request, negotiate::language(&parts.headers))
        });
        if parts.method == Method::HEAD {
            response = without_body(response);
        }
        self.limiter.headers(&quotas, response.headers_mut());
        self.metrics.answered(front, response.status());
        response
    }

    /// Who is it, and may he now? A bad credential counts against the client's address. What the caller has left goes
    /// into every answer, whichever it is.
    async fn admit(&self, place: &Place<'_>, parts: &Parts, client: ClientNet) -> (Result<Caller, Problem>, Quotas) {
        let recognised = match place {
            Place::Login(_) => Ok(Recognised::Caller(Caller::Anonymous)),
            _ => self.callers.recognise(&parts.headers),
        };
        let identified = match recognised {
            Ok(Recognised::Caller(caller)) => Ok(caller),
            Ok(Recognised::Unsure(unsure)) => {
                // Anybody can make up tokens of the right shape: what they cost the database is counted before.
                let unseen = Counted::Unseen(client);
                match self.limiter.admit_if(unsure.is_new(), unseen).await {
                    Ok(()) => Box::pin(self.callers.identify(unsure)).await,
                    Err(problem) => return (Err(problem), self.limiter.exhausted(unseen)),
                }
            }
            Err(problem) => Err(problem),
        };
        let counted = match &identified {
            Ok(Caller::Personal(known)) => Counted::Token(known.row.id),
            Ok(Caller::Organisation(known)) => Counted::OrgToken(known.row.id),
            Ok(Caller::Ci(known)) => Counted::Session(known.row.id),
            Ok(Caller::Bot(known)) => Counted::BotKey(known.row.key),
            Ok(Caller::Anonymous) | Err(_) => Counted::Address(client),
        };
        match self.limiter.admit(counted).await {
            Ok(quotas) if self.client.via_has_us(&parts.headers) => (Err(looped()), quotas),
            Ok(quotas) => (identified, quotas),
            Err(problem) => (Err(problem), self.limiter.exhausted(counted)),
        }
    }

    async fn dispatch<B>(
        self: &Arc<Self>,
        place: &Place<'_>,
        parts: &Parts,
        exchange: &Exchange,
        body: B,
    ) -> Result<Response<Body>, Problem>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        if place.is_root(parts.uri.path()) && console::home::is_asked_for(parts) {
            return Box::pin(console::home::show(self, parts, exchange)).await;
        }
        match place {
            Place::Npm(path) => registry::npm::handle(self, &Asked { parts, path, exchange }, boxed(body)).await,
            Place::Login(step) => Box::pin(login::terminal::answer(self, parts, exchange, step)).await,
            Place::Pypi(path) => registry::pypi::handle(self, &Asked { parts, path, exchange }).await,
            Place::Pages => {
                let mut request = Request::from_parts(parts.clone(), boxed(body));
                request.extensions_mut().insert(exchange.clone());
                let pages = self.pages.clone().with_state(self.clone());
                let Ok(mut response) = Box::pin(pages.oneshot(request)).await;
                match (response.extensions_mut().remove::<Problem>(), response.headers_mut().remove(header::ALLOW)) {
                    (Some(problem), Some(allow)) => Err(problem.with(header::ALLOW, allow)),
                    (Some(problem), None) => Err(problem),
                    (None, _) => Ok(response),
                }
            }
        }
    }
}

/// A request's body for an endpoint. Most have none, and that takes no memory.
fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    if body.is_end_stream() { Body::empty() } else { Body::new(body) }
}

/// The answer to a `HEAD`: the length of what a `GET` would get, and none of it.
fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = http_body::Body::size_hint(&body).exact().filter(|length| *length > 0) {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    Response::from_parts(parts, Body::empty())
}

fn unknown_host() -> Problem {
    let detail = "This host is not one of the checkpoint's addresses. The operator adds it to the setting public_urls.";
    Problem::new(Code::UnknownHost, detail)
}

fn looped() -> Problem {
    let detail = "The request came back to this checkpoint: it is its own upstream. The operator sets upstream.npm.url or upstream.pypi.url to the registry.";
    Problem::new(Code::LoopDetected, detail)
}

impl Answer for App {
    async fn answer(self: Arc<Self>, request: Request<Incoming>, over: Connection) -> Response<Body> {
        self.handle(request, over).await
    }

    fn body_files(&self) -> Arc<BodyFiles> {
        self.body_files.clone()
    }
}
