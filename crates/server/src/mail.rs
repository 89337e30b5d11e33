//! What a mail needs to know about the address under which its cause came. It travels with the message as JSON.

use sekisho_core::Timestamp;
use sekisho_core::id::{LoginId, SignInId};
use sekisho_mail::{Ending, EndpointError, Endpoints, Ends, Holder, Starter};
use sekisho_store::{EndingToken, Leaked, Login, Message};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The login that the mail is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<LoginFacts>,
    /// The organisation's credential that the mail is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leak: Option<LeakFacts>,
    /// The organisation's tokens that the mail is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<EndFacts>,
}

/// What a mail tells of an organisation's tokens that end.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndFacts {
    organisation: String,
    /// Within so many days; none: one was used after its end.
    within: Option<i64>,
    /// Identifier, hint, and when it ends.
    tokens: Vec<(String, String, i64)>,
}

impl EndFacts {
    /// What the operator calls the organisation.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// What is told of the tokens.
    pub fn what(&self) -> Ends {
        self.within.map_or(Ends::Used, Ends::Within)
    }

    /// The tokens.
    pub fn tokens(&self) -> Vec<Ending<'_>> {
        let ending = self.tokens.iter();
        ending.map(|(identifier, hint, ends)| Ending { identifier, hint, ends: Timestamp(*ends) }).collect()
    }
}

/// What a mail tells of an organisation's credential that was found.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeakFacts {
    organisation: String,
    /// The user identifier or the bot's name.
    holder: String,
    bot: bool,
}

impl LeakFacts {
    /// What the operator calls the organisation.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// Whose it was.
    pub fn holder(&self) -> Holder<'_> {
        if self.bot { Holder::Bot(&self.holder) } else { Holder::Token(&self.holder) }
    }
}

/// What a mail tells of a login.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoginFacts {
    id: String,
    program: String,
    network: String,
    started: i64,
}

impl LoginFacts {
    /// What is told of this login.
    pub fn of(login: &Login) -> LoginFacts {
        LoginFacts {
            id: login.id.0.to_string(),
            program: crate::login::program(login),
            network: login.network.clone(),
            started: login.created_at.0,
        }
    }

    /// Which login it is.
    pub fn id(&self) -> Option<LoginId> {
        Uuid::try_parse(&self.id).ok().map(LoginId)
    }

    /// Who started it.
    pub fn starter(&self) -> Starter<'_> {
        Starter { program: &self.program, network: &self.network }
    }

    /// Which sign-in to the console it is, where it is one.
    pub fn sign_in(&self) -> Option<SignInId> {
        Uuid::try_parse(&self.id).ok().map(SignInId)
    }

    /// When it was started.
    pub fn started(&self) -> Timestamp {
        Timestamp(self.started)
    }
}

impl Addresses {
    /// The addresses of an origin.
    pub fn of(origin: &Origin) -> Addresses {
        let (npm, simple) = (origin.npm.clone(), origin.simple.clone());
        Addresses { npm, simple, chose_language: false, hint: String::new(), login: None, leak: None, ends: None }
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

    /// The payload of a mail about a login: its code, or the key with this hint.
    pub fn login(mut self, login: &Login, hint: &str) -> String {
        self.login = Some(LoginFacts::of(login));
        self.notice(hint)
    }

    /// The payload of a mail with a code for the console.
    pub fn sign_in(mut self, id: SignInId, browser: &str, network: &str, started: Timestamp) -> String {
        let (program, network) = (browser.to_owned(), network.to_owned());
        self.login = Some(LoginFacts { id: id.0.to_string(), program, network, started: started.0 });
        self.to_json()
    }

    /// The payload of a mail about an organisation's credential that was found.
    pub fn leaked(mut self, leaked: &Leaked) -> String {
        let (bot, holder) = match &leaked.holder {
            sekisho_store::Holder::Token(_, identifier) => (false, identifier),
            sekisho_store::Holder::Bot(_, name) => (true, name),
        };
        self.leak = Some(LeakFacts { organisation: leaked.org_name.clone(), holder: holder.clone(), bot });
        self.notice(&leaked.hint)
    }

    /// The payload of a mail about tokens of one organisation that end within so many days, or of which one was used after its end.
    pub fn ends(mut self, tokens: &[EndingToken], within: Option<i64>) -> String {
        let organisation = tokens.first().map(|token| token.org_name.clone()).unwrap_or_default();
        let told = |token: &EndingToken| (token.identifier.clone(), token.hint.clone(), token.ends.0);
        self.ends = Some(EndFacts { organisation, within, tokens: tokens.iter().map(told).collect() });
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

    /// The login that the mail is about.
    pub fn login_facts(&self) -> Option<&LoginFacts> {
        self.login.as_ref()
    }

    /// The organisation's credential that the mail is about.
    pub fn leak_facts(&self) -> Option<&LeakFacts> {
        self.leak.as_ref()
    }

    /// The organisation's tokens that the mail is about.
    pub fn end_facts(&self) -> Option<&EndFacts> {
        self.ends.as_ref()
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and a truth value are always JSON")
    }
}
