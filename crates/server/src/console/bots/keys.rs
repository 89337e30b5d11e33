//! `/console/{org_id}/bots/{bot_id}/keys`: a bot's keys: one more, revoked.

use axum::body::Body;
use axum::extract::{Path, State};
use http::StatusCode;
use sekisho_store::{Bot, BotKey};
use uuid::Uuid;

use super::super::confirm::Confirm;
use super::super::once;
use super::super::page::{Halt, Tab, Why, answer, see_other};
use super::super::shown::Shown;
use super::super::visitor::Answered;
use super::one::follow;
use super::{AppState, Manager, at, given, named};
use crate::app::App;
use crate::http::form::Form;
use crate::operate::bots::{credential, new_key, told_of_key};

/// Most keys of one bot that count: a program needs two at a time at most, while they are changed.
const MOST: usize = 50;

/// Makes one more key, and shows it.
pub(in crate::console) async fn add(
    State(app): AppState,
    seat: Manager,
    Path((_, bot)): Path<(String, String)>,
    body: Body,
) -> Answered {
    let (visitor, form) = (&seat.signed_in.visitor, Form::read(body).await?);
    let bot = given(&app, &seat, &bot).await?;
    let once = once::mark(&app, visitor, form.field("form"))?;
    if counting(&app, &seat, &bot).await?.len() >= MOST {
        return Err(visitor.halt(Why::EnoughKeys));
    }
    let now = app.clock.now();
    let (key, new, detail) = new_key(now, &*app.random);
    let audit = seat.may.audit_giving(bot.role, &app, now, "bot_key.added", (bot.id.to_string(), detail));
    let added = app.store.bots().add_key(bot.org, bot.id, &new, &audit, Some(&once)).await;
    if !added.map_err(|e| visitor.failed(&e))? {
        return Err(visitor.halt(Why::SentBefore));
    }
    let (say, secret) = (visitor.say, zeroize::Zeroizing::new(credential(&key, &bot.id)));
    let page = Shown {
        frame: seat.frame(Tab::Bots),
        title: say.a("bots-key-new", "name", bot.name.as_str()),
        secret: &secret,
        texts: vec![say.t("bots-key-use")],
        back: at(&seat, &bot),
    };
    answer(StatusCode::OK, visitor, &page)
}

/// Asks before a key is revoked.
pub(in crate::console) async fn ask_revoke(
    State(app): AppState,
    seat: Manager,
    Path((_, bot)): Path<(String, String)>,
) -> Answered {
    let (visitor, bot) = (&seat.signed_in.visitor, named(&app, &seat, &bot).await?);
    let key = key(&app, &seat, &bot, &visitor.asked("key")).await?;
    let say = visitor.say;
    let page = Confirm {
        frame: seat.frame(Tab::Bots),
        title: say.b("bots-key-revoke-title", ("key", key.hint.as_str()), ("name", bot.name.as_str())),
        texts: vec![say.t("bots-key-revoke-then")],
        action: format!("{}/keys/revoke", at(&seat, &bot)),
        fields: vec![("key", key.id.0.to_string())],
        button: say.t("me-revoke-do"),
        ends: true,
        back: at(&seat, &bot),
    };
    answer(StatusCode::OK, visitor, &page)
}

/// Revokes a key. Again is no mistake.
pub(in crate::console) async fn revoke(
    State(app): AppState,
    seat: Manager,
    Path((_, bot)): Path<(String, String)>,
    body: Body,
) -> Answered {
    let (visitor, form) = (&seat.signed_in.visitor, Form::read(body).await?);
    let bot = named(&app, &seat, &bot).await?;
    let key = key(&app, &seat, &bot, form.field("key")).await?;
    let detail = told_of_key(key.id, &key.hint);
    let audit = seat.may.audit(&app, app.clock.now(), "bot_key.revoked", bot.id.to_string(), detail);
    app.store.bots().revoke_key(bot.org, bot.id, key.id, &audit).await.map_err(|e| visitor.failed(&e))?;
    follow(&app).await;
    Ok(see_other(visitor, &format!("{}?done=key-revoked", at(&seat, &bot))))
}

async fn key(app: &App, seat: &Manager, bot: &Bot, text: &str) -> Result<BotKey, Halt> {
    let visitor = &seat.signed_in.visitor;
    let all = app.store.bots().keys(bot.org, bot.id).await.map_err(|e| visitor.failed(&e))?;
    let id = Uuid::try_parse(text).ok();
    all.into_iter().find(|key| Some(key.id.0) == id).ok_or_else(|| visitor.halt(Why::NotFound))
}

async fn counting(app: &App, seat: &Manager, bot: &Bot) -> Result<Vec<BotKey>, Halt> {
    let all = app.store.bots().keys(bot.org, bot.id).await;
    let all = all.map_err(|e| seat.signed_in.visitor.failed(&e))?;
    Ok(all.into_iter().filter(|key| key.revoked_at.is_none()).collect())
}
