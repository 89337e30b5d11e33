//! Guard > Tokens: the organisation's tokens, page by page, and what can be done with one.

pub(super) mod import;
pub(super) mod issue;
mod life;
mod minted;
pub(super) mod revoke;
pub(super) mod rotate;
pub(super) mod token;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::Timestamp;
use sekisho_core::id::OrgTokenId;
use sekisho_core::org::IdentifierPrefix;
use sekisho_store::{OrgTokenPage, OrgTokenRow, TokenStatus};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::page::{Frame, Halt, Tab, Why, answer};
use super::seat::Seat;
use super::text::Say;
use super::visitor::{Answered, Visitor};
use crate::app::App;
use crate::authority::{IssueTokens, ManageTokens, Needs};

/// The parts of a handler that every page of this room takes.
type AppState = State<Arc<App>>;

/// Rows of a page.
const ROWS: usize = 40;

#[derive(Template)]
#[template(path = "console/tokens.html")]
struct Page<'a> {
    frame: Frame<'a>,
    base: String,
    prefix: &'a str,
    /// The beginning can't be one of an identifier's.
    wrong: bool,
    status: Option<TokenStatus>,
    rows: Vec<OrgTokenRow>,
    now: Timestamp,
    previous: Option<String>,
    next: Option<String>,
}

/// The list, for those who manage tokens; for an issuer the form that issues one.
pub(super) async fn list(State(app): AppState, seat: Seat<IssueTokens>) -> Answered {
    if !seat.may.role().has(ManageTokens::RIGHT) {
        return issue::form(&app, &seat);
    }
    let visitor = &seat.signed_in.visitor;
    let (asked, status) = (visitor.asked("prefix"), visitor.asked("status"));
    let status = TokenStatus::ALL.into_iter().find(|known| known.as_str() == status);
    let prefix = IdentifierPrefix::parse(asked.trim());
    let (now, base) = (app.clock.now(), seat.at("/tokens"));
    let mut page = Page {
        frame: seat.frame(Tab::Tokens),
        base,
        prefix: asked.get(..255).unwrap_or(&asked),
        wrong: prefix.is_err(),
        status,
        rows: Vec::new(),
        now,
        previous: None,
        next: None,
    };
    if let Ok(prefix) = prefix {
        page.fill(&app, &seat, prefix).await?;
    }
    answer(StatusCode::OK, visitor, &page)
}

impl Page<'_> {
    async fn fill(&mut self, app: &App, seat: &Seat<IssueTokens>, prefix: IdentifierPrefix) -> Result<(), Halt> {
        let visitor = &seat.signed_in.visitor;
        let (after, before) = (visitor.asked("after"), visitor.asked("before"));
        let back = !before.is_empty();
        let place = find(app, seat, if back { &before } else { &after }).await?;
        let on_the_way = place.is_some();
        let after = place.map(|row| (row.identifier, row.id));
        // One more than a page has tells whether there is another one.
        let limit = u32::try_from(ROWS + 1).unwrap_or(u32::MAX);
        let page = OrgTokenPage { prefix, status: self.status, after, limit };
        let tokens = app.store.org_tokens();
        let found = match back && on_the_way {
            true => tokens.page_before(seat.may.org(), &page, self.now).await,
            false => tokens.page(seat.may.org(), &page, self.now).await,
        };
        self.rows = found.map_err(|e| visitor.failed(&e))?;
        let more = self.rows.len() > ROWS;
        let (earlier, later) = if back && on_the_way { (more, true) } else { (on_the_way, more) };
        match back && on_the_way {
            true if more => drop(self.rows.remove(0)),
            _ => self.rows.truncate(ROWS),
        }
        let link = |name: &str, row: Option<&OrgTokenRow>| row.map(|row| self.link(name, row.id));
        let previous = link("before", self.rows.first().filter(|_| earlier));
        let next = link("after", self.rows.last().filter(|_| later));
        (self.previous, self.next) = (previous, next);
        Ok(())
    }

    fn link(&self, name: &str, place: OrgTokenId) -> String {
        let mut query = Serializer::new(String::new());
        if !self.prefix.is_empty() {
            query.append_pair("prefix", self.prefix);
        }
        if let Some(status) = self.status {
            query.append_pair("status", status.as_str());
        }
        format!("{}?{}", self.base, query.append_pair(name, &place.to_string()).finish())
    }

    fn is(&self, status: &str) -> bool {
        self.status.is_some_and(|chosen| chosen.as_str() == status)
    }
}

/// The organisation's token with this id, if there is one.
async fn find<N: Needs>(app: &App, seat: &Seat<N>, id: &str) -> Result<Option<OrgTokenRow>, Halt> {
    let Some(id) = OrgTokenId::parse(id) else { return Ok(None) };
    let found = app.store.org_tokens().find(seat.may.org(), id).await;
    found.map_err(|e| seat.signed_in.visitor.failed(&e))
}

/// The token that the path names (`/console/{org_id}/tokens/{token_id}…`), of this organisation.
async fn named<N: Needs>(app: &App, seat: &Seat<N>) -> Result<OrgTokenRow, Halt> {
    let visitor: &Visitor = &seat.signed_in.visitor;
    find(app, seat, visitor.part(3)).await?.ok_or_else(|| visitor.halt(Why::NotFound))
}

/// A token's identifier as a part of an address.
fn in_address(row: &OrgTokenRow) -> String {
    byte_serialize(row.identifier.as_str().as_bytes()).collect()
}

/// What a state is called, and how it is coloured.
fn state(say: &Say, row: &OrgTokenRow, now: Timestamp) -> (String, &'static str) {
    match row.status(now) {
        TokenStatus::Active => (say.t("tokens-active"), "good"),
        TokenStatus::Revoked => (say.t("tokens-revoked"), "bad"),
        TokenStatus::Expired => (say.t("tokens-expired"), "mixed"),
    }
}
