//! What is known about a request by the time that an endpoint sees it.

use std::sync::Arc;

use http::HeaderValue;

use crate::callers::{Caller, Known};
use crate::http::{ClientNet, Code, Origin, Problem};
use crate::limits::Quotas;
use crate::serve::Next;

/// A request that came under a known address, from a caller who was identified and admitted.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The address it came under.
    pub origin: Arc<Origin>,
    /// Where it came from.
    pub client: ClientNet,
    /// Which program sent it, in its own words.
    pub user_agent: Option<HeaderValue>,
    /// Who asks.
    pub caller: Caller,
    /// The head only was asked for: nothing is taken.
    pub head: bool,
    /// What the caller has left.
    pub quotas: Quotas,
    /// What the connection is told of the body that is sent next.
    pub next: Option<Arc<Next>>,
}

impl Exchange {
    /// The caller's personal token; `401` where none was sent.
    pub fn personal(&self) -> Result<&Arc<Known>, Problem> {
        match &self.caller {
            Caller::Personal(known) => Ok(known),
            Caller::Anonymous => Err(token_required()),
            Caller::Organisation(_) => Err(wrong_kind(
                "This is for personal tokens. An organisation's token is rotated and ended by those who manage the organisation.",
            )),
            Caller::Ci(_) => {
                Err(wrong_kind("This is for personal tokens; a pipeline's token takes packages and ends by itself."))
            }
            Caller::Bot(_) => Err(wrong_kind("This is for personal tokens; a bot's key manages its organisation.")),
        }
    }
}

/// The `401` where a token has to be sent.
pub(crate) fn token_required() -> Problem {
    Problem::new(
        Code::TokenRequired,
        "Send your token as \"Authorization: Bearer <token>\". POST /api/v1/tokens with an e-mail address gets one by mail.",
    )
}

/// A credential that is valid, but not for this.
pub(crate) fn wrong_kind(detail: &str) -> Problem {
    Problem::new(Code::WrongCredentialKind, detail)
}
