//! What the tests of mails share: a key, a code, addresses, and every letter there is.
#![allow(dead_code, reason = "each test file takes what it needs")]

use sekisho_core::code::PlainCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{Language, Random, Timestamp};
use sekisho_mail::{
    Ending, Endpoints, Ends, Happened, Holder, Known, Letter, LoginCode, LoginKey, Message, Notice, OrgLeaked,
    OrgTokensEnd, Sender, SignInCode, Starter, Welcome,
};

/// 2026-11-23T09:00:00.123Z.
pub(crate) const NOW: Timestamp = Timestamp(1_795_424_400_123);

pub(crate) const BASE: &str = "http://127.0.0.1:8417";

/// Chance that is the same in every run.
pub(crate) struct Seeded(pub(crate) u8);

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = (i as u8).wrapping_mul(37).wrapping_add(self.0) % 248;
        }
    }
}

pub(crate) fn key() -> PlainToken {
    PlainToken::mint(TokenKind::Personal, &Seeded(5))
}

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

pub(crate) fn welcome(language: Language, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    Welcome { language, endpoints: &endpoints, email: &address(email), key: &key() }.render()
}

pub(crate) fn known(language: Language, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    let code = PlainCode::parse("ABCDE-12345").expect("a code");
    let hints = [key().hint(), "tg_anon_Zz9y…".to_owned()];
    Known { language, endpoints: &endpoints, email: &address(email), hints: &hints, code: &code }.render()
}

pub(crate) fn notice(language: Language, happened: Happened, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    let hint = key().hint();
    Notice { language, endpoints: &endpoints, email: &address(email), happened, at: NOW, hint: &hint }.render()
}

const STARTER: Starter<'static> = Starter { program: "npm 11.19.1", network: "192.0.2.1" };

pub(crate) fn login_code(language: Language, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    let code = PlainCode::parse("ABCDE-12345").expect("a code");
    let (endpoints, email, code) = (&endpoints, &address(email), &code);
    let until = NOW.plus(std::time::Duration::from_secs(300));
    LoginCode { language, endpoints, email, code, starter: STARTER, started: NOW, until }.render()
}

pub(crate) fn sign_in_code(language: Language, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    let code = PlainCode::parse("ABCDE-12345").expect("a code");
    let (endpoints, email, code) = (&endpoints, &address(email), &code);
    let until = NOW.plus(std::time::Duration::from_secs(600));
    let starter = Starter { program: "Firefox, Linux", network: "192.0.2.1" };
    SignInCode { language, endpoints, email, code, starter, started: NOW, until }.render()
}

pub(crate) fn login_key(language: Language, first: bool, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    let (endpoints, email, hint) = (&endpoints, &address(email), key().hint());
    LoginKey { language, endpoints, email, first, hint: &hint, starter: STARTER, at: NOW }.render()
}

pub(crate) fn org_leaked(language: Language, holder: Holder<'_>, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    let hint = match holder {
        Holder::Token(_) => "tg_org_Ab3d…",
        Holder::Bot(_) => "sekisho_apikey_Ab3d…",
    };
    let (endpoints, email) = (&endpoints, &address(email));
    OrgLeaked { language, endpoints, email, organisation: "Acme", holder, hint, at: NOW }.render()
}

pub(crate) fn org_tokens_end(language: Language, what: Ends, base: &str, email: &str) -> Letter {
    let endpoints = Endpoints::under(base).expect("an address");
    let ending = |identifier| Ending { identifier, hint: "tg_org_Ab3d…", ends: NOW };
    let tokens = [ending("C02XK1"), ending("dev@acme.example")];
    let tokens = if what == Ends::Used { &tokens[..1] } else { &tokens };
    let (endpoints, email) = (&endpoints, &address(email));
    OrgTokensEnd { language, endpoints, email, organisation: "Acme", what, tokens }.render()
}

/// Every letter with a name for it.
pub(crate) fn letters(language: Language, base: &str, email: &str) -> Vec<(&'static str, Letter)> {
    vec![
        ("welcome", welcome(language, base, email)),
        ("known", known(language, base, email)),
        ("regenerated", notice(language, Happened::Regenerated, base, email)),
        ("added", notice(language, Happened::Added, base, email)),
        ("reset", notice(language, Happened::Reset, base, email)),
        ("revoked", notice(language, Happened::Revoked, base, email)),
        ("leaked", notice(language, Happened::Leaked, base, email)),
        ("org_leaked_token", org_leaked(language, Holder::Token("C02XK1"), base, email)),
        ("org_leaked_key", org_leaked(language, Holder::Bot("fleet"), base, email)),
        ("org_tokens_ending", org_tokens_end(language, Ends::Within(14), base, email)),
        ("org_token_used_after_end", org_tokens_end(language, Ends::Used, base, email)),
        ("login_code", login_code(language, base, email)),
        ("sign_in_code", sign_in_code(language, base, email)),
        ("login_added", login_key(language, false, base, email)),
        ("login_registered", login_key(language, true, base, email)),
    ]
}

pub(crate) fn message(letter: &Letter, to: &str) -> Message {
    let sender = Sender::parse("Sekisho 関所 <sekisho@gate.example>").expect("a sender");
    Message::compose(letter, &sender, &address(to), NOW, &Seeded(1)).expect("a message")
}

/// A section of a letter: its heading, and its blocks as (where it belongs, lines).
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) blocks: Vec<(String, Vec<String>)>,
}

impl Section {
    /// The lines of the one block for `place`.
    pub(crate) fn block(&self, place: &str) -> &[String] {
        &self.blocks.iter().find(|(p, _)| p == place).unwrap_or_else(|| panic!("{} has no {place}", self.heading)).1
    }
}

/// Reads a letter by the shape that `sekisho_mail::letter` promises.
pub(crate) fn sections(body: &str) -> Vec<Section> {
    let mut sections = vec![Section { heading: String::new(), blocks: vec![] }];
    let mut place = String::new();
    for line in body.lines() {
        let section = sections.last_mut().expect("never empty");
        if let Some(heading) = line.strip_prefix("## ").or_else(|| line.strip_prefix("# ")) {
            sections.push(Section { heading: heading.to_owned(), blocks: vec![] });
        } else if let Some(code) = line.strip_prefix("    ") {
            match section.blocks.last_mut() {
                Some((p, lines)) if *p == place => lines.push(code.to_owned()),
                _ => section.blocks.push((place.clone(), vec![code.to_owned()])),
            }
        } else if !line.is_empty() {
            place = line.strip_suffix(':').unwrap_or_default().to_owned();
        }
    }
    sections
}
