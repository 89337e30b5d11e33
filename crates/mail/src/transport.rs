//! How a message leaves, and what is known when it did not.

use std::fmt;

use crate::mailbox::Mailbox;
use crate::message::Message;
use crate::smtp::Smtp;

/// Where messages go.
#[derive(Debug)]
pub enum Transport {
    /// A mail server.
    Smtp(Smtp),
    /// A folder of `.eml` files: the default, so that the first minutes need no mail server.
    Mailbox(Mailbox),
}

/// A message was not sent, as far as is known. No text here has an address or a secret in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The mail server refused sender, recipient or content with this reply code: it has not taken the message.
    #[error("the mail server refused the message ({code})")]
    Rejected {
        /// RFC 5321's reply code: 4xx may pass later, 5xx will not.
        code: u16,
    },
    /// The connection broke or timed out after the content began to leave: the message may arrive or not.
    #[error("the connection to the mail server ended before its last answer: the message may have arrived")]
    Unknown,
    /// Nothing was handed over, for a reason that lies not in the message. Worth another try.
    #[error("the message was not handed over: {0}")]
    Unavailable(Cause),
}

/// Why nothing was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No connection, or it broke.
    Connection,
    /// No answer in time.
    Timeout,
    /// No trust: the certificate or the TLS versions.
    Tls,
    /// The server does not offer STARTTLS, but the settings ask for it.
    NoStartTls,
    /// The server refused user and password, with this reply code, or has no way to log in that we know (0).
    Login(u16),
    /// The server refused to talk, with this reply code.
    Refused(u16),
    /// What answered does not speak SMTP.
    Protocol,
    /// The mailbox folder could not be written.
    Folder(std::io::ErrorKind),
}

impl SendError {
    /// Another try of the same message is pointless.
    pub fn is_permanent(self) -> bool {
        matches!(self, SendError::Rejected { code: 500.. })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Connection => f.write_str("no connection to the mail server"),
            Cause::Timeout => f.write_str("the mail server did not answer in time"),
            Cause::Tls => {
                f.write_str("no TLS with the mail server: its certificate is not trusted, or no common version")
            }
            Cause::NoStartTls => f.write_str("the mail server does not offer STARTTLS"),
            Cause::Login(0) => f.write_str("the mail server offers neither PLAIN nor LOGIN to log in"),
            Cause::Login(code) => write!(f, "the mail server refused user and password ({code})"),
            Cause::Refused(code) => write!(f, "the mail server refused to talk ({code})"),
            Cause::Protocol => f.write_str("what answers there does not speak SMTP"),
            Cause::Folder(kind) => write!(f, "the mailbox folder could not be written: {kind}"),
        }
    }
}

impl Transport {
    /// Hands the message over; `Ok` says that the other side has it: accepted by the server, or synced to disk.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        match self {
            Transport::Smtp(smtp) => smtp.send(message).await,
            Transport::Mailbox(mailbox) => mailbox.deliver(message).await,
        }
    }
}
