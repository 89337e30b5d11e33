//! The audit log: what people and bots did to the organisation, as the API's own search finds it.

mod action;
mod detail;
pub(super) mod one;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::Timestamp;
use sekisho_store::AuditRow;

use super::page::{Frame, Halt, Tab, Why, answer, see_other};
use super::search::{Field, Typed};
use super::seat::Seat;
use super::text::Say;
use super::visitor::Answered;
use crate::api::export::Form;
use crate::api::orgs::audit;
use crate::api::query::Query;
use crate::app::App;
use crate::authority::ManageTokens;

/// The fields of the search, as the API names them.
const NAMES: &[&str] = &["actor", "action", "from", "to"];
/// Rows of a page.
const ROWS: u32 = 25;
/// Characters of a row's details; its own page has the whole.
const DETAIL: usize = 300;

#[derive(Template)]
#[template(path = "console/audit.html")]
struct Page<'a> {
    frame: Frame<'a>,
    here: String,
    fields: Vec<Field>,
    wrong: bool,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    exports: Vec<(&'static str, String)>,
}

struct Row {
    at: Timestamp,
    actor: String,
    /// In words, where it is one of today.
    action: String,
    subject: String,
    detail: Vec<(String, String)>,
    /// The end of its address, where there is more of it than stands here.
    more: Option<String>,
}

impl Row {
    fn of(row: &AuditRow, say: Say) -> Row {
        let whole = Row::whole(row, say);
        let (detail, short) = detail::cut(whole.detail, DETAIL);
        Row { detail, more: short.then(|| row.id.0.to_string()), ..whole }
    }

    fn whole(row: &AuditRow, say: Say) -> Row {
        Row {
            at: row.at,
            actor: row.actor.clone(),
            action: action::text(&row.action).map_or_else(|| row.action.clone(), |text| say.t(text)),
            subject: row.subject.clone(),
            detail: detail::read(&row.detail, say),
            more: None,
        }
    }
}

/// The page.
pub(super) async fn show(State(app): State<Arc<App>>, seat: Seat<ManageTokens>) -> Answered {
    let (visitor, say, here) = (&seat.signed_in.visitor, seat.signed_in.visitor.say, seat.at("/audit"));
    let (typed, cursor) = (Typed::read(&visitor.path, NAMES), visitor.asked("cursor"));
    let mut query = Query::of(&typed.query(&[("cursor", &cursor)]), audit::NAMES);
    let filter = audit::filter(&mut query);
    // A cursor counts for the filters that it came with, and there are none where one is wrong.
    let before = if query.wrong().is_empty() { audit::before(&app, &seat.may, &mut query, &filter) } else { None };
    let wrongs = query.wrong();
    let (mut rows, mut next) = (Vec::new(), None);
    if wrongs.is_empty() {
        let found = audit::page(&app, &seat.may, &filter, before, ROWS).await.map_err(|e| visitor.failed(&e))?;
        rows = found.0.iter().map(|row| Row::of(row, say)).collect();
        next = found.1.map(|next| typed.address(&here, &[("cursor", &next)]));
    }
    let to_export = |form| typed.address(&seat.at("/audit/export"), &[("format", form)]);
    let page = Page {
        frame: seat.frame(Tab::Audit),
        fields: fields(say, &typed, &wrongs),
        wrong: !wrongs.is_empty(),
        rows,
        first: (!cursor.is_empty()).then(|| typed.address(&here, &[])),
        next,
        exports: vec![("CSV", to_export("csv")), ("NDJSON", to_export("ndjson"))],
        here,
    };
    answer(if page.wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK }, visitor, &page)
}

/// Everything that the search finds.
pub(super) async fn export(State(app): State<Arc<App>>, seat: Seat<ManageTokens>) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let Some(form) = Form::named(&visitor.asked("format")) else { return Err(visitor.halt(Why::NotFound)) };
    let typed = Typed::read(&visitor.path, NAMES);
    let mut query = Query::of(&typed.query(&[]), audit::NAMES);
    let filter = audit::filter(&mut query);
    // The page names what is wrong with a search.
    if !query.wrong().is_empty() {
        return Ok(see_other(visitor, &typed.address(&seat.at("/audit"), &[])));
    }
    audit::export(&app, &seat.may, filter, form).await.map_err(|problem| Halt::told(visitor, problem))
}

fn fields(say: Say, typed: &Typed, wrongs: &[&str]) -> Vec<Field> {
    let any = (String::new(), say.t("audit-any"));
    let actions = action::ALL.iter().map(|(action, text)| ((*action).to_owned(), say.t(text)));
    let mut fields = vec![
        Field::text("actor", say.t("audit-actor"), typed),
        Field::choice("action", say.t("audit-action"), typed, [any].into_iter().chain(actions)),
        Field::day("from", say.t("audit-from"), typed),
        Field::day("to", say.t("audit-to"), typed),
    ];
    for name in wrongs {
        let text = match *name {
            "from" | "to" => "search-wrong-moment",
            "actor" | "action" => "audit-wrong-text",
            _ => "search-wrong-address",
        };
        // What belongs to no field, as a cursor, stands beside the first.
        let place = fields.iter().position(|field| field.name == *name).unwrap_or_default();
        if let Some(field) = fields.get_mut(place) {
            field.wrong = Some(say.t(text));
        }
    }
    fields
}
