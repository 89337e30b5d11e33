//! Settings of an organisation: Guard on or off, how long tokens live and rows are kept, its language, and its own list of
//! what is blocked, allowed and warned of.

pub(super) mod change;
pub(super) mod rules;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::id::RuleId;
use sekisho_core::org::Right;
use sekisho_store::{Organisation, Rule};
use uuid::Uuid;

use super::page::{Frame, Tab, answer};
use super::part::{Part, Place};
use super::seat::Seat;
use super::text::Say;
use super::visitor::Answered;
use crate::app::App;
use crate::authority::ManageGuard;

const DAY: i64 = 86_400;
/// Entries on a page.
const ROWS: usize = 20;

#[derive(Template)]
#[template(path = "console/settings.html")]
struct Page<'a> {
    frame: Frame<'a>,
    at: String,
    org: &'a Organisation,
    may_rename: bool,
    typed: Typed,
    server_days: u32,
    rules: Vec<RuleRow>,
    /// The address of the newest entries, where these are not.
    first: Option<String>,
    /// The address of older ones.
    next: Option<String>,
    rule: RuleTyped,
    /// What is wrong with a form, each as the name of a text.
    wrong: Vec<&'static str>,
    /// The same for the form of the list.
    wrong_rule: Vec<&'static str>,
}

/// What stands in the form.
#[derive(Clone, Default)]
struct Typed {
    name: String,
    default_days: String,
    max_days: String,
    retention_days: String,
    language: String,
    self_rotate: bool,
}

/// What stands in the form for an entry.
#[derive(Clone, Default)]
struct RuleTyped {
    effect: String,
    package: String,
    reason: String,
    days: String,
}

struct RuleRow {
    id: String,
    effect: &'static str,
    package: String,
    reason: String,
    until: Option<(String, String)>,
    ended: bool,
    made_by: String,
}

impl Typed {
    fn of(org: &Organisation) -> Typed {
        let days =
            |seconds: Option<i64>| seconds.map(|seconds| (seconds.max(DAY) / DAY).to_string()).unwrap_or_default();
        Typed {
            name: org.name.clone(),
            default_days: days(org.default_token_seconds),
            max_days: days(org.max_token_seconds),
            retention_days: org.retention_days.map(|days| days.to_string()).unwrap_or_default(),
            language: org.language.as_str().to_owned(),
            self_rotate: org.self_rotate,
        }
    }
}

/// The page.
pub(super) async fn show(State(app): State<Arc<App>>, seat: Seat<ManageGuard>) -> Answered {
    let typed = Typed::of(seat.org());
    page(&app, &seat, typed, RuleTyped::default(), Vec::new(), Vec::new()).await
}

async fn page(
    app: &App,
    seat: &Seat<ManageGuard>,
    typed: Typed,
    rule: RuleTyped,
    wrong: Vec<&'static str>,
    wrong_rule: Vec<&'static str>,
) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let at = seat.at("/settings");
    let place = Place { visitor, page: &at, name: "list", rows: ROWS };
    let before = RuleId::parse(&place.after()).unwrap_or(RuleId(Uuid::max()));
    let found = app.store.rules().page(seat.org().id, before, ROWS as u32 + 1).await;
    let Part { rows, first, next } = place.part(found.map_err(|e| visitor.failed(&e))?, |rule| rule.id.to_string());
    let now = app.clock.now();
    let status = if wrong.is_empty() && wrong_rule.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let page = Page {
        frame: seat.frame(Tab::Settings),
        at: at.clone(),
        org: seat.org(),
        may_rename: seat.may.role().has(Right::ManageMembers),
        typed,
        server_days: app.settings.ledger.retention_days,
        first,
        next,
        rules: rows.iter().map(|rule| row(visitor.say, rule, now)).collect(),
        rule,
        wrong,
        wrong_rule,
    };
    answer(status, visitor, &page)
}

fn row(say: Say, rule: &Rule, now: sekisho_core::Timestamp) -> RuleRow {
    RuleRow {
        id: rule.id.to_string(),
        effect: rule.entry.effect.as_str(),
        package: rule.entry.target.to_string(),
        reason: rule.entry.reason.clone(),
        until: rule.entry.expires.map(|end| (end.to_string(), say.moment(end))),
        ended: !rule.entry.is_live(now),
        made_by: rule.made_by.clone(),
    }
}
