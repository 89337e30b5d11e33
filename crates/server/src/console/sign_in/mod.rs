//! Signing in: by a code that is mailed to an address, at the operator's identity provider, or by the code that the server
//! printed for its first owner. No passwords.

pub(super) mod address;
pub(super) mod code;
pub(super) mod first_owner;
mod groups;
pub(super) mod language;
pub(super) mod out;
pub(super) mod provider;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use http::Response;

use sekisho_core::browser::BrowserSecret;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::SessionId;
use sekisho_store::NewConsoleSession;

use super::cookie::{Cookie, Transport};
use super::page::{Halt, Why, first_page, see_other};
use super::visitor::{Answered, SignedIn, Visitor, idle_at};
use crate::agent;
use crate::app::App;

/// `GET /console`: the first page that somebody may see, or his own.
pub(super) async fn begin(signed_in: SignedIn) -> Answered {
    let path = signed_in.memberships.first().map_or_else(|| "/me".to_owned(), first_page);
    Ok(see_other(&signed_in.visitor, &path))
}

/// Nobody signs in over a network in the clear: whoever listens would be signed in too.
fn private(visitor: &Visitor) -> Result<(), Halt> {
    if visitor.transport == Transport::Plain { Err(visitor.halt(Why::PlainHttp)) } else { Ok(()) }
}

/// A session that is about to begin, and the secret for its cookie.
struct Beginning {
    secret: BrowserSecret,
    session: NewConsoleSession,
}

impl Beginning {
    /// A new one, whatever the browser had before: nobody can plant a session that somebody else then signs in to.
    fn of(app: &App, visitor: &Visitor, email: &EmailAddress, issuer: &str) -> Beginning {
        let (now, secret) = (app.clock.now(), BrowserSecret::mint(&*app.random));
        let hours = u64::from(app.settings.console.session_hours);
        let expires_at = now.plus(Duration::from_secs(hours * 3600));
        let session = NewConsoleSession {
            id: SessionId::mint(now, &*app.random),
            hash: secret.hash(),
            email: email.clone(),
            issuer: issuer.to_owned(),
            agent: agent::browser(&visitor.headers),
            network: visitor.exchange.client.to_string(),
            idle_at: idle_at(app, now).min(expires_at),
            expires_at,
        };
        Beginning { secret, session }
    }

    /// After it is stored: the cookie, and on to the page that was asked for.
    fn signed_in(&self, visitor: &Visitor, next: &str) -> Response<Body> {
        let mut response = see_other(visitor, next);
        Cookie::SignIn.clear(response.headers_mut(), visitor.transport);
        Cookie::Session.set(response.headers_mut(), visitor.transport, self.secret.expose(), None);
        response
    }
}

/// Ends the session that a browser had before another one begins in it.
async fn end_earlier(app: &Arc<App>, visitor: &Visitor) -> Result<(), Halt> {
    let Some(session) = &visitor.session else { return Ok(()) };
    app.store.sessions().end(&session.email, session.id).await.map_err(|e| visitor.failed(&e)).map(drop)
}

/// The parts of a handler that every page of this room takes.
type AppState = State<Arc<App>>;
