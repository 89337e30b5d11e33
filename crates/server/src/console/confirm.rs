//! The page between a link and a change that can't be taken back: it names what changes, and its button does it.

use askama::Template;

use super::page::Frame;

/// A question with one button.
#[derive(Template)]
#[template(path = "console/confirm.html")]
pub(super) struct Confirm<'a> {
    pub(super) frame: Frame<'a>,
    /// The question, which names what it is about.
    pub(super) title: String,
    /// What follows from it.
    pub(super) texts: Vec<String>,
    /// Where the form goes, and what it carries.
    pub(super) action: String,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) button: String,
    /// Something ends by it.
    pub(super) ends: bool,
    /// Where to go instead.
    pub(super) back: String,
}
