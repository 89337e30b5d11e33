//! `/console/{org_id}/tokens/import`: tokens for many at once, by a file or a pasted list. All of it is looked at first; then
//! all are issued, or none, and one file with the tokens is the answer, once.

mod list;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_store::NewAudit;
use zeroize::Zeroizing;

use self::list::{Bad, Found, Reason, Wanted};
use super::super::once;
use super::super::page::{Frame, Tab, Why, answer, download};
use super::super::seat::Seat;
use super::super::text::Say;
use super::super::visitor::Answered;
use super::AppState;
use crate::api::body;
use crate::api::export::csv_line;
use crate::app::App;
use crate::authority::{IssueTokens, ManageTokens, Needs};
use crate::http::Code;
use crate::http::multipart::Parts;
use crate::issuing::{Lives, Minted};

/// Largest form: a thousand lines of the longest kind, and some room.
const MAX_FORM: usize = 512 * 1024;
/// Bad lines that are shown whole; of the others only the numbers.
const SHOWN: usize = 100;
/// A pasted list is shown again if it is at most so long.
const PASTED_AGAIN: usize = 16 * 1024;

#[derive(Template)]
#[template(path = "console/token_import.html")]
struct Page<'a> {
    frame: Frame<'a>,
    base: String,
    list: bool,
    form: &'a str,
    longest: String,
    pasted: &'a str,
    wrong: Option<Wrong>,
}

/// What is wrong with the list.
enum Wrong {
    /// The form is longer than forms may be here.
    TooLarge,
    Nothing,
    Both,
    TooMany,
    Lines {
        count: i64,
        shown: Vec<Bad>,
        /// A reason, and the numbers of further lines.
        further: Vec<(String, String)>,
    },
}

/// The form.
pub(in crate::console) async fn show(State(app): AppState, seat: Seat<IssueTokens>) -> Answered {
    form(&seat, &once::fresh(&app), "", None)
}

fn form(seat: &Seat<IssueTokens>, form: &str, pasted: &str, wrong: Option<Wrong>) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let status = match wrong {
        None => StatusCode::OK,
        Some(Wrong::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let page = Page {
        frame: seat.frame(Tab::Tokens),
        base: seat.at("/tokens"),
        list: seat.may.role().has(ManageTokens::RIGHT),
        form,
        longest: Lives::of(seat.org()).longest(&visitor.say),
        pasted: if pasted.len() <= PASTED_AGAIN { pasted } else { "" },
        wrong,
    };
    answer(status, visitor, &page)
}

/// Issues the tokens. The same form again issues nothing.
pub(in crate::console) async fn import(State(app): AppState, seat: Seat<IssueTokens>, body: Body) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let body = match body::read_at_most(MAX_FORM, body).await {
        Ok(body) => body,
        Err(problem) if problem.code() == Code::BodyTooLarge => {
            return form(&seat, &once::fresh(&app), "", Some(Wrong::TooLarge));
        }
        Err(problem) => return Err(problem.into()),
    };
    let parts = Parts::read(&visitor.headers, &body);
    let (id, file, pasted) = (parts.text("form"), parts.text("file"), parts.text("list"));
    let once = once::mark(&app, visitor, &id)?;
    let text = match (file.trim().is_empty(), pasted.trim().is_empty()) {
        (false, false) => return form(&seat, &id, &pasted, Some(Wrong::Both)),
        (false, true) => &file,
        (true, _) => &pasted,
    };
    let wanted = match list::read(text, &Lives::of(seat.org())) {
        Found::Nothing => return form(&seat, &id, &pasted, Some(Wrong::Nothing)),
        Found::TooMany => return form(&seat, &id, &pasted, Some(Wrong::TooMany)),
        Found::Bad(lines) => return form(&seat, &id, &pasted, Some(Wrong::lines(&visitor.say, lines))),
        Found::Good(wanted) => wanted,
    };
    let made: Vec<(Minted, NewAudit)> = wanted.into_iter().map(|wanted| mint(&app, &seat, wanted)).collect();
    let rows: Vec<_> = made.iter().map(|(minted, audit)| (&minted.row, audit)).collect();
    let issued = app.store.org_tokens().issue_all(seat.may.org(), &rows, Some(&once)).await;
    match issued.map_err(|e| visitor.failed(&e))? {
        true => Ok(download(visitor, "tokens.csv", "text/csv; charset=utf-8; header=present", &csv(&made))),
        false => Err(visitor.halt(Why::SentBefore)),
    }
}

fn mint(app: &App, seat: &Seat<IssueTokens>, Wanted { identifier, life }: Wanted) -> (Minted, NewAudit) {
    let minted = Minted::new(app, identifier, &seat.may.actor(), life);
    let audit = minted.issued(app, &seat.may);
    (minted, audit)
}

fn csv(made: &[(Minted, NewAudit)]) -> Zeroizing<String> {
    let mut csv = Zeroizing::new(csv_line(["identifier", "token", "prefix", "expires_at"].into_iter()));
    for (minted, _) in made {
        let (hint, end) = (minted.plain.hint(), minted.row.expires_at.map(|at| at.to_string()).unwrap_or_default());
        let cells = [minted.row.identifier.as_str(), minted.plain.expose(), &hint, &end];
        csv.push_str(&Zeroizing::new(csv_line(cells.into_iter())));
    }
    csv
}

impl Wrong {
    fn lines(say: &Say, mut lines: Vec<Bad>) -> Wrong {
        let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let rest = lines.split_off(lines.len().min(SHOWN));
        let mut further: Vec<(String, String)> = Vec::new();
        for bad in rest {
            let (reason, number) = (bad.reason.told(say), bad.number.to_string());
            match further.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, numbers)) => numbers.extend([", ", &number]),
                None => further.push((reason, number)),
            }
        }
        Wrong::Lines { count, shown: lines, further }
    }
}

impl Reason {
    fn told(self, say: &Say) -> String {
        match self {
            Reason::Identifier => say.t("tokens-identifier-wrong"),
            Reason::Days => say.t("tokens-import-days"),
            Reason::Cells => say.t("tokens-import-cells"),
            Reason::Twice => say.t("tokens-import-twice"),
        }
    }
}
