//! What a mail needs to know about the address under which its cause came. It travels with the message as JSON.

use sekisho_mail::{EndpointError, Endpoints};
use sekisho_store::Message;
use serde::{Deserialize, Serialize};

use crate::http::Origin;

/// The addresses that a mail's commands use.
#[derive(Debug, Serialize, Deserialize)]
pub struct Addresses {
    npm: String,
    simple: String,
    /// A registration named its language.
    #[serde(default)]
    chose_language: bool,
    /// The key that a notice is about.
    #[serde(default)]
    hint: String,
}

impl Addresses {
    /// The addresses of an origin.
    pub fn of(origin: &Origin) -> Addresses {
        Addresses { npm: origin.npm.clone(), simple: origin.simple.clone(), chose_language: false, hint: String::new() }
    }

    /// The payload of a registration.
    pub fn registration(mut self, chose_language: bool) -> String {
        self.chose_language = chose_language;
        self.to_json()
    }

    /// The payload of a notice about the key with this hint.
    pub fn notice(mut self, hint: &str) -> String {
        hint.clone_into(&mut self.hint);
        self.to_json()
    }

    /// Reads a message's payload.
    pub fn read(message: &Message) -> Result<Addresses, serde_json::Error> {
        serde_json::from_str(&message.payload)
    }

    /// The addresses as the letters take them.
    pub fn endpoints(&self, base: &str) -> Result<Endpoints, EndpointError> {
        Endpoints::new(base, &self.npm, &self.simple)
    }

    /// The request named a language; otherwise the account's holds.
    pub fn chose_language(&self) -> bool {
        self.chose_language
    }

    /// The key that a notice is about.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and a truth value are always JSON")
    }
}
