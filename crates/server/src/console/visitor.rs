//! Who looks at a page: anybody, or somebody with a session. Taking one of these is the check.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use sekisho_core::browser::BrowserSecret;
use sekisho_core::{Language, Timestamp};
use sekisho_store::{Membership, Session, StoreError};

use super::cookie::{Cookie, Transport};
use super::page::{Frame, Halt, Tab, Why};
use super::text::Say;
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::{Origin, form, negotiate};

/// A use is written down so often, and not at every page.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// Somebody who looks at a page, signed in or not. A form that changes something was found to come from a page of ours.
pub(crate) struct Visitor {
    pub(crate) exchange: Exchange,
    pub(crate) say: Say,
    pub(crate) session: Option<Session>,
    pub(super) transport: Transport,
    pub(super) headers: HeaderMap,
    /// The address of the page, for links that lead back to it.
    pub(super) path: String,
    /// What the page's one script names itself by.
    pub(super) nonce: String,
    /// There is a console here: pages have its script and its forms.
    pub(super) console: bool,
}

/// Somebody with a session.
pub(crate) struct SignedIn {
    pub(crate) visitor: Visitor,
    pub(crate) session: Session,
    /// The organisations that he is a member of.
    pub(crate) memberships: Vec<Membership>,
}

impl Visitor {
    /// Somebody of whom nothing is looked up, whatever cookies he sends.
    fn stranger(parts: &Parts, app: &App) -> Result<Visitor, Halt> {
        let Some(exchange) = parts.extensions.get::<Exchange>().cloned() else { return Err(Halt::broken()) };
        let transport = Transport::of(&exchange.origin);
        let say = reader(&parts.headers, &exchange.origin);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let nonce = BrowserSecret::mint(&*app.random).expose()[..22].to_owned();
        let headers = parts.headers.clone();
        let console = app.settings.console.enabled;
        Ok(Visitor { exchange, say, session: None, transport, headers, path, nonce, console })
    }

    /// Whoever asks for a page that is for everybody. Where the session can't be looked for, he is a stranger.
    pub(super) async fn whoever(parts: &mut Parts, app: &Arc<App>) -> Result<Visitor, Halt> {
        let stranger = Visitor::stranger(parts, app);
        match app.settings.console.enabled {
            true => Visitor::from_request_parts(parts, app).await.or(stranger),
            false => stranger,
        }
    }

    async fn of(parts: &Parts, app: &App) -> Result<Visitor, Halt> {
        let mut visitor = Visitor::stranger(parts, app)?;
        if !matches!(parts.method, Method::GET | Method::HEAD)
            && !form::is_ours(&parts.headers, &visitor.exchange.origin)
        {
            return Err(visitor.halt(Why::NotFromHere));
        }
        visitor.session = visitor.find_session(app).await?;
        if let Some(language) = visitor.session.as_ref().and_then(|session| session.language) {
            visitor.say = Say(language);
        }
        Ok(visitor)
    }

    async fn find_session(&self, app: &App) -> Result<Option<Session>, Halt> {
        let cookie = Cookie::Session.read(&self.headers, self.transport);
        let Some(secret) = cookie.and_then(BrowserSecret::parse) else { return Ok(None) };
        let now = app.clock.now();
        let found = app.store.sessions().find(&secret.hash(), now).await.map_err(|e| self.failed(&e))?;
        if let Some(session) = &found
            && now.since(session.seen_at) >= NOTED_EVERY
        {
            let idle_at = idle_at(app, now).min(session.expires_at);
            // Late is no harm: the next page writes it down.
            if let Err(error) = app.store.sessions().touch(session.id, now, idle_at).await {
                tracing::warn!("a session's use was not written down: {error}");
            }
        }
        Ok(found)
    }

    /// A part of the path, between slashes: `/console/{1}/tokens/{3}`, counted from 0. Empty where there is none.
    pub(super) fn part(&self, place: usize) -> &str {
        self.path.split(['/', '?']).skip(1).nth(place).unwrap_or_default()
    }

    /// What the address says after `?` under this name; empty where it does not.
    pub(super) fn asked(&self, name: &str) -> String {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// A page to read instead.
    pub(super) fn halt(&self, why: Why) -> Halt {
        Halt::page(self, why)
    }

    /// The database did not do what was asked.
    pub(crate) fn failed(&self, error: &StoreError) -> Halt {
        Halt::failed(self, error)
    }

    /// The page's frame for somebody who is nowhere in particular.
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame::new(self, &[], None, Tab::None)
    }
}

impl SignedIn {
    /// The frame of a page about the person.
    pub(super) fn frame(&self, tab: Tab) -> Frame<'_> {
        Frame::new(&self.visitor, &self.memberships, None, tab)
    }
}

/// The texts in the language that was chosen in this browser, or else in the one that it asks for.
pub(crate) fn reader(headers: &HeaderMap, origin: &Origin) -> Say {
    let chosen = Cookie::Language.read(headers, Transport::of(origin)).and_then(Language::parse);
    Say(chosen.unwrap_or_else(|| negotiate::language(headers)))
}

/// When a session ends that is used now and not again.
pub(super) fn idle_at(app: &App, now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(u64::from(app.settings.console.idle_minutes) * 60))
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Halt;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Visitor, Halt> {
        Visitor::of(parts, app).await
    }
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Halt;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<SignedIn, Halt> {
        let visitor = Visitor::of(parts, app).await?;
        let Some(session) = visitor.session.clone() else {
            return Err(Halt::sign_in(&visitor, parts.method == Method::GET));
        };
        let memberships = app.store.organisations().of_member(&session.email).await;
        let memberships = memberships.map_err(|e| visitor.failed(&e))?;
        Ok(SignedIn { visitor, session, memberships })
    }
}

/// What a handler of the console answers.
pub(crate) type Answered = Result<Response<Body>, Halt>;
