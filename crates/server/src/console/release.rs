//! The page about a release or a name, under `/why`: what is decided, for everybody; who took it, for members of an
//! organisation who may read that. Whoever is not signed in costs no look at the database.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::response::IntoResponse;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_core::policy::{Effect, Owner, Reason};
use sekisho_core::{PackageUrl, Timestamp};
use sekisho_store::{Membership, Question, Session, StoreError};

use super::installs::row::{Row, reason_text};
use super::page::{Frame, Tab, answer};
use super::text::Say;
use super::visitor::{Answered, Visitor};
use crate::api::orgs::installs::query::Versions;
use crate::api::orgs::installs::question;
use crate::app::App;
use crate::authority::{May, ReadInstalls};
use crate::callers::Caller;
use crate::explain::verdict::{Found, Listed, Record};
use crate::gate::Knowledge;

/// Newest rows of an organisation that are shown; its search has them all.
const ROWS: usize = 20;
/// The same where several organisations are shown.
const ROWS_OF_SEVERAL: usize = 5;
/// Longest text of what a record hits; the page as JSON has the whole.
const VERSIONS: usize = 2000;
/// Of all records together.
const VERSIONS_OF_ALL: usize = 12_000;
/// Organisations of a person whose rows are shown.
const ORGANISATIONS: usize = 10;

#[derive(Template)]
#[template(path = "console/release.html")]
struct Page<'a> {
    frame: Frame<'a>,
    found: &'a Found,
    subject: String,
    /// The verdict as people read it: a name that is not refused whole may still have refused releases.
    headline: String,
    /// The class of its colour.
    tone: &'static str,
    summary: String,
    /// When the advisories were last found to be current.
    known: Option<Timestamp>,
    /// Whose organisation decides more is not known: there is neither a key nor a session.
    unknown: bool,
    takers: Takers,
}

/// Who took it, for whoever looks.
enum Takers {
    /// There is no signing in here.
    None,
    /// Not signed in: where one does.
    SignIn(String),
    /// The database does not answer.
    Unavailable,
    /// No member of an organisation with the right.
    NoRight,
    Of(Vec<OrgTakers>),
}

struct OrgTakers {
    name: String,
    /// What is decided for the organisation's own people, where it differs.
    own: Option<String>,
    /// Since when it is refused to them.
    since: Option<Timestamp>,
    /// What tells the rows from before that apart, where there are some.
    earlier: Option<String>,
    rows: Vec<Row>,
    /// The search that has them all.
    search: String,
    exports: Vec<(&'static str, String)>,
}

impl OrgTakers {
    /// The row was answered before there was what refuses it now.
    fn has_earlier(&self, row: &Row) -> bool {
        is_earlier(row, self.since)
    }
}

impl Page<'_> {
    fn has_dated_entries(&self) -> bool {
        self.found.entries.iter().any(|listed| listed.entry.since.is_some())
    }

    fn effect(&self, listed: &Listed) -> String {
        self.frame.say.t(match listed.entry.effect {
            Effect::Allow => "why-effect-allow",
            Effect::Block => "why-effect-block",
            Effect::Warn => "why-effect-warn",
        })
    }

    fn owner(&self, listed: &Listed) -> String {
        self.frame.say.t(match listed.owner {
            Owner::Operator => "why-of-operator",
            Owner::Organisation => "why-of-organisation",
        })
    }

    fn until(&self, listed: &Listed) -> String {
        let say = self.frame.say;
        match listed.entry.expires {
            None => say.t("why-no-end"),
            Some(end) if listed.ended => say.a("why-ended", "end", say.moment(end)),
            Some(end) => say.moment(end),
        }
    }

    /// What a record hits, and words for how much more that is.
    fn versions(&self, record: &Record) -> (String, Option<String>) {
        let room = (VERSIONS_OF_ALL / self.found.records.len().max(1)).min(VERSIONS);
        let (shown, more) = some_of(&record.versions, room);
        let say = self.frame.say;
        (shown, (more > 0).then(|| say.a("why-more-versions", "number", say.number(more))))
    }

    fn by_advisory(&self) -> bool {
        self.found.rests_on(Reason::Malware)
    }

    fn is_canary(&self) -> bool {
        self.found.rests_on(Reason::Canary)
    }

    fn by_organisation(&self) -> bool {
        self.found.rests_on(Reason::OrganisationPolicy)
    }
}

/// Answers with the page. The verdict needs no database.
pub(crate) async fn show(app: &Arc<App>, mut parts: Parts, found: &Found) -> Response<Body> {
    let answered = match Visitor::whoever(&mut parts, app).await {
        Ok(visitor) => page(app, &visitor, found).await,
        Err(halt) => Err(halt),
    };
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Cookie"));
    response
}

async fn page(app: &App, visitor: &Visitor, found: &Found) -> Answered {
    let say = visitor.say;
    let mut memberships = Vec::new();
    let takers = match &visitor.session {
        None if !app.settings.console.enabled => Takers::None,
        None => Takers::SignIn(format!("/sign-in?next={}", utf8_percent_encode(&visitor.path, NON_ALPHANUMERIC))),
        Some(session) => match app.store.organisations().of_member(&session.email).await {
            Ok(all) => {
                memberships = all;
                takers(app, visitor, session, &memberships, found).await.unwrap_or_else(|error| {
                    tracing::warn!("who took a release could not be read: {error}");
                    Takers::Unavailable
                })
            }
            Err(_) => Takers::Unavailable,
        },
    };
    let (headline, tone) = match &found.refusal {
        Some(_) => ("why-blocked", "blocked"),
        None if found.mixed => ("why-some-blocked", "mixed"),
        None => ("why-allowed", "allowed"),
    };
    let loaded = app.gate.current().knowledge == Knowledge::Loaded;
    let page = Page {
        frame: Frame::new(visitor, &memberships, None, Tab::None),
        subject: found.subject(),
        headline: say.t(headline),
        tone,
        summary: summary(found, say),
        known: app.feed_health.state().last_success.filter(|_| loaded),
        unknown: visitor.session.is_none() && matches!(visitor.exchange.caller, Caller::Anonymous),
        takers,
        found,
    };
    answer(StatusCode::OK, visitor, &page)
}

fn summary(found: &Found, say: Say) -> String {
    let reason = found.refusal.as_ref().map(|refusal| {
        let words = say.t(reason_text(refusal.reason));
        match refusal.advisories.as_slice() {
            [] => words,
            ids => format!("{words} ({})", ids.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ")),
        }
    });
    found.summary(say, &reason.unwrap_or_default())
}

async fn takers(
    app: &App,
    visitor: &Visitor,
    session: &Session,
    memberships: &[Membership],
    found: &Found,
) -> Result<Takers, StoreError> {
    let say = visitor.say;
    let readers = memberships.iter().filter_map(|m| Some((m, May::<ReadInstalls>::of_member(session, m)?)));
    let readers: Vec<_> = readers.take(ORGANISATIONS).collect();
    let limit = if readers.len() > 1 { ROWS_OF_SEVERAL } else { ROWS };
    let mut all = Vec::new();
    for (member, may) in readers {
        let mut asked = Question::of(may.org().0);
        asked.package = Some(found.name.clone());
        let version = found.version.clone().map(Versions::Exactly);
        let asked = question(app, &may, asked, version).await?;
        let rows = app.store.ledger().page(asked, None, limit).await?.rows;
        let purl = PackageUrl { name: found.name.clone(), version: found.version.as_deref().map(Into::into) };
        let query = format!("package={}", utf8_percent_encode(&purl.to_string(), NON_ALPHANUMERIC));
        let at = |path: &str| format!("/console/{}{path}", member.org.id);
        let export = |form: &str| at(&format!("/installs/export?{query}&format={form}"));
        let own = own(app, visitor, member, found);
        let since = own.as_ref().unwrap_or(found).refused_since();
        let rows: Vec<Row> = rows.iter().map(|row| Row::of(row, say)).collect();
        let first = since.filter(|_| rows.iter().any(|row| is_earlier(row, since)));
        all.push(OrgTakers {
            name: member.org.name.clone(),
            own: own.map(|own| summary(&own, say)),
            since,
            earlier: first.map(|at| say.a("why-earlier-rows", "when", say.moment(at))),
            rows,
            search: at(&format!("/installs?{query}")),
            exports: vec![("CSV", export("csv")), ("NDJSON", export("ndjson")), ("CycloneDX", export("cdx.json"))],
        });
    }
    Ok(if all.is_empty() { Takers::NoRight } else { Takers::Of(all) })
}

fn is_earlier(row: &Row, since: Option<Timestamp>) -> bool {
    !row.refused && since.is_some_and(|since| row.at < since)
}

/// As many texts as there is room for, at least one, and how many more there are.
fn some_of(texts: &[String], room: usize) -> (String, i64) {
    let (mut shown, mut count) = (String::new(), 0);
    for text in texts {
        if count > 0 && shown.len() + text.len() > room {
            break;
        }
        if count > 0 {
            shown.push_str("; ");
        }
        shown.push_str(text);
        count += 1;
    }
    (shown, i64::try_from(texts.len() - count).unwrap_or(i64::MAX))
}

/// What the organisation's own entries make of it for its people, where they say anything about it.
fn own(app: &App, visitor: &Visitor, member: &Membership, found: &Found) -> Option<Found> {
    let guard = app.gate.own_guard(member.org.id)?;
    let speaks = guard.own.as_ref().is_some_and(|own| !own.policy.entries(&found.name).is_empty());
    let name = app.sources.admit(found.name.clone(), &visitor.exchange.caller).ok().filter(|_| speaks)?;
    Some(app.found(&guard, &name, found.version.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_between_its_texts_and_says_how_many_more_there_are() {
        let texts: Vec<String> = ["1.0.0", "1.0.1", "1.0.2"].map(str::to_owned).into();
        assert_eq!(some_of(&texts, 100), ("1.0.0; 1.0.1; 1.0.2".to_owned(), 0));
        assert_eq!(some_of(&texts, 12), ("1.0.0; 1.0.1".to_owned(), 1));
        assert_eq!(some_of(&texts, 0), ("1.0.0".to_owned(), 2), "one stands there in any case");
        assert_eq!(some_of(&[], 100), (String::new(), 0));
    }
}
