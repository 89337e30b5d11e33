//! `GET /console/{org_id}`: what was taken and refused in the last 30 days, of which tokens nothing is heard, and how the
//! checkpoint does. Nothing here reads the ledger: the numbers were counted before.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::id::OrgTokenId;
use sekisho_core::org::Right;
use sekisho_core::{Ecosystem, PackageName, Timestamp};
use sekisho_store::{Counted, Counts, InstallDay, Most, OrgTokenRow, Seen, StoreError};

use super::page::{Frame, Halt, Tab, answer};
use super::plot::{Bars, Caption, Rank, Ranks, Series};
use super::seat::Seat;
use super::text::Say;
use super::visitor::Answered;
use crate::app::App;
use crate::authority::ReadInstalls;
use crate::refusal;

mod health;

/// Days that are shown, with today.
const DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Packages of the list.
const MOST: u32 = 10;
/// Silent tokens at once.
const SILENT: u32 = 10;

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Page<'a> {
    frame: Frame<'a>,
    /// What a number is of, and the number.
    facts: Vec<(String, String)>,
    /// Until when days are counted.
    counted: Option<String>,
    /// Older days are not counted yet.
    behind: bool,
    /// Drawings, as HTML that their templates have escaped; none where there is nothing to draw.
    installs: Option<String>,
    refusals: Option<String>,
    most: Option<String>,
    silent: Vec<SilentRow>,
    /// Where more of them are.
    more: Option<String>,
    /// Where tokens are looked after, for who may.
    tokens: Option<String>,
    health: health::Health,
}

struct SilentRow {
    identifier: String,
    hint: String,
    used: Option<(String, String)>,
    made: (String, String),
}

/// What the database says.
struct Found {
    counted: Option<Counted>,
    days: Vec<InstallDay>,
    most: Vec<Most>,
    seen: Seen,
    /// One more than is shown.
    silent: Vec<OrgTokenRow>,
}

/// Shows the page.
pub(super) async fn show(State(app): State<Arc<App>>, seat: Seat<ReadInstalls>) -> Answered {
    let (visitor, now) = (&seat.signed_in.visitor, app.clock.now());
    let today = now.0.div_euclid(DAY_MS);
    let after = OrgTokenId::parse(&visitor.asked("after"));
    let mut found = find(&app, &seat, after, today).await.map_err(|error| visitor.failed(&error))?;
    let more = found.silent.len() > SILENT as usize;
    found.silent.truncate(SILENT as usize);
    let last = found.silent.last().filter(|_| more);
    let (frame, say) = (seat.frame(Tab::Overview), visitor.say);
    let days = Days { say, today, days: &found.days };
    let page = Page {
        facts: facts(say, &days, &found.seen),
        counted: found.counted.and_then(|counted| counted.at).map(|at| say.moment(at)),
        behind: found.counted.is_some_and(|counted| counted.at.is_none() || counted.open_day < today - 1),
        installs: days.bars("installs", |counts| counts.installs).map(|bars| drawn(bars.draw())).transpose()?,
        refusals: days.bars("refusals", |counts| counts.blocked).map(|bars| drawn(bars.draw())).transpose()?,
        most: (!found.most.is_empty()).then(|| drawn(most(say, &seat, &found.most).draw())).transpose()?,
        silent: found.silent.iter().map(|token| silent(say, token)).collect(),
        more: last.map(|last| format!("?after={}#silent", last.id)),
        tokens: seat.membership.role.has(Right::IssueTokens).then(|| seat.at("/tokens")),
        health: drawn(health::Health::of(&app, say))?,
        frame,
    };
    answer(StatusCode::OK, visitor, &page)
}

/// What was drawn, unless a template could not be filled.
fn drawn<T>(drawn: Result<T, askama::Error>) -> Result<T, Halt> {
    drawn.map_err(|error| {
        tracing::error!("a plot could not be drawn: {error}");
        Halt::broken()
    })
}

async fn find(
    app: &App,
    seat: &Seat<ReadInstalls>,
    after: Option<OrgTokenId>,
    today: i64,
) -> Result<Found, StoreError> {
    let (org, now) = (seat.may.org(), app.clock.now());
    let (days, tokens) = (app.store.install_days(), app.store.org_tokens());
    let from = today - DAYS + 1;
    let silent = async {
        let after = match after {
            Some(id) => tokens.find(org, id).await?.map(|token| (token.identifier, token.id)),
            None => None,
        };
        tokens.silent(org, after.as_ref(), SILENT + 1, now).await
    };
    let (counted, days, most, seen, silent) = tokio::try_join!(
        days.counted(org),
        days.days(org, from, today),
        days.most(org, false, (from, today), MOST),
        tokens.seen(org, now),
        silent
    )?;
    Ok(Found { counted, days, most, seen, silent })
}

fn facts(say: Say, days: &Days<'_>, seen: &Seen) -> Vec<(String, String)> {
    let sum = |pick: fn(&Counts) -> i64| days.days.iter().map(|day| pick(&day.counts)).sum::<i64>();
    vec![
        (say.t("overview-fact-installs"), say.number(sum(|counts| counts.installs))),
        (say.t("overview-fact-refusals"), say.number(sum(|counts| counts.blocked))),
        (say.t("overview-fact-active"), say.number(seen.active)),
        (say.t("overview-fact-silent"), say.number(seen.silent)),
    ]
}

/// The days that are shown.
struct Days<'a> {
    say: Say,
    today: i64,
    days: &'a [InstallDay],
}

impl Days<'_> {
    /// The bars of one outcome; none if there is nothing in all days.
    fn bars(&self, id: &'static str, pick: fn(&Counts) -> i64) -> Option<Bars> {
        let (say, first) = (self.say, self.today - DAYS + 1);
        let series = Ecosystem::ALL.map(|ecosystem| {
            let mut values = vec![0; DAYS as usize];
            for day in self.days.iter().filter(|day| day.ecosystem == ecosystem) {
                let place = usize::try_from(day.day - first).ok().and_then(|place| values.get_mut(place));
                place.into_iter().for_each(|value| *value += pick(&day.counts));
            }
            Series { name: name(ecosystem).to_owned(), values }
        });
        let sums: Vec<i64> = (0..DAYS as usize).map(|day| series.iter().map(|s| s.values[day]).sum()).collect();
        let total: i64 = sums.iter().sum();
        // Of equal days the latest.
        let (peak, most) = sums.iter().enumerate().max_by_key(|(_, sum)| **sum).filter(|_| total > 0)?;
        let at = |place: i64| Timestamp((first + place) * DAY_MS);
        let [npm, pypi] = series.each_ref().map(|series| {
            let sum: i64 = series.values.iter().sum();
            say.b("overview-part", ("name", series.name.as_str()), ("number", say.number(sum)))
        });
        let (title, whole) = match id {
            "installs" => ("overview-installs", "overview-installs-says"),
            _ => ("overview-refusals", "overview-refusals-says"),
        };
        let says = [
            say.count(whole, total),
            say.b("overview-parts", ("npm", npm), ("pypi", pypi)),
            say.b("overview-peak", ("day", say.day(at(peak as i64))), ("number", say.number(*most))),
        ];
        Some(Bars {
            caption: Caption { id, title: say.t(title), says: says.join(" ") },
            days: (0..DAYS).map(|place| say.day(at(place))).collect(),
            ends: [0, DAYS / 2, DAYS - 1].map(|place| say.short_day(at(place))),
            series: series.into(),
            words: (say.t("overview-numbers"), say.t("overview-day")),
            say,
        })
    }
}

fn name(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Npm => "npm",
        Ecosystem::Pypi => "PyPI",
    }
}

fn most(say: Say, seat: &Seat<ReadInstalls>, most: &[Most]) -> Ranks {
    let origin = &seat.signed_in.visitor.exchange.origin;
    let rank = |most: &Most| {
        let package = PackageName::parse(most.ecosystem, &most.name).ok();
        let href = package.map(|package| refusal::why_url(&package, None, origin));
        Rank { name: most.name.clone(), sort: name(most.ecosystem), href, number: most.number }
    };
    Ranks {
        caption: Caption { id: "most", title: say.t("overview-most"), says: say.t("overview-most-says") },
        heads: [say.t("overview-package"), say.t("overview-number")],
        ranks: most.iter().map(rank).collect(),
        say,
    }
}

fn silent(say: Say, token: &OrgTokenRow) -> SilentRow {
    let moment = |at: Timestamp| (at.to_string(), say.day(at));
    SilentRow {
        identifier: token.identifier.to_string(),
        hint: token.hint.clone(),
        used: token.last_used_at.map(moment),
        made: moment(token.created_at),
    }
}
