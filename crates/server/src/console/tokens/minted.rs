//! The page that shows a new token, once: with what to do with it, in every package manager.

use askama::Template;
use http::StatusCode;
use sekisho_core::Timestamp;
use sekisho_mail::setup::SetUp;

use super::super::page::{Frame, Tab, answer};
use super::super::seat::Seat;
use super::super::setup;
use super::super::visitor::Answered;
use crate::app::App;
use crate::authority::{ManageTokens, Needs};
use crate::issuing::Minted;

/// The token in whose place the new one came.
pub(super) struct Old<'a> {
    pub(super) hint: &'a str,
    /// It works so long; none: it ended at once.
    pub(super) until: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "console/token_minted.html")]
struct Page<'a> {
    frame: Frame<'a>,
    base: String,
    list: bool,
    minted: &'a Minted,
    old: Option<Old<'a>>,
    set_up: SetUp,
}

/// Shows it.
pub(super) fn show<N: Needs>(app: &App, seat: &Seat<N>, minted: &Minted, old: Option<Old<'_>>) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let page = Page {
        frame: seat.frame(Tab::Tokens),
        base: seat.at("/tokens"),
        list: seat.may.role().has(ManageTokens::RIGHT),
        minted,
        old,
        set_up: setup::of(app, visitor, Some(&minted.plain))?,
    };
    answer(StatusCode::OK, visitor, &page)
}
