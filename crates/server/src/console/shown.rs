//! The page that shows a new secret, the only time that it is shown.

use askama::Template;
use sekisho_mail::setup::SetUp;

use super::page::Frame;

/// A secret, and what to do with it.
#[derive(Template)]
#[template(path = "console/shown.html")]
pub(super) struct Shown<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) title: String,
    pub(super) secret: &'a str,
    /// What to do with it now.
    pub(super) texts: Vec<String>,
    /// What package managers are told, where it is for them.
    pub(super) set_up: Option<SetUp>,
    pub(super) back: String,
}
