//! `/console/{org_id}/bots/{bot_id}/trust`: the pipelines that a bot trusts: conditions, given by a form and taken away.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::id::TrustId;
use sekisho_oidc::{Conditions, Provider};
use sekisho_store::{Bot, Trust};
use uuid::Uuid;

use super::super::page::{Frame, Halt, Tab, Why, answer};
use super::super::text::Say;
use super::super::visitor::Answered;
use super::refused::refused;
use super::words::{self, Told, label};
use super::{AppState, AtBot};
use crate::app::App;
use crate::http::form::Form;
use crate::operate::trust::{self, MOST, issuers};

/// Conditions that stand at the top of the form; the others follow behind a click.
const USUAL: [&str; 13] = [
    "repository_owner_id",
    "repository_id",
    "repository",
    "workflow_ref",
    "event_name",
    "namespace_id",
    "project_id",
    "project_path",
    "ref",
    "ref_path",
    "environment",
    "pipeline_source",
    "ref_protected",
];

#[derive(Template)]
#[template(path = "console/trust.html")]
struct Page<'a> {
    frame: Frame<'a>,
    at: String,
    bot: &'a Bot,
    provider: Provider,
    provider_name: String,
    issuers: Vec<Choice>,
    usual: Vec<Input>,
    more: Vec<Input>,
    claims: Option<String>,
    wrong: Option<Wrong>,
}

/// An issuer to choose.
struct Choice {
    name: String,
    chosen: bool,
}

/// A condition to fill in.
struct Input {
    name: &'static str,
    label: String,
    typed: String,
}

/// Why conditions are not taken.
enum Wrong {
    /// The rule.
    Refused(String),
    /// The settings do not allow the issuer.
    Issuer,
    /// A line of claims has no name or no value.
    Claims,
}

#[derive(Template)]
#[template(path = "console/trust_remove.html")]
struct RemovePage<'a> {
    frame: Frame<'a>,
    at: String,
    bot: &'a Bot,
    trust: Trust,
    told: Told,
}

/// The form for one provider.
pub(in crate::console) async fn ask(State(app): AppState, desk: AtBot) -> Answered {
    desk.may_give()?;
    let provider = provider(&desk.visitor().asked("provider"));
    let provider = provider.ok_or_else(|| desk.visitor().halt(Why::NotFound))?;
    form(&app, &desk, provider, None, None)
}

fn form(app: &App, desk: &AtBot, provider: Provider, typed: Option<&Form>, wrong: Option<Wrong>) -> Answered {
    let visitor = desk.visitor();
    let field = |name: &str| typed.map_or("", |form| form.field(name)).to_owned();
    let chosen = match field("issuer") {
        none if none.is_empty() => provider.public_issuer().unwrap_or_default().to_owned(),
        issuer => issuer,
    };
    let issuers = issuers(&app.settings).map(|name| Choice { name: name.clone(), chosen: *name == chosen });
    let input = |name: &'static str| Input { name, label: label(name, visitor.say), typed: field(name) };
    let usual = |name: &&'static str| provider == Provider::Generic || USUAL.contains(name);
    let (top, rest): (Vec<_>, Vec<_>) = provider.conditions().partition(usual);
    let page = Page {
        frame: desk.seat.frame(Tab::Bots),
        at: desk.at(""),
        bot: &desk.bot,
        provider,
        provider_name: words::provider(provider, visitor.say),
        issuers: issuers.collect(),
        usual: top.into_iter().map(input).collect(),
        more: rest.into_iter().chain(["allow_events"]).map(input).collect(),
        claims: (provider == Provider::Generic).then(|| field("claims")),
        wrong,
    };
    let status = if page.wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    answer(status, visitor, &page)
}

/// Gives a bot one more set of conditions.
pub(in crate::console) async fn add(State(app): AppState, desk: AtBot, body: Body) -> Answered {
    let (visitor, bot, fields) = (desk.visitor(), &desk.bot, Form::read(body).await?);
    desk.may_give()?;
    let provider = provider(fields.field("provider")).ok_or_else(|| visitor.halt(Why::NotFound))?;
    let conditions = match read(provider, &fields, visitor.say) {
        Ok(conditions) => conditions,
        Err(wrong) => return form(&app, &desk, provider, Some(&fields), Some(wrong)),
    };
    if !issuers(&app.settings).any(|issuer| issuer == conditions.issuer()) {
        return form(&app, &desk, provider, Some(&fields), Some(Wrong::Issuer));
    }
    let there = app.store.trusts().of_bot(bot.org, bot.id).await.map_err(|e| visitor.failed(&e))?;
    if there.len() >= MOST {
        return Err(visitor.halt(Why::EnoughConditions));
    }
    let now = app.clock.now();
    let (trust, detail) = trust::new_trust(&conditions, now, &*app.random).map_err(|error| {
        tracing::error!("conditions could not be written: {error}");
        Halt::broken()
    })?;
    let audit = desk.audit_giving(&app, now, "trust.added", detail);
    match app.store.trusts().add(bot.org, bot.id, &trust, &audit).await.map_err(|e| visitor.failed(&e))? {
        true => desk.done("trust-added"),
        false => Err(visitor.halt(Why::NotFound)),
    }
}

/// The conditions of a form: of each, one value a line.
fn read(provider: Provider, fields: &Form, say: Say) -> Result<Conditions, Wrong> {
    let lines = |name: &str| -> Vec<String> {
        fields.field(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let given = provider.conditions().map(|name| (name.to_owned(), lines(name)));
    let given = given.filter(|(_, values)| !values.is_empty()).collect();
    let mut claims: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if provider == Provider::Generic {
        for line in lines("claims") {
            let (name, value) = line.split_once('=').ok_or(Wrong::Claims)?;
            let (name, value) = (name.trim(), value.trim());
            if name.is_empty() || value.is_empty() {
                return Err(Wrong::Claims);
            }
            claims.entry(name.to_owned()).or_default().push(value.to_owned());
        }
    }
    let conditions = Conditions::new(provider, fields.field("issuer"), given, claims, lines("allow_events"));
    conditions.map_err(|error| Wrong::Refused(refused(&error, say)))
}

fn provider(text: &str) -> Option<Provider> {
    Provider::ALL.into_iter().find(|provider| provider.name() == text)
}

/// Asks before conditions are taken away, and shows which.
pub(in crate::console) async fn ask_remove(State(app): AppState, desk: AtBot) -> Answered {
    let visitor = desk.visitor();
    let Some(trust) = find(&app, &desk, &visitor.asked("id")).await? else {
        return Err(visitor.halt(Why::NotFound));
    };
    let conditions: Option<Conditions> = serde_json::from_str(&trust.conditions).ok();
    let told = words::told(conditions.as_ref(), visitor.say);
    let page = RemovePage { frame: desk.seat.frame(Tab::Bots), at: desk.at(""), bot: &desk.bot, trust, told };
    answer(StatusCode::OK, visitor, &page)
}

/// Takes conditions away. Sessions that were given for them go on.
pub(in crate::console) async fn remove(State(app): AppState, desk: AtBot, body: Body) -> Answered {
    let (visitor, bot, fields) = (desk.visitor(), &desk.bot, Form::read(body).await?);
    if let Some(found) = find(&app, &desk, fields.field("id")).await? {
        let audit = desk.audit(&app, "trust.removed", trust::told(found.id, Some(&found)));
        app.store.trusts().remove(bot.org, bot.id, found.id, &audit).await.map_err(|e| visitor.failed(&e))?;
    }
    desk.done("trust-removed")
}

async fn find(app: &App, desk: &AtBot, text: &str) -> Result<Option<Trust>, Halt> {
    let Ok(id) = Uuid::try_parse(text).map(TrustId) else { return Ok(None) };
    let all = app.store.trusts().of_bot(desk.bot.org, desk.bot.id).await.map_err(|e| desk.visitor().failed(&e))?;
    Ok(all.into_iter().find(|trust| trust.id == id))
}
