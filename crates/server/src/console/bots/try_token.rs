//! `POST /console/{org_id}/bots/{bot_id}/try`: what an exchange would say to an ID token. The token is not exchanged, and
//! neither kept, logged nor shown again.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_oidc::{Conditions, Mismatch, Refused};
use sekisho_store::Bot;

use super::super::page::{Frame, Tab, Why, answer};
use super::super::text::Say;
use super::super::visitor::Answered;
use super::words::{self, label};
use super::{AppState, AtBot};
use crate::http::form::Form;

#[derive(Template)]
#[template(path = "console/tried.html")]
struct Page<'a> {
    frame: Frame<'a>,
    at: String,
    bot: &'a Bot,
    /// Why the token itself does not count.
    refused: Option<String>,
    /// What has to stand in `aud`.
    audiences: &'a [String],
    sets: Vec<Set>,
    /// An exchange would be done.
    counts: bool,
}

/// A set of conditions, with what came of each.
struct Set {
    provider: String,
    holds: bool,
    lines: Vec<Line>,
}

/// What came of one condition.
struct Line {
    label: String,
    expected: String,
    /// What the token says instead; none: it holds.
    found: Option<String>,
}

/// Tries the token.
pub(in crate::console) async fn try_it(State(app): AppState, desk: AtBot, body: Body) -> Answered {
    let (visitor, bot, fields) = (desk.visitor(), &desk.bot, Form::read(body).await?);
    // As an exchange: an issuer may be asked for its keys.
    if app.limiter.admit_exchange(visitor.exchange.client).is_err() {
        return Err(visitor.halt(Why::TooMany));
    }
    let trusts = app.store.trusts().of_bot(bot.org, bot.id).await.map_err(|e| visitor.failed(&e))?;
    // What can't be read trusts nobody, at an exchange too.
    let conditions: Vec<Conditions> =
        trusts.iter().filter_map(|trust| serde_json::from_str(&trust.conditions).ok()).collect();
    let all: Vec<&Conditions> = conditions.iter().collect();
    let say = visitor.say;
    let tried = app.pipelines.try_id_token(&all, fields.field("token")).await;
    let (refused, sets) = match tried {
        Err(refused) => (Some(why(&refused, say)), Vec::new()),
        Ok(tried) => (None, all.iter().zip(&tried).map(|(one, mismatches)| set(one, mismatches, say)).collect()),
    };
    let page = Page {
        frame: desk.seat.frame(Tab::Bots),
        at: desk.at(""),
        bot,
        refused,
        audiences: app.pipelines.audiences(),
        counts: sets.iter().any(|set: &Set| set.holds),
        sets,
    };
    answer(StatusCode::OK, visitor, &page)
}

/// Each condition with what came of it; behind them what was asked for beside them, such as the event.
fn set(conditions: &Conditions, mismatches: &[Mismatch], say: Say) -> Set {
    let told = words::told(Some(conditions), say);
    let found = |name: &str| mismatches.iter().find(|one| one.condition == name).map(|one| one.found.clone());
    let mut lines: Vec<Line> = Vec::new();
    for line in told.lines.iter().filter(|line| line.name != "allow_events") {
        let expected = line.values.join(", ");
        lines.push(Line { label: line.label.clone(), expected, found: found(&line.name) });
    }
    let written = |one: &&Mismatch| !told.lines.iter().any(|line| line.name == one.condition);
    lines.extend(mismatches.iter().filter(written).map(|one| Line {
        label: label(&one.condition, say),
        expected: say.t(match one.condition.as_str() {
            "job_project_id" => "tried-own-project",
            _ => "tried-other-event",
        }),
        found: Some(one.found.clone()),
    }));
    Set { provider: told.provider, holds: mismatches.is_empty(), lines }
}

/// Why a token does not count, whatever the conditions say.
fn why(refused: &Refused, say: Say) -> String {
    say.t(match refused {
        Refused::TooLong | Refused::Malformed(_) | Refused::Header(_) | Refused::Algorithm | Refused::Nonce => {
            "tried-no-token"
        }
        Refused::Claim(_) => "tried-claim",
        Refused::Issuer => "tried-issuer",
        Refused::UnknownKey | Refused::Signature => "tried-signature",
        Refused::Audience => "tried-audience",
        Refused::Expired => "tried-expired",
        Refused::NotYet => "tried-not-yet",
        Refused::Lifetime => "tried-lifetime",
        Refused::Unavailable(_) => "tried-unavailable",
    })
}
