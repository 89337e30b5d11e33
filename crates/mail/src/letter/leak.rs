//! The letter about an organisation's credential that was found where it doesn't belong.

use askama::Template;
use sekisho_core::email::EmailAddress;
use sekisho_core::{Language, Timestamp};

use super::{Gate, KEY_PLACEHOLDER, Letter};
use crate::endpoints::Endpoints;

/// Whose the credential was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder<'a> {
    /// A token that was given to this user identifier.
    Token(&'a str),
    /// A key of the bot with this name.
    Bot(&'a str),
}

/// To those who manage an organisation. It quotes nothing that the finder wrote.
pub struct OrgLeaked<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whom it goes to.
    pub email: &'a EmailAddress,
    /// What the operator calls the organisation.
    pub organisation: &'a str,
    /// Whose the credential was.
    pub holder: Holder<'a>,
    /// Its hint, `tg_org_Ab3d…`.
    pub hint: &'a str,
    /// When it was revoked.
    pub at: Timestamp,
}

impl Holder<'_> {
    fn name(&self) -> String {
        let (Holder::Token(name) | Holder::Bot(name)) = self;
        one_line(name)
    }
}

impl OrgLeaked<'_> {
    fn organisation(&self) -> String {
        one_line(self.organisation)
    }

    /// Renders the letter.
    pub fn render(&self) -> Letter {
        render!(self, OrgLeaked, KEY_PLACEHOLDER, "en/org_leaked.txt", "ja/org_leaked.txt")
    }
}

/// A name that an organisation chose: with a line break in it, it would write lines of its own.
pub(super) fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
