//! `POST /console/{org_id}/bots/{bot_id}/try`: what an exchange would say to an ID token. The token is not exchanged, and
//! neither kept, logged nor shown again.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_oidc::{Conditions, Refused};
use sekisho_store::Bot;

use super::super::page::{Frame, Halt, Tab, Why, answer};
use super::super::text::Say;
use super::super::visitor::Answered;
use super::tried::{Set, Tried};
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
    told: Tried,
    /// An exchange would be done.
    counts: bool,
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
    let (refused, sets): (_, Vec<Set>) = match tried {
        Err(refused) => (Some(why(&refused, say)), Vec::new()),
        Ok(tried) => (None, all.iter().zip(&tried).map(|(one, mismatches)| Set::of(one, mismatches, say)).collect()),
    };
    let page = Page {
        frame: desk.seat.frame(Tab::Bots),
        at: desk.at(""),
        bot,
        refused,
        audiences: app.pipelines.audiences(),
        counts: sets.iter().any(Set::holds),
        told: Tried::of(sets).map_err(|error| {
            tracing::error!("a table of conditions could not be made: {error}");
            Halt::broken()
        })?,
    };
    answer(StatusCode::OK, visitor, &page)
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
