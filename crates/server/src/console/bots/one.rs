//! `/console/{org_id}/bots/{bot_id}`: a bot with its keys, its conditions and its running sessions.

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use http::StatusCode;
use sekisho_oidc::{Attribution, Conditions, Provider};
use sekisho_store::{Bot, BotKey, SessionRow, Trust};
use serde_json::json;

use super::super::confirm::Confirm;
use super::super::once;
use super::super::page::{Frame, Tab, answer, see_other};
use super::super::visitor::Answered;
use super::steps::{self, Step};
use super::words::{self, Told};
use super::{AppState, Manager, at, named};
use crate::app::App;
use crate::http::form::Form;
use crate::operate::trust::{MOST, issuers};

/// Sessions that are shown; what runs may be much more.
const SESSIONS: usize = 20;

#[derive(Template)]
#[template(path = "console/bot.html")]
struct Page<'a> {
    frame: Frame<'a>,
    at: String,
    bot: &'a Bot,
    /// The reader may give this role, and so a key or a pipeline that comes with it.
    may_give: bool,
    keys: Vec<BotKey>,
    form: String,
    trusts: Vec<(Trust, Told)>,
    /// More conditions may be given.
    room: bool,
    /// The settings allow an issuer at all.
    issuers: bool,
    providers: [Provider; 3],
    sessions: Vec<(SessionRow, Attribution)>,
    /// More sessions run than are shown.
    more: bool,
    steps: [Step; 2],
}

/// The page.
pub(in crate::console) async fn show(
    State(app): AppState,
    seat: Manager,
    Path((_, bot)): Path<(String, String)>,
) -> Answered {
    let bot = named(&app, &seat, &bot).await?;
    let visitor = &seat.signed_in.visitor;
    let failed = |e| visitor.failed(&e);
    let keys = app.store.bots().keys(bot.org, bot.id).await.map_err(failed)?;
    let trusts = app.store.trusts().of_bot(bot.org, bot.id).await.map_err(failed)?;
    let running = app.store.ci_sessions().running(bot.org, bot.id, app.clock.now(), SESSIONS as u32 + 1).await;
    let mut running = running.map_err(failed)?;
    let more = running.len() > SESSIONS;
    running.truncate(SESSIONS);
    let attribution = |row: SessionRow| {
        let pipeline = serde_json::from_str(&row.attribution).unwrap_or_default();
        (row, pipeline)
    };
    let page = Page {
        frame: seat.frame(Tab::Bots),
        at: at(&seat, &bot),
        bot: &bot,
        may_give: seat.may.role().may_give(bot.role),
        keys: keys.into_iter().rev().filter(|key| key.revoked_at.is_none()).collect(),
        form: once::fresh(&app),
        room: trusts.len() < MOST,
        trusts: trusts.into_iter().map(|trust| told(trust, visitor.say)).collect(),
        issuers: issuers(&app.settings).next().is_some(),
        providers: Provider::ALL,
        sessions: running.into_iter().map(attribution).collect(),
        more,
        steps: steps::of(&app, bot.id),
    };
    answer(StatusCode::OK, visitor, &page)
}

fn told(trust: Trust, say: super::super::text::Say) -> (Trust, Told) {
    let conditions: Option<Conditions> = serde_json::from_str(&trust.conditions).ok();
    let told = words::told(conditions.as_ref(), say);
    (trust, told)
}

/// Asks before a bot is removed.
pub(in crate::console) async fn ask_remove(
    State(app): AppState,
    seat: Manager,
    Path((_, bot)): Path<(String, String)>,
) -> Answered {
    let bot = named(&app, &seat, &bot).await?;
    let say = seat.signed_in.visitor.say;
    let page = Confirm {
        frame: seat.frame(Tab::Bots),
        title: say.a("bots-remove-title", "name", bot.name.as_str()),
        texts: vec![say.t("bots-remove-then")],
        action: format!("{}/remove", at(&seat, &bot)),
        fields: Vec::new(),
        button: say.t("bots-remove-do"),
        ends: true,
        back: at(&seat, &bot),
    };
    answer(StatusCode::OK, &seat.signed_in.visitor, &page)
}

/// Removes a bot, and with it every key and every session.
pub(in crate::console) async fn remove(
    State(app): AppState,
    seat: Manager,
    Path((_, bot)): Path<(String, String)>,
    body: Body,
) -> Answered {
    Form::read(body).await?;
    let bot = named(&app, &seat, &bot).await?;
    let (visitor, now) = (&seat.signed_in.visitor, app.clock.now());
    let audit = seat.may.audit(&app, now, "bot.removed", bot.id.to_string(), json!({"name": bot.name}));
    app.store.bots().remove(bot.org, bot.id, &audit).await.map_err(|e| visitor.failed(&e))?;
    follow(&app).await;
    Ok(see_other(visitor, &format!("{}?done=bot-removed", seat.at("/bots"))))
}

/// What ended for a bot ends on this node before the answer leaves; other nodes follow by themselves.
pub(super) async fn follow(app: &App) {
    if let Err(error) = app.callers.follow_revocations().await {
        tracing::warn!("what was revoked is followed a moment later: {error}");
    }
}
