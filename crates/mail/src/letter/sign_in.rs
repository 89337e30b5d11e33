//! The letter with a code for the console.

use askama::Template;
use sekisho_core::code::PlainCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::{Language, Timestamp};

use super::login::Starter;
use super::{Gate, KEY_PLACEHOLDER, Letter};
use crate::endpoints::Endpoints;

/// To an address that somebody gave to sign in to the console.
pub struct SignInCode<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whom it is for.
    pub email: &'a EmailAddress,
    /// The code; it is of use in the browser that waits for it, and nowhere else.
    pub code: &'a PlainCode,
    /// The browser that asked, and its network.
    pub starter: Starter<'a>,
    /// When it asked.
    pub started: Timestamp,
    /// Until when the code works.
    pub until: Timestamp,
}

impl SignInCode<'_> {
    /// Renders the letter.
    pub fn render(&self) -> Letter {
        render!(self, SignInCode, KEY_PLACEHOLDER, "en/sign_in_code.txt", "ja/sign_in_code.txt")
    }
}
