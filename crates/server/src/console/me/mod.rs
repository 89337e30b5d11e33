//! `/me`: a person's own page: the keys, the tokens of organisations, what was taken, set-up, the sessions, the language.

pub(super) mod bearer;
pub(super) mod keys;
pub(super) mod sessions;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::{Language, PackageName, Timestamp};
use sekisho_mail::setup::SetUp;
use sekisho_store::{
    Account, CarriedToken, Counts, EntryFilter, LedgerRow, Session, TokenRow, TokenStatus, Usage, UsageOf,
};

use super::page::{Frame, Halt, Tab, answer};
use super::text::Say;
use super::visitor::{Answered, SignedIn};
use super::{once, setup};
use crate::api::tokens::register::may_register;
use crate::app::App;
use crate::refusal;

/// How many of the last rows are shown.
const SHOWN: u32 = 20;

#[derive(Template)]
#[template(path = "console/me.html")]
struct Page<'a> {
    frame: Frame<'a>,
    email: &'a str,
    keys: Vec<TokenRow>,
    /// One more may be made; the address has an account, or may have one.
    may_add: bool,
    form: String,
    /// Tokens of organisations that carry the address.
    carried: Vec<CarriedToken>,
    /// What was taken and refused with the account's keys, and the last of it.
    taken_in_all: String,
    taken: Vec<(LedgerRow, String)>,
    set_up: SetUp,
    now: Timestamp,
    sessions: Vec<Session>,
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
    let (usage, taken) = match &account {
        Some(account) => usage(&app, &me, account).await?,
        None => Default::default(),
    };
    let sessions = app.store.sessions().of(&me.session.email, app.clock.now()).await;
    let page = Page {
        frame: me.frame(Tab::Me),
        email: me.session.email.as_str(),
        keys,
        may_add: account.is_some() || may_register(&app, &me.session.email).is_ok(),
        form: once::fresh(&app),
        carried: bearer::carried(&app, &me).await?,
        taken_in_all: in_all(me.visitor.say, &usage),
        taken: taken.into_iter().map(taken_row).collect(),
        set_up: setup::of(&app, &me.visitor, None)?,
        now: app.clock.now(),
        sessions: sessions.map_err(|e| me.visitor.failed(&e))?,
        here: &me.session,
        languages: Language::ALL,
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// How much was taken with the account's keys, and the last of it.
async fn usage(app: &App, me: &SignedIn, account: &Account) -> Result<(Usage, Vec<LedgerRow>), Halt> {
    let ledger = app.store.ledger();
    let usage = ledger.usage(UsageOf::Account(account.id), app.clock.now()).await.map_err(|e| me.visitor.failed(&e))?;
    let taken = ledger.entries(&EntryFilter::Account(account.id), SHOWN).await.map_err(|e| me.visitor.failed(&e))?;
    Ok((usage, taken))
}

/// How much was taken and refused, in words.
fn in_all(say: Say, usage: &Usage) -> String {
    let told = |name: &str, counts: &Counts| say.b(name, ("installs", counts.installs), ("blocked", counts.blocked));
    format!("{} {}", told("me-taken-all", &usage.total), told("me-taken-recent", &usage.last_30_days))
}

/// A row, with the address of the page about what it took.
fn taken_row(row: LedgerRow) -> (LedgerRow, String) {
    let version = Some(row.version.as_str()).filter(|version| !version.is_empty());
    let name = PackageName::parse(row.ecosystem, &row.name);
    let why = name.map(|name| refusal::why_path(&name, version)).unwrap_or_default();
    (row, why)
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
