//! The two letters of a login from a terminal: the code, and the news that a key was added.

use askama::Template;
use sekisho_core::code::PlainCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::{Language, Timestamp};

use super::{Gate, KEY_PLACEHOLDER, Letter};
use crate::endpoints::Endpoints;

/// Who started a login: what the reader compares with his own doing.
#[derive(Clone, Copy, Debug)]
pub struct Starter<'a> {
    /// The program, by its own word, cut to the characters of a product token; empty where it did not say.
    pub program: &'a str,
    /// The network that it came from.
    pub network: &'a str,
}

/// To an address that somebody gave in a login, whether it has an account or not.
pub struct LoginCode<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whom it is for.
    pub email: &'a EmailAddress,
    /// The code; it is of use in the browser that waits for it, and nowhere else.
    pub code: &'a PlainCode,
    /// Who started the login.
    pub starter: Starter<'a>,
    /// When it was started.
    pub started: Timestamp,
    /// Until when the code works.
    pub until: Timestamp,
}

/// To the owner of an account that a login added a key to.
pub struct LoginKey<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whose account it is.
    pub email: &'a EmailAddress,
    /// The login made the account too: the letter also says how to set up other package managers.
    pub first: bool,
    /// Hint of the key, `tg_anon_Ab3d…`.
    pub hint: &'a str,
    /// Who has it.
    pub starter: Starter<'a>,
    /// When it was handed out.
    pub at: Timestamp,
}

impl LoginCode<'_> {
    /// Renders the letter.
    pub fn render(&self) -> Letter {
        render!(self, LoginCode, KEY_PLACEHOLDER, "en/login_code.txt", "ja/login_code.txt")
    }
}

impl LoginKey<'_> {
    /// Renders the letter.
    pub fn render(&self) -> Letter {
        match self.first {
            true => render!(self, LoginKey, KEY_PLACEHOLDER, "en/login_registered.txt", "ja/login_registered.txt"),
            false => render!(self, LoginKey, KEY_PLACEHOLDER, "en/login_added.txt", "ja/login_added.txt"),
        }
    }
}
