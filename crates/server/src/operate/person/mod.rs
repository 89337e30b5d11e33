//! What is held about a person: shown to him, and forgotten.

mod erase;
mod export;

use sekisho_core::email::EmailAddress;
use sekisho_core::org::UserIdentifier;

pub use erase::Erased;

/// Whom a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// Somebody with a personal account, or a member of organisations.
    Address(EmailAddress),
    /// Somebody to whom an organisation gave tokens.
    InOrganisation {
        /// The organisation's id or name.
        org: String,
        /// What the organisation calls him.
        identifier: UserIdentifier,
    },
}

impl Person {
    /// Reads an address, or `<organisation>:<identifier>`.
    pub fn parse(text: &str) -> Result<Person, String> {
        match text.rsplit_once(':') {
            Some((org, identifier)) => UserIdentifier::parse(identifier)
                .map(|identifier| Person::InOrganisation { org: org.to_owned(), identifier })
                .map_err(|error| error.to_string()),
            None => EmailAddress::parse(text)
                .map(Person::Address)
                .map_err(|error| format!("{error}, or <organisation>:<user identifier>")),
        }
    }
}
