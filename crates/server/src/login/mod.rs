//! A login from a terminal: the package manager starts it and asks whether it is done, a person confirms it in a browser
//! with a code from a mail.
//!
//! Two unguessable ids keep the two sides apart: the page's gives no key, and the one that gives the key opens no page.
//! The key is minted when the package manager asks, and stands in that one answer.

pub mod address;
pub mod code;
pub mod end;
mod note;
pub mod page;
pub mod terminal;

use sekisho_store::Login;

/// The program that started a login, as people may read it: what it said of itself, cut to the characters of a product
/// token. Empty where it did not say.
pub fn program(login: &Login) -> String {
    let (name, version) = (login.client_name.as_str(), login.client_version.as_str());
    match (name, version) {
        // Yarn 4 does not name itself, but the library that it asks by.
        ("got", _) => "got (Yarn 4)".to_owned(),
        (name, "") => name.to_owned(),
        (name, version) => format!("{name} {version}"),
    }
}
