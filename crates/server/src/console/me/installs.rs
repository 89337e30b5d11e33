//! `/me/installs`: what somebody took and what he was refused, with his own keys or with an organisation's tokens that carry
//! his address.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::Ecosystem;
use sekisho_core::id::{EntryId, OrgId};
use sekisho_core::org::UserIdentifier;
use sekisho_store::{Account, Counts, MOST_COUNTED, Question, Recent};
use uuid::Uuid;

use super::super::installs::row::Row;
use super::super::page::{Frame, Halt, Link, Tab, Why, answer};
use super::super::visitor::{Answered, SignedIn};
use super::account;
use crate::app::App;

/// Rows on a page.
const PER_PAGE: usize = 20;
/// Organisations to choose from.
const ORGS: usize = 50;

#[derive(Template)]
#[template(path = "console/me_installs.html")]
struct Page<'a> {
    frame: Frame<'a>,
    /// With whose tokens it was taken.
    choices: Vec<Link>,
    /// What one's own keys took lately; with the newest rows only.
    recent: Option<Recent>,
    rows: Vec<Row>,
    /// The address of the newest rows, where these are not.
    newest: Option<String>,
    older: Option<String>,
}

impl Page<'_> {
    /// The numbers by ecosystem, with a name.
    fn counts(&self) -> Vec<(&'static str, Counts)> {
        let all = self.recent.iter().flat_map(|recent| &recent.by_ecosystem);
        all.map(|(ecosystem, counts): &(Ecosystem, Counts)| (ecosystem.label(), *counts)).collect()
    }

    /// How many requests are counted, where there may have been more.
    fn cut(&self) -> Option<String> {
        let recent = self.recent.as_ref().filter(|recent| recent.cut);
        recent.map(|_| self.frame.say.a("me-installs-cut", "count", self.frame.say.number(MOST_COUNTED)))
    }
}

/// Whose rows are shown.
enum Of {
    Own(Account),
    Org(OrgId),
}

/// The page.
pub(in crate::console) async fn show(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let (visitor, email) = (&me.visitor, &me.session.email);
    let failed = |e| visitor.failed(&e);
    let (asked, before) = (visitor.asked("of"), visitor.asked("before"));
    let before = match before.as_str() {
        "" => None,
        text => Some(EntryId(Uuid::try_parse(text).map_err(|_| visitor.halt(Why::NotFound))?)),
    };
    let own = account(&app, &me).await?;
    let orgs = app.store.people().orgs_of(email.as_str()).await.map_err(failed)?;
    let chosen = match (asked.as_str(), own.clone(), orgs.first()) {
        ("", Some(account), _) => Some(Of::Own(account)),
        ("", None, org) => org.map(|org| Of::Org(*org)),
        (text, ..) => {
            let org = OrgId::parse(text).filter(|org| orgs.contains(org));
            Some(Of::Org(org.ok_or_else(|| visitor.halt(Why::NotFound))?))
        }
    };
    let choices = choices(&app, &me, own.is_some(), &orgs, chosen.as_ref()).await?;
    let (question, recent, base) = match &chosen {
        None => (None, None, "/me/installs".to_owned()),
        Some(Of::Own(account)) => {
            let recent = match before {
                None => Some(app.store.ledger().recent(account.id, app.clock.now()).await.map_err(failed)?),
                Some(_) => None,
            };
            (Some(Question::of(account.id.0)), recent, "/me/installs".to_owned())
        }
        Some(Of::Org(org)) => {
            let identifier = UserIdentifier::parse(email.as_str()).ok();
            let question = Question { identifier, ..Question::of(org.0) };
            // An address that can't be an identifier carries no token.
            (question.identifier.is_some().then_some(question), None, format!("/me/installs?of={org}"))
        }
    };
    let (rows, older) = match question {
        None => (Vec::new(), None),
        Some(question) => {
            let page = app.store.ledger().page(question, before, PER_PAGE).await.map_err(failed)?;
            (page.rows.iter().map(|row| Row::of(row, visitor.say)).collect(), page.next)
        }
    };
    let joint = if base.contains('?') { '&' } else { '?' };
    let page = Page {
        frame: me.frame(Tab::Me),
        choices,
        recent,
        rows,
        older: older.map(|id| format!("{base}{joint}before={}", id.0)),
        newest: before.is_some().then_some(base),
    };
    answer(StatusCode::OK, visitor, &page)
}

async fn choices(app: &App, me: &SignedIn, own: bool, orgs: &[OrgId], chosen: Option<&Of>) -> Result<Vec<Link>, Halt> {
    let mut links = Vec::new();
    if own {
        let (href, text) = ("/me/installs".to_owned(), me.visitor.say.t("me-installs-own"));
        links.push(Link { href, text, here: matches!(chosen, Some(Of::Own(_))) });
    }
    for org in orgs.iter().take(ORGS) {
        let found = app.store.organisations().find(*org).await.map_err(|e| me.visitor.failed(&e))?;
        // One that was removed has no name any more; its rows are still the person's.
        let text = found.map_or_else(|| org.to_string(), |org| org.name);
        let here = matches!(chosen, Some(Of::Org(here)) if here == org);
        links.push(Link { href: format!("/me/installs?of={org}"), text, here });
    }
    Ok(links)
}
