//! `/console/{org_id}/bots/{bot_id}/keys`: a bot's keys: one more, revoked.

use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_store::BotKey;
use uuid::Uuid;

use super::super::confirm::Confirm;
use super::super::once;
use super::super::page::{Halt, Tab, Why, answer};
use super::super::shown::Shown;
use super::super::visitor::Answered;
use super::{AppState, AtBot};
use crate::app::App;
use crate::http::form::Form;
use crate::operate::bots::{credential, new_key, told_of_key};

/// Most keys of one bot that count: a program needs two at a time at most, while they are changed.
const MOST: usize = 50;

/// Makes one more key, and shows it.
pub(in crate::console) async fn add(State(app): AppState, desk: AtBot, body: Body) -> Answered {
    let (visitor, bot, form) = (desk.visitor(), &desk.bot, Form::read(body).await?);
    desk.may_give()?;
    let once = once::mark(&app, visitor, form.field("form"))?;
    if all(&app, &desk).await?.iter().filter(|key| key.revoked_at.is_none()).count() >= MOST {
        return Err(visitor.halt(Why::EnoughKeys));
    }
    let now = app.clock.now();
    let (key, new, detail) = new_key(now, &*app.random);
    let audit = desk.audit_giving(&app, now, "bot_key.added", detail);
    let added = app.store.bots().add_key(bot.org, bot.id, &new, &audit, Some(&once)).await;
    if !added.map_err(|e| visitor.failed(&e))? {
        return Err(visitor.halt(Why::SentBefore));
    }
    let (say, secret) = (visitor.say, zeroize::Zeroizing::new(credential(&key, &bot.id)));
    let page = Shown {
        frame: desk.seat.frame(Tab::Bots),
        title: say.a("bots-key-new", "name", bot.name.as_str()),
        secret: &secret,
        texts: vec![say.t("bots-key-use")],
        set_up: None,
        back: desk.at(""),
    };
    answer(StatusCode::OK, visitor, &page)
}

/// Asks before a key is revoked.
pub(in crate::console) async fn ask_revoke(State(app): AppState, desk: AtBot) -> Answered {
    let visitor = desk.visitor();
    let (say, key) = (visitor.say, key(&app, &desk, &visitor.asked("key")).await?);
    let page = Confirm {
        frame: desk.seat.frame(Tab::Bots),
        title: say.b("bots-key-revoke-title", ("key", key.hint.as_str()), ("name", desk.bot.name.as_str())),
        texts: vec![say.t("bots-key-revoke-then")],
        action: desk.at("/keys/revoke"),
        fields: vec![("key", key.id.0.to_string())],
        button: say.t("me-revoke-do"),
        ends: true,
        back: desk.at(""),
    };
    answer(StatusCode::OK, visitor, &page)
}

/// Revokes a key. Again is no mistake.
pub(in crate::console) async fn revoke(State(app): AppState, desk: AtBot, body: Body) -> Answered {
    let (visitor, bot, form) = (desk.visitor(), &desk.bot, Form::read(body).await?);
    let key = key(&app, &desk, form.field("key")).await?;
    let audit = desk.audit(&app, "bot_key.revoked", told_of_key(key.id, &key.hint));
    app.store.bots().revoke_key(bot.org, bot.id, key.id, &audit).await.map_err(|e| visitor.failed(&e))?;
    desk.follow(&app).await;
    desk.done("key-revoked")
}

/// The key that a form names, an ended one too.
async fn key(app: &App, desk: &AtBot, text: &str) -> Result<BotKey, Halt> {
    let id = Uuid::try_parse(text).ok();
    let found = all(app, desk).await?.into_iter().find(|key| Some(key.id.0) == id);
    found.ok_or_else(|| desk.visitor().halt(Why::NotFound))
}

async fn all(app: &App, desk: &AtBot) -> Result<Vec<BotKey>, Halt> {
    let all = app.store.bots().keys(desk.bot.org, desk.bot.id).await;
    all.map_err(|e| desk.visitor().failed(&e))
}
