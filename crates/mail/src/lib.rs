//! Mail: what Sekisho writes to people, in English and Japanese, and how it gets there.
//!
//! A letter ([`letter`]) is rendered whole from a typed struct, becomes a [`Message`] with its headers, and is handed to a
//! [`Transport`]: an SMTP server, or a [`mailbox`] folder. Nothing here reads the clock or makes its own chance.

pub mod endpoints;
pub mod letter;
pub mod mailbox;
pub mod message;
pub mod setup;
pub mod smtp;
pub mod transport;

mod shell;

pub use endpoints::{EndpointError, Endpoints};
pub use letter::{
    Ending, Ends, Happened, Holder, Known, Letter, LoginCode, LoginKey, Notice, OrgLeaked, OrgTokensEnd, SignInCode,
    Starter, Welcome,
};
pub use message::{Message, NotSendable, Sender};
pub use smtp::{Encryption, Password, Smtp, SmtpError, SmtpSettings};
pub use transport::{Cause, SendError, Transport};
