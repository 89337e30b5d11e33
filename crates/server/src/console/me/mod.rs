//! `/me`: a person's own page: the keys, the tokens of organisations, set-up, the sessions, the language; behind it what was
//! taken.

pub(super) mod bearer;
pub(super) mod installs;
pub(super) mod keys;
pub(super) mod sessions;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::{Language, Timestamp};
use sekisho_mail::setup::SetUp;
use sekisho_store::{Account, CarriedToken, Session, TokenRow, TokenStatus};

use super::page::{Frame, Halt, Tab, answer};
use super::part::{Part, Place};
use super::text::Say;
use super::visitor::{Answered, SignedIn};
use super::{once, setup};
use crate::api::tokens::register::may_register;
use crate::app::App;

/// Rows of each list.
const ROWS: usize = 15;

#[derive(Template)]
#[template(path = "console/me.html")]
struct Page<'a> {
    frame: Frame<'a>,
    email: &'a str,
    keys: Part<TokenRow>,
    /// One more may be made; the address has an account, or may have one.
    may_add: bool,
    form: String,
    /// Tokens of organisations that carry the address.
    carried: Part<CarriedToken>,
    set_up: SetUp,
    now: Timestamp,
    sessions: Part<Session>,
    /// The one that looks.
    here: &'a Session,
    languages: [Language; 2],
}

/// The page.
pub(super) async fn show(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let account = account(&app, &me).await?;
    let keys = match &account {
        Some(account) => living(&app, &me, account).await?,
        None => Vec::new(),
    };
    let sessions = app.store.sessions().of(&me.session.email, app.clock.now()).await;
    let sessions = sessions.map_err(|e| me.visitor.failed(&e))?;
    let place = |name| Place { visitor: &me.visitor, page: "/me", name, rows: ROWS };
    let page = Page {
        frame: me.frame(Tab::Me),
        email: me.session.email.as_str(),
        keys: place("keys").of_all(keys, |key| key.id.0.to_string()),
        may_add: account.is_some() || may_register(&app, &me.session.email).is_ok(),
        form: once::fresh(&app),
        carried: bearer::carried(&app, &me, place("tokens")).await?,
        set_up: setup::of(&app, &me.visitor, None)?,
        now: app.clock.now(),
        sessions: place("sessions").of_all(sessions, |session| session.id.0.to_string()),
        here: &me.session,
        languages: Language::ALL,
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// The browser of a session.
fn agent(say: &Say, session: &Session) -> String {
    match session.agent.as_str() {
        "" => say.t("me-browser-unknown"),
        agent => agent.to_owned(),
    }
}

/// What a button does that ends this session, which has others beside it.
fn end_this(say: &Say, session: &Session) -> String {
    say.b("me-session-end-this", ("browser", agent(say, session)), ("network", session.network.as_str()))
}

/// The account of the person's address.
async fn account(app: &App, me: &SignedIn) -> Result<Option<Account>, Halt> {
    app.store.accounts().find_by_email(&me.session.email).await.map_err(|e| me.visitor.failed(&e))
}

/// The keys that count, the newest first.
async fn living(app: &App, me: &SignedIn, account: &Account) -> Result<Vec<TokenRow>, Halt> {
    let all = app.store.tokens().of_account(account.id).await.map_err(|e| me.visitor.failed(&e))?;
    Ok(all.into_iter().rev().filter(|key| key.revoked_at.is_none()).collect())
}
