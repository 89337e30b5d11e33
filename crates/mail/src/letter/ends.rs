//! The letter about an organisation's tokens that end soon, or of which one was used after its end.

use askama::Template;
use sekisho_core::email::EmailAddress;
use sekisho_core::{Language, Timestamp};

use super::leak::one_line;
use super::{Gate, KEY_PLACEHOLDER, Letter};
use crate::endpoints::Endpoints;

/// What is told of the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// They end within so many days.
    Within(i64),
    /// One was used after its end.
    Used,
}

/// A token of the letter.
#[derive(Clone, Debug)]
pub struct Ending<'a> {
    /// Whom it was given to.
    pub identifier: &'a str,
    /// Its hint, `tg_org_Ab3d…`.
    pub hint: &'a str,
    /// When it ends.
    pub ends: Timestamp,
}

/// To those who manage an organisation.
pub struct OrgTokensEnd<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whom it goes to.
    pub email: &'a EmailAddress,
    /// What the operator calls the organisation.
    pub organisation: &'a str,
    /// What is told.
    pub what: Ends,
    /// Of which tokens.
    pub tokens: &'a [Ending<'a>],
}

impl OrgTokensEnd<'_> {
    fn organisation(&self) -> String {
        one_line(self.organisation)
    }

    /// Renders the letter.
    pub fn render(&self) -> Letter {
        render!(self, OrgTokensEnd, KEY_PLACEHOLDER, "en/org_tokens_end.txt", "ja/org_tokens_end.txt")
    }
}
