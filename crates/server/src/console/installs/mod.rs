//! Guard > Installs and Guard > Refusals: who took what, and what was refused, as the API's own search finds it.

pub(super) mod find;
pub(super) mod row;
mod wrong;

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::{Response, StatusCode};
use sekisho_core::id::OrgId;

use self::find::Find;
use self::row::Row;
use super::page::{Frame, Halt, Tab, Why, answer, see_other};
use super::search::{Field, Typed};
use super::seat::Seat;
use super::visitor::Answered;
use crate::api::orgs::installs::export::{self, Form};
use crate::api::orgs::installs::query::Asked;
use crate::api::orgs::installs::question;
use crate::api::orgs::installs::wrong::Wrong;
use crate::app::App;
use crate::authority::ReadInstalls;

/// The fields of the search, as the API names them.
const NAMES: &[&str] = &[
    "ecosystem",
    "package",
    "version",
    "range",
    "user_identifier_prefix",
    "bot_id",
    "repository",
    "outcome",
    "from",
    "to",
];
/// Rows of a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "console/installs.html")]
struct Page<'a> {
    frame: Frame<'a>,
    /// The address of the page without its search.
    here: String,
    refusals: bool,
    find: Find,
    fields: Vec<Field>,
    wrong: bool,
    /// Nothing is searched for.
    everything: bool,
    rows: Vec<Row>,
    /// The newest rows, where these are not.
    first: Option<String>,
    /// Older rows.
    next: Option<String>,
    /// Forms of an export, and their addresses.
    exports: Vec<(&'static str, String)>,
}

/// Which of the two pages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Installs,
    Refusals,
}

/// Guard > Installs.
pub(super) async fn show(State(app): State<Arc<App>>, seat: Seat<ReadInstalls>) -> Answered {
    page(&app, &seat, Of::Installs).await
}

/// Guard > Refusals.
pub(super) async fn refusals(State(app): State<Arc<App>>, seat: Seat<ReadInstalls>) -> Answered {
    page(&app, &seat, Of::Refusals).await
}

/// Everything that the search finds.
pub(super) async fn export(State(app): State<Arc<App>>, seat: Seat<ReadInstalls>) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let Some(form) = Form::named(&visitor.asked("format")) else { return Err(visitor.halt(Why::NotFound)) };
    let typed = Typed::read(&visitor.path, NAMES);
    let query = typed.query(&[]);
    // The page names what is wrong with a search.
    let Ok(asked) = Asked::read(&app.secret, seat.may.org(), &query, true) else {
        return Ok(see_other(visitor, &typed.address(&seat.at("/installs"), &[])));
    };
    let question = question(&app, &seat.may, asked.question, asked.versions).await.map_err(|e| visitor.failed(&e))?;
    export::begin(&app, &seat.may, form, question, &query).await.map_err(|problem| Halt::told(visitor, problem))
}

async fn page(app: &App, seat: &Seat<ReadInstalls>, of: Of) -> Result<Response<Body>, Halt> {
    let (visitor, say) = (&seat.signed_in.visitor, seat.signed_in.visitor.say);
    let (tab, path) = match of {
        Of::Installs => (Tab::Installs, "/installs"),
        Of::Refusals => (Tab::Refusals, "/refusals"),
    };
    let here = seat.at(path);
    let mut find = Find::of(seat, visitor.asked("find"));
    if !find.typed.is_empty() {
        match find::release(app, &seat.may, &find.typed).await.map_err(|e| visitor.failed(&e))? {
            Some(release) => return Ok(see_other(visitor, &release)),
            None => find.wrong = true,
        }
    }
    let mut typed = Typed::read(&visitor.path, NAMES);
    let mut fixed = Vec::new();
    if of == Of::Refusals {
        typed = typed.without(&["outcome"]);
        fixed.push(("outcome", "refused"));
    }
    let cursor = visitor.asked("cursor");
    let mut asking = fixed.clone();
    if !cursor.is_empty() {
        asking.push(("cursor", &cursor));
    }
    let (asked, wrongs) = read(app, seat.may.org(), &typed, &asking);
    let (mut rows, mut next) = (Vec::new(), None);
    if let Some(Asked { question: filters, versions, cursor, pages, .. }) = asked {
        let question = question(app, &seat.may, filters, versions).await.map_err(|e| visitor.failed(&e))?;
        let page = app.store.ledger().page(question, cursor, ROWS).await.map_err(|e| visitor.failed(&e))?;
        rows = page.rows.iter().map(|row| Row::of(row, say)).collect();
        next = page.next.map(|next| typed.address(&here, &[("cursor", &pages.cursor(&app.secret, next))]));
    }
    let wrong = !wrongs.is_empty();
    let to_export = |form: &'static str| {
        let more: Vec<_> = fixed.iter().copied().chain([("format", form)]).collect();
        typed.address(&seat.at("/installs/export"), &more)
    };
    let page = Page {
        frame: seat.frame(tab),
        fields: fields(seat, &typed, &wrongs, of),
        refusals: of == Of::Refusals,
        wrong,
        everything: typed.is_empty() && cursor.is_empty(),
        rows,
        first: (!cursor.is_empty()).then(|| typed.address(&here, &[])),
        next,
        exports: vec![("CSV", to_export("csv")), ("NDJSON", to_export("ndjson")), ("CycloneDX", to_export("cdx.json"))],
        here,
        find,
    };
    let status = if wrong || page.find.wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    answer(status, visitor, &page)
}

/// What is asked for; or everything that is wrong with it, by reading again without what was found to be wrong.
fn read(app: &App, org: OrgId, typed: &Typed, more: &[(&str, &str)]) -> (Option<Asked>, Vec<Wrong>) {
    let mut wrongs: Vec<Wrong> = Vec::new();
    // Each round leaves at least one field out, and the last round has none.
    for _ in 0..=NAMES.len() {
        let mut out: Vec<&str> = wrongs.iter().flat_map(|wrong| wrong::fields(*wrong)).copied().collect();
        if out.contains(&"package") {
            out.extend(["version", "range"]);
        }
        // A cursor stands behind everything else, so that nothing is wrong with the fields where it is.
        let query = typed.without(&out).query(if wrongs.is_empty() { more } else { &[] });
        match Asked::read(&app.secret, org, &query, false) {
            Ok(asked) => return (wrongs.is_empty().then_some(asked), wrongs),
            Err(wrong) => wrongs.push(wrong),
        }
    }
    (None, wrongs)
}

fn fields(seat: &Seat<ReadInstalls>, typed: &Typed, wrongs: &[Wrong], of: Of) -> Vec<Field> {
    let say = seat.signed_in.visitor.say;
    let any = || (String::new(), say.t("installs-any"));
    let kept = |value: &str, text: String| (value.to_owned(), text);
    let ecosystems = [any(), kept("npm", "npm".to_owned()), kept("pypi", "PyPI".to_owned())];
    let mut fields = vec![
        Field::choice("ecosystem", say.t("installs-ecosystem"), typed, ecosystems),
        Field::text("package", say.t("installs-package"), typed),
        Field::text("version", say.t("installs-version"), typed),
        Field::text("range", say.t("installs-range"), typed),
        Field::text("user_identifier_prefix", say.t("installs-identifier"), typed),
        Field::text("repository", say.t("installs-repository"), typed),
        Field::text("bot_id", say.t("installs-bot"), typed),
    ];
    if of == Of::Installs {
        let outcomes =
            [any(), kept("answered", say.t("installs-answered")), kept("refused", say.t("installs-refused"))];
        fields.push(Field::choice("outcome", say.t("installs-outcome"), typed, outcomes));
    }
    fields.push(Field::day("from", say.t("installs-from"), typed));
    fields.push(Field::day("to", say.t("installs-to"), typed));
    for wrong in wrongs {
        // What belongs to no field, as a cursor, stands beside the first.
        let name = wrong::fields(*wrong).iter().find(|name| !typed.field(name).is_empty()).copied();
        if let Some(field) = fields.iter_mut().find(|field| name.is_none_or(|name| name == field.name)) {
            field.wrong = Some(say.t(wrong::text(*wrong)));
        }
    }
    fields
}
