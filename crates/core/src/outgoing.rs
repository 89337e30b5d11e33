//! The way out for small documents whose address somebody else chose, as a trait: who needs one asks for it, and the
//! outgoing client implements it with its guard, its TLS and its limits.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The address. Only https leaves, to public addresses only, unless it lies on `own`.
    pub url: Url,
    /// An address that an operator chose: its scheme, host and port are let through, be they private or plain http.
    pub own: Option<Url>,
    /// The largest answer, in bytes, as it travels and once decompressed.
    pub cap: u64,
    /// The longest time for all of it.
    pub within: Duration,
    /// `GET` without one; else it is posted.
    pub form: Option<Form>,
}

/// A form that is posted. It may hold secrets, so it is not printed, and wiped when dropped.
#[derive(Clone)]
pub struct Form {
    /// The body, `application/x-www-form-urlencoded`.
    pub body: Zeroizing<String>,
    /// User and password for `Authorization: Basic`.
    pub basic: Option<(String, Zeroizing<String>)>,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(…)")
    }
}

/// Why nothing came, for the log: no word of the other side's, no address but scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// An answer that is under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, NoAnswer>> + Send + 'a>>;

/// Sends one request and gives the body of a `200`. Redirects are not followed; any other status is no answer.
pub trait Outgoing: Send + Sync + 'static {
    /// Sends it.
    fn send(&self, ask: Ask) -> Answering<'_>;
}
