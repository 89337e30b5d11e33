//! `/console/{org_id}/bots/{bot_id}`: a bot with its keys, its conditions and its running sessions.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_oidc::{Attribution, Conditions, Provider};
use sekisho_store::{Bot, BotKey, SessionRow, Trust};
use serde_json::json;

use super::super::confirm::Confirm;
use super::super::once;
use super::super::page::{Frame, Tab, answer, see_other};
use super::super::part::{Part, Place};
use super::super::text::Say;
use super::super::visitor::Answered;
use super::steps::{self, Step};
use super::words::{self, Told};
use super::{AppState, AtBot};
use crate::operate::trust::{MOST, issuers};

/// Sessions that are shown; what runs may be much more.
const SESSIONS: usize = 20;

/// Sets of conditions at once.
const TRUSTS: usize = 10;
/// Keys at once.
const KEYS: usize = 15;

#[derive(Template)]
#[template(path = "console/bot.html")]
struct Page<'a> {
    frame: Frame<'a>,
    at: String,
    bot: &'a Bot,
    /// The reader may give this role, and so a key or a pipeline that comes with it.
    may_give: bool,
    keys: Part<BotKey>,
    form: String,
    trusts: Part<(Trust, Told)>,
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
pub(in crate::console) async fn show(State(app): AppState, desk: AtBot) -> Answered {
    let (visitor, bot) = (desk.visitor(), &desk.bot);
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
    let at = desk.at("");
    let page = Page {
        frame: desk.seat.frame(Tab::Bots),
        bot,
        may_give: desk.may_give().is_ok(),
        keys: Place { visitor, page: &at, name: "keys", rows: KEYS }
            .of_all(keys.into_iter().rev().filter(|key| key.revoked_at.is_none()).collect(), |key| {
                key.id.0.to_string()
            }),
        form: once::fresh(&app),
        room: trusts.len() < MOST,
        trusts: Place { visitor, page: &at, name: "trust", rows: TRUSTS }
            .of_all(trusts.into_iter().map(|trust| told(trust, visitor.say)).collect(), |(trust, _)| {
                trust.id.0.to_string()
            }),
        at,
        issuers: issuers(&app.settings).next().is_some(),
        providers: Provider::ALL,
        sessions: running.into_iter().map(attribution).collect(),
        more,
        steps: steps::of(&app, bot.id),
    };
    answer(StatusCode::OK, visitor, &page)
}

fn told(trust: Trust, say: Say) -> (Trust, Told) {
    let conditions: Option<Conditions> = serde_json::from_str(&trust.conditions).ok();
    let told = words::told(conditions.as_ref(), say);
    (trust, told)
}

/// What a button does that ends this session, which has others beside it.
fn end_this(say: &Say, pipeline: &Attribution) -> String {
    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    say.b("bots-session-end-this", ("repository", part(&pipeline.repository)), ("run", part(&pipeline.run)))
}

/// Asks before a bot is removed.
pub(in crate::console) async fn ask_remove(desk: AtBot) -> Answered {
    let say = desk.visitor().say;
    let page = Confirm {
        frame: desk.seat.frame(Tab::Bots),
        title: say.a("bots-remove-title", "name", desk.bot.name.as_str()),
        texts: vec![say.t("bots-remove-then")],
        action: desk.at("/remove"),
        fields: Vec::new(),
        button: say.t("bots-remove-do"),
        ends: true,
        back: desk.at(""),
    };
    answer(StatusCode::OK, desk.visitor(), &page)
}

/// Removes a bot, and with it every key and every session.
pub(in crate::console) async fn remove(State(app): AppState, desk: AtBot) -> Answered {
    let (visitor, bot) = (desk.visitor(), &desk.bot);
    let audit = desk.audit(&app, "bot.removed", json!({"name": bot.name}));
    app.store.bots().remove(bot.org, bot.id, &audit).await.map_err(|e| visitor.failed(&e))?;
    desk.follow(&app).await;
    Ok(see_other(visitor, &format!("{}?done=bot-removed", desk.seat.at("/bots"))))
}
