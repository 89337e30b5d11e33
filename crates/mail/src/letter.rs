//! What is written to people: one typed struct per occasion, rendered whole in either language.
//!
//! # The shape that people and tests rely on
//!
//! A letter is plain text. A section starts with a heading line `## npm`. What can be copied is indented by four spaces,
//! one command or settings line per line, never wrapped, and stands after a line that says where it belongs, the same in both
//! languages: a file name and a colon (`~/.npmrc:`) for lines of that file, or `shell:` for commands of a POSIX shell. An empty
//! line stands on both sides. Commands read the key from `SEKISHO_TOKEN` so that it stays out of the shell's history; lines
//! of files have the key itself.
//!
//! A section is one way to set one thing up, and all of its blocks belong to it. Headings of set-up are the same in both
//! languages: `SEKISHO_TOKEN` (do it before any section with `shell:`), `npm, pnpm`, `Yarn 1`, `Yarn 4`, `Bun`,
//! `pip (pip.conf)`, `pip (PIP_INDEX_URL)`, `uv (UV_DEFAULT_INDEX)`, `uv (UV_INDEX_URL)`, `uv (uv.toml)`,
//! `uv (pyproject.toml)`, `Poetry`, `PDM`.

use std::fmt;

use askama::Template;
use sekisho_core::code::PlainCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::token::PlainToken;
use sekisho_core::{Language, Timestamp};
use zeroize::Zeroizing;

use crate::endpoints::{Endpoints, Registry};
use crate::shell::json_for_shell;

/// What stands in settings where the key is not known to us any more.
pub(crate) const KEY_PLACEHOLDER: &str = "YOUR_KEY";

/// A rendered letter: subject and body. It may hold a key, so it prints as its subject and is wiped when dropped.
pub struct Letter {
    subject: String,
    body: Zeroizing<String>,
}

/// To a new address: the key, set-up for every package manager, how to rotate and revoke.
pub struct Welcome<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whom the key is for.
    pub email: &'a EmailAddress,
    /// The key.
    pub key: &'a PlainToken,
}

/// To an address that has a key already: where to find it, set-up, and a code that makes a new one.
pub struct Known<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whose account it is.
    pub email: &'a EmailAddress,
    /// Hints of the account's living keys, `tg_anon_Ab3d…`.
    pub hints: &'a [String],
    /// Valid for one hour.
    pub code: &'a PlainCode,
}

/// What was done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The key was replaced by who had it.
    Regenerated,
    /// Every key of the account was replaced by who had a mailed code.
    Reset,
    /// The key was added by who is signed in with the address.
    Added,
    /// The key was revoked by who had it.
    Revoked,
    /// The key was found where others can read it, and revoked by who found it.
    Leaked,
}

/// A short letter after something happened to a key.
pub struct Notice<'a> {
    /// The language of the letter.
    pub language: Language,
    /// Where the gate is.
    pub endpoints: &'a Endpoints,
    /// Whose key it is or was.
    pub email: &'a EmailAddress,
    /// What was done.
    pub happened: Happened,
    /// When.
    pub at: Timestamp,
    /// Hint of the key that lives now (regenerated, reset, added) or lived (revoked, leaked), `tg_anon_Ab3d…`.
    pub hint: &'a str,
}

/// What every template knows of the gate.
pub(crate) struct Gate<'a> {
    base: &'a str,
    pub(crate) npm: &'a Registry,
    pub(crate) simple: &'a Registry,
    /// The address as JSON between single quotes.
    email: String,
    /// The key as it stands in files.
    pub(crate) key: &'a str,
}

impl<'a> Gate<'a> {
    fn new(endpoints: &'a Endpoints, email: &EmailAddress, key: &'a str) -> Gate<'a> {
        let email = json_for_shell(email.as_str());
        Gate { email, ..Gate::of_nobody(endpoints, key) }
    }

    /// For text that names nobody.
    pub(crate) fn of_nobody(endpoints: &'a Endpoints, key: &'a str) -> Gate<'a> {
        let (base, npm, simple) = (endpoints.base(), endpoints.npm(), endpoints.simple());
        Gate { base, npm, simple, email: String::new(), key }
    }
}

/// Renders the template of `$name` in either language. A template's first line is the subject, an empty line follows.
macro_rules! render {
    ($letter:expr, $type:ident, $key:expr, $en:literal, $ja:literal) => {{
        #[derive(Template)]
        #[template(path = $en)]
        struct En<'a> {
            letter: &'a $type<'a>,
            gate: Gate<'a>,
        }
        #[derive(Template)]
        #[template(path = $ja)]
        struct Ja<'a> {
            letter: &'a $type<'a>,
            gate: Gate<'a>,
        }
        let letter: &$type<'_> = $letter;
        let gate = Gate::new(letter.endpoints, letter.email, $key);
        match letter.language {
            Language::En => Letter::render(&En { letter, gate }),
            Language::Ja => Letter::render(&Ja { letter, gate }),
        }
    }};
}

mod ends;
mod leak;
mod login;
mod sign_in;

pub use ends::{Ending, Ends, OrgTokensEnd};
pub use leak::{Holder, OrgLeaked};
pub use login::{LoginCode, LoginKey, Starter};
pub use sign_in::SignInCode;

impl Welcome<'_> {
    /// Renders the letter.
    pub fn render(&self) -> Letter {
        render!(self, Welcome, self.key.expose(), "en/welcome.txt", "ja/welcome.txt")
    }
}

impl Known<'_> {
    /// Renders the letter.
    pub fn render(&self) -> Letter {
        render!(self, Known, KEY_PLACEHOLDER, "en/known.txt", "ja/known.txt")
    }
}

impl Notice<'_> {
    /// Renders the letter.
    pub fn render(&self) -> Letter {
        match self.happened {
            Happened::Regenerated => {
                render!(self, Notice, KEY_PLACEHOLDER, "en/regenerated.txt", "ja/regenerated.txt")
            }
            Happened::Reset => render!(self, Notice, KEY_PLACEHOLDER, "en/reset.txt", "ja/reset.txt"),
            Happened::Added => render!(self, Notice, KEY_PLACEHOLDER, "en/added.txt", "ja/added.txt"),
            Happened::Revoked => render!(self, Notice, KEY_PLACEHOLDER, "en/revoked.txt", "ja/revoked.txt"),
            Happened::Leaked => render!(self, Notice, KEY_PLACEHOLDER, "en/leaked.txt", "ja/leaked.txt"),
        }
    }
}

impl Letter {
    fn render(template: &impl Template) -> Letter {
        // Large enough that the text never moves: a move would leave a copy of the key behind.
        let mut text = Zeroizing::new(String::with_capacity(16 * 1024));
        template.render_into(&mut *text).expect("these templates write to memory and call nothing that fails");
        // askama drops the newline at a template's end.
        text.push('\n');
        let (subject, body) = text.split_once("\n\n").unwrap_or(("", &text));
        Letter { subject: subject.to_owned(), body: Zeroizing::new(body.to_owned()) }
    }

    /// One line without any input of strangers.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Lines that end with `\n`.
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.subject)
    }
}
