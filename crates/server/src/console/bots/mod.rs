//! `/console/{org_id}/bots`: an organisation's programs, their keys, and the pipelines that they trust.

pub(super) mod keys;
pub(super) mod one;
mod refused;
pub(super) mod sessions;
mod steps;
mod tried;
pub(super) mod trust;
pub(super) mod try_token;
mod words;

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use http::StatusCode;
use http::request::Parts;
use sekisho_core::Timestamp;
use sekisho_core::id::BotId;
use sekisho_core::org::Role;
use sekisho_store::{Bot, ListedBot, NewAudit};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::page::{Frame, Halt, Tab, Why, answer, see_other};
use super::seat::Seat;
use super::visitor::{Answered, Visitor};
use crate::app::App;
use crate::authority::ManageGuard;
use crate::http::form::Form;
use crate::operate::{bots, names};

/// Bots on a page.
const PER_PAGE: usize = 50;

type Manager = Seat<ManageGuard>;
type AppState = State<Arc<App>>;

#[derive(Template)]
#[template(path = "console/bots.html")]
struct Page<'a> {
    frame: Frame<'a>,
    at: String,
    bots: Vec<ListedBot>,
    /// The next page begins after this name.
    next: Option<String>,
    /// The first page is another one.
    later: bool,
    /// The roles that the reader may give.
    roles: Vec<Role>,
    typed: &'a str,
    chosen: Role,
    wrong: Option<Wrong>,
}

/// What is wrong with the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Name,
    Role,
    Taken,
}

/// The list, and the form that makes one.
pub(super) async fn show(State(app): AppState, seat: Manager) -> Answered {
    page(&app, &seat, "", Role::GuardTokenIssuer, None).await
}

async fn page(app: &App, seat: &Manager, typed: &str, chosen: Role, wrong: Option<Wrong>) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let after = if wrong.is_some() { String::new() } else { visitor.asked("after") };
    let found = app.store.bots().page(seat.org().id, &after, PER_PAGE as u32 + 1).await;
    let mut bots = found.map_err(|e| visitor.failed(&e))?;
    let more = bots.len() > PER_PAGE;
    bots.truncate(PER_PAGE);
    let page = Page {
        frame: seat.frame(Tab::Bots),
        at: seat.at("/bots"),
        next: bots.last().filter(|_| more).map(|last| byte_serialize(last.bot.name.as_bytes()).collect()),
        bots,
        later: !after.is_empty(),
        roles: Role::ALL.into_iter().filter(|role| seat.may.role().may_give(*role)).collect(),
        typed: typed.get(..1000).unwrap_or(typed),
        chosen,
        wrong,
    };
    let status = match wrong {
        None => StatusCode::OK,
        Some(Wrong::Name | Wrong::Role) => StatusCode::BAD_REQUEST,
        Some(Wrong::Taken) => StatusCode::CONFLICT,
    };
    answer(status, visitor, &page)
}

/// Makes a bot.
pub(super) async fn make(State(app): AppState, seat: Manager, body: Body) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let fields = Form::read(body).await?;
    let (name, role) = (fields.field("name"), Role::parse(fields.field("role")));
    let chosen = role.unwrap_or(Role::GuardTokenIssuer);
    if names::check(name).is_err() {
        return page(&app, &seat, name, chosen, Some(Wrong::Name)).await;
    }
    let Some(role) = role.filter(|role| seat.may.role().may_give(*role)) else {
        return page(&app, &seat, name, chosen, Some(Wrong::Role)).await;
    };
    let now = app.clock.now();
    let bot = bots::new_bot(seat.org().id, name, role, now, &*app.random);
    let told = (bot.id.to_string(), bots::told(&bot));
    let audit = seat.may.audit_giving(role, &app, now, "bot.created", told);
    match app.store.bots().create(&bot, &audit).await.map_err(|e| visitor.failed(&e))? {
        true => Ok(see_other(visitor, &format!("{}?done=bot-made", seat.at(&format!("/bots/{}", bot.id))))),
        false => page(&app, &seat, name, chosen, Some(Wrong::Taken)).await,
    }
}

/// Somebody who looks after Guard, at a page of the bot that the path names (`/console/{org_id}/bots/{bot_id}/…`).
pub(super) struct AtBot {
    seat: Manager,
    bot: Bot,
}

impl AtBot {
    fn visitor(&self) -> &Visitor {
        &self.seat.signed_in.visitor
    }

    /// An address below the bot's own: `at("/keys")`.
    fn at(&self, path: &str) -> String {
        self.seat.at(&format!("/bots/{}{path}", self.bot.id))
    }

    /// Refuses where somebody is about to come with the bot: nobody gets a way to more than he may give.
    fn may_give(&self) -> Result<(), Halt> {
        match self.seat.may.role().may_give(self.bot.role) {
            true => Ok(()),
            false => Err(self.visitor().halt(Why::NoRight)),
        }
    }

    /// A row of the audit log about the bot.
    fn audit(&self, app: &App, action: &'static str, detail: Value) -> NewAudit {
        self.seat.may.audit(app, app.clock.now(), action, self.bot.id.to_string(), detail)
    }

    /// The same where somebody comes with the bot afterwards.
    fn audit_giving(&self, app: &App, now: Timestamp, action: &'static str, detail: Value) -> NewAudit {
        self.seat.may.audit_giving(self.bot.role, app, now, action, (self.bot.id.to_string(), detail))
    }

    /// What ended for the bot ends on this node before the answer leaves; other nodes follow by themselves.
    async fn follow(&self, app: &App) {
        if let Err(error) = app.callers.follow_revocations().await {
            tracing::warn!("what was revoked is followed a moment later: {error}");
        }
    }

    /// Back to the bot's page, which says what was done.
    fn done(&self, what: &str) -> Answered {
        Ok(see_other(self.visitor(), &self.at(&format!("?done={what}"))))
    }
}

impl FromRequestParts<Arc<App>> for AtBot {
    type Rejection = Halt;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<AtBot, Halt> {
        let seat = Manager::from_request_parts(parts, app).await?;
        let visitor = &seat.signed_in.visitor;
        let Some(id) = parts.uri.path().split('/').nth(4).and_then(BotId::parse) else {
            return Err(visitor.halt(Why::NotFound));
        };
        let found = app.store.bots().find(seat.org().id, id).await.map_err(|e| visitor.failed(&e))?;
        match found {
            Some(bot) => Ok(AtBot { seat, bot }),
            None => Err(visitor.halt(Why::NotFound)),
        }
    }
}
